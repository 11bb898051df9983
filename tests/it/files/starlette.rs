//! As Starlette's `StaticFiles` answers: 237 exchanges that are recorded.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use switchback::{Component, Config, FolderConfig};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::{Harness, Reply, tools};

use super::get;
use crate::contracts;

#[derive(Deserialize)]
struct Recorded {
    written: u64,
    large: Large,
    folders: BTreeMap<String, BTreeMap<String, Option<String>>>,
    exchanges: Vec<Exchange>,
}

#[derive(Deserialize)]
struct Large {
    repeats: String,
    times: usize,
}

#[derive(Deserialize)]
struct Exchange {
    method: String,
    target: String,
    sent: BTreeMap<String, String>,
    status: u16,
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Text,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Whole(String),
    Long {
        bytes: usize,
        begins: String,
        ends: String,
    },
}

impl Default for Text {
    fn default() -> Text {
        Text::Whole(String::new())
    }
}

impl Recorded {
    fn read() -> Recorded {
        let path = tools::in_repository("tests/golden/static-files/recorded.json");
        let text = fs::read_to_string(path).expect("it is committed");
        serde_json::from_str(&text).expect("it is well formed")
    }

    /// Writes one of the folders, as old as it was.
    fn write(&self, folder: &str, into: &Path) {
        for (path, text) in &self.folders[folder] {
            let large = || self.large.repeats.repeat(self.large.times);
            let place = into.join(path);
            fs::create_dir_all(place.parent().expect("it is in a folder")).expect("a folder");
            fs::write(&place, text.clone().unwrap_or_else(large)).expect("it is written");
            let file = fs::File::options()
                .write(true)
                .open(place)
                .expect("it is there");
            let written = SystemTime::UNIX_EPOCH + Duration::from_secs(self.written);
            file.set_modified(written).expect("it is ours");
        }
    }

    /// What differs from Starlette's answers, in words.
    async fn differences(&self, harness: &Harness) -> Vec<String> {
        let mut client = harness.client();
        let mut differences = Vec::new();
        for exchange in &self.exchanges {
            let path = exchange.target.split('?').next().unwrap_or_default();
            let tag = get(&mut client, path, &[]).await.header("etag").to_owned();
            let fill = |text: &String| {
                let bare = tag.trim_matches('"');
                text.replace("{etag}", &tag).replace("{bare}", bare)
            };
            let sent = exchange
                .sent
                .iter()
                .map(|(name, value)| (name.as_str(), fill(value)));
            let sent: Vec<(&str, String)> = sent.collect();
            let sent: Vec<(&str, &str)> = sent
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let reply = client
                .send(&exchange.method, &exchange.target, &sent, "")
                .await;
            if let Some(how) = exchange.differs(&reply, fill) {
                let Exchange {
                    method,
                    target,
                    sent,
                    ..
                } = exchange;
                differences.push(format!("{method} {target} {sent:?}: {how}"));
            }
        }
        differences
    }
}

impl Exchange {
    fn differs(&self, reply: &Reply, fill: impl Fn(&String) -> String) -> Option<String> {
        let kind = reply.header("content-type");
        let boundary = kind.split_once("boundary=").map(|(_, boundary)| boundary);
        let same = |text: &str| match boundary {
            Some(boundary) => text.replace(boundary, "{boundary}"),
            None => text.to_owned(),
        };
        if reply.status != self.status {
            return Some(format!("{} for {}", reply.status, self.status));
        }
        for name in [
            "content-type",
            "content-length",
            "content-range",
            "location",
            "allow",
            "etag",
            "last-modified",
            "accept-ranges",
        ] {
            let is = reply
                .headers
                .get(name)
                .map(|value| same(value.to_str().expect("text")));
            let expected = self.headers.get(name).map(&fill);
            let framed = name == "content-length"
                && (boundary.is_some() || self.method == "HEAD" && self.status >= 300);
            if is != expected && !framed {
                return Some(format!("{name}: {is:?} for {expected:?}"));
            }
        }
        let is = same(&String::from_utf8_lossy(&reply.body));
        let fits = match &self.body {
            // FastAPI's own words for its own errors are compared elsewhere, and Starlette sends them after a HEAD too.
            Text::Whole(_) if self.method == "HEAD" => is.is_empty(),
            Text::Whole(text) => is == *text,
            Text::Long {
                bytes,
                begins,
                ends,
            } => is.len() == *bytes && is.starts_with(begins) && is.ends_with(ends),
        };
        (!fits).then(|| format!("body {:.200}", is))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_the_configuration_answers_as_starlettes_static_files_do() {
    let recorded = Recorded::read();
    let root = tempfile::tempdir().expect("a temporary folder");
    let mut config = Config::default();
    for folder in recorded.folders.keys() {
        recorded.write(folder, &root.path().join(folder));
        config.files.push(FolderConfig {
            path: format!("/{folder}"),
            folder: root.path().join(folder),
            html: folder != "plain",
            ..FolderConfig::default()
        });
    }
    let harness = Harness::with(config).await;
    let differences = recorded.differences(&harness).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(recorded.exchanges.len() > 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_plugin_answer_as_starlettes_static_files_do() {
    let recorded = Recorded::read();
    let root = tempfile::tempdir().expect("a temporary folder");
    let harness = Harness::new().await;
    for folder in recorded.folders.keys() {
        let plugin = root.path().join(folder);
        recorded.write(folder, &plugin.join("static"));
        let contract = contracts::of(&[&format!("of-{folder}")]);
        fs::write(
            plugin.join("plugin.wasm"),
            blank(&contract, "1", Describe::Contract),
        )
        .expect("written");
        let html = folder != "plain";
        let settings = format!("files = {{ path = \"/{folder}\", html = {html} }}");
        fs::write(plugin.join("plugin.toml"), settings).expect("written");
        let (name, component) = Component::read(&plugin).expect("a plugin's folder");
        harness
            .host
            .deploy(&name, component)
            .await
            .expect("it is served");
    }
    let differences = recorded.differences(&harness).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
