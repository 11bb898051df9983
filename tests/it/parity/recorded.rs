//! What was recorded of FastAPI: `tests/golden/fastapi`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use switchback_tests::tools;

/// An app: its document, and what it was asked.
#[derive(Deserialize)]
pub(super) struct App {
    #[serde(rename = "app")]
    pub(super) name: String,
    /// None where the tests of FastAPI do not ask for it.
    pub(super) openapi: Option<Value>,
    pub(super) cases: Vec<Case>,
}

/// Requests that a client sent one after the other.
#[derive(Deserialize)]
pub(super) struct Case {
    id: String,
    pub(super) steps: Vec<Step>,
}

#[derive(Deserialize)]
pub(super) struct Step {
    pub(super) request: Sent,
    pub(super) expect: Answer,
    /// Pointers to what changes from run to run.
    #[serde(default)]
    pub(super) volatile: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) target: String,
    #[serde(default)]
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Body>,
}

#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Body>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Body {
    Json(Value),
    Text(String),
    Base64(String),
}

impl Body {
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Body::Json(value) => value.to_string().into_bytes(),
            Body::Text(text) => text.clone().into_bytes(),
            Body::Base64(text) => decode_base64(text),
        }
    }
}

impl App {
    /// The app written with the SDK: `body/tutorial001` is `body_001`, `root-path` is `root_path`. Those that are about what
    /// stands before an app have the same one behind it.
    pub(super) fn component(&self) -> String {
        let name = match &*self.name {
            "advanced_middleware/tutorial002" | "cors/tutorial001" => "first_steps/tutorial001",
            name => name,
        };
        name.replace("/tutorial", "_")
            .replace("__", "_")
            .replace('-', "_")
    }

    /// All steps, in their order, with what a difference of each is listed under.
    pub(super) fn steps(&self) -> impl Iterator<Item = (String, &Step)> {
        self.cases.iter().flat_map(move |case| {
            let place = case
                .id
                .rsplit_once("::")
                .map_or(&*case.id, |(_, test)| test);
            case.steps.iter().enumerate().map(move |(index, step)| {
                let which = match index {
                    0 => String::new(),
                    index => format!(" #{}", index + 1),
                };
                (format!("{}: {place}{which}", self.name), step)
            })
        })
    }
}

/// All apps that count.
pub(super) fn apps() -> Vec<App> {
    #[derive(Deserialize)]
    struct File {
        apps: Vec<App>,
    }
    let files = ["tutorial.json", "defaults.json"];
    let read = |name| serde_json::from_str::<File>(&file(name)).expect("it is well formed");
    files.into_iter().flat_map(|name| read(name).apps).collect()
}

/// The components that `tests/guests/fastapi` makes, by its manifest.
pub(super) fn written() -> BTreeSet<String> {
    let manifest = tools::in_repository("tests/guests/fastapi/Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).expect("the package is there");
    let (_, examples) = manifest.split_once("[[example]]").expect("it has examples");
    let names = examples.lines().filter_map(|line| {
        let name = line.strip_prefix("name = \"")?;
        name.strip_suffix('"').map(str::to_owned)
    });
    names.collect()
}

/// A file of the recordings.
pub(super) fn file(name: &str) -> String {
    let path = tools::in_repository("tests/golden/fastapi").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn decode_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |byte| ALPHABET.iter().position(|known| *known == byte);
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_usize, 0);
    for value in text.bytes().map_while(digit) {
        bits = (bits << 6 | value) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}
