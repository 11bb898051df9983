//! Plugins of all languages answer alike: the same requests to `hello` and `items` in each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};
use switchback::{Config, Host};
use switchback_tests::guests::{Describe, blank, built_if_there, contract, hello};
use switchback_tests::{Harness, Reply, tools};

/// The examples that serve the same in a language: by the names of their components.
struct Language {
    name: &'static str,
    plugins: &'static [&'static str],
}

const RUST: Language = Language {
    name: "Rust",
    plugins: &["hello", "items"],
};
const PYTHON: Language = Language {
    name: "Python",
    plugins: &["hello-py"],
};
const JAVASCRIPT: Language = Language {
    name: "JavaScript",
    plugins: &["hello-js"],
};

/// A request of `languages.json`, and the status that it gets in every language. Without a target it is sent to
/// `/items/7?q=abc`; with a body it is a POST of JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    claim: String,
    method: Option<String>,
    target: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    /// What is made longer by which text how many times: what is too long to be written down.
    repeat: Option<(Long, String, usize)>,
    status: u16,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Long {
    Target,
    Body,
}

impl Case {
    fn all() -> Vec<Case> {
        serde_json::from_str(include_str!("languages.json")).expect("the cases are well formed")
    }

    async fn send(&self, to: &Harness) -> Reply {
        let mut target = self.target.clone().unwrap_or("/items/7?q=abc".into());
        let mut body = self.body.clone().unwrap_or_default();
        if let Some((what, text, times)) = &self.repeat {
            let long = text.repeat(*times);
            match what {
                Long::Target => target.push_str(&long),
                Long::Body => body.push_str(&long),
            }
        }
        let mut headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        if self.body.is_some() && headers.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        let usual = if self.body.is_some() { "POST" } else { "GET" };
        let method = self.method.as_deref().unwrap_or(usual);
        // A connection for each: after some refusals the host closes it.
        to.client().send(method, &target, &headers, body).await
    }
}

/// What must be the same everywhere.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

impl Seen {
    fn of(reply: &Reply) -> Seen {
        let headers = ["content-type", "allow", "location", "retry-after"];
        Seen {
            status: reply.status.as_u16(),
            headers: headers
                .map(|name| (name, reply.header(name).to_owned()))
                .into(),
            body: match reply.body.is_empty() {
                true => Value::Null,
                false => by_value(reply.json()),
            },
        }
    }
}

/// JSON with each number as a float: `12` and `12.0` are one value, and JavaScript has only one of them.
fn by_value(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(by_value).collect(),
        Value::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| (key, by_value(value)))
            .collect(),
        other => other,
    }
}

/// A host that serves a language's plugins; none after saying that the test is skipped.
#[track_caller]
fn components(language: &Language) -> Option<Vec<(&'static str, Vec<u8>)>> {
    let mut found = Vec::new();
    for name in language.plugins {
        match built_if_there(name) {
            Some(bytes) => found.push((*name, bytes)),
            None => {
                tools::skip(&format!(
                    "examples/dist/{name}.wasm is not built: `make guests` says what {} lacks",
                    language.name
                ));
                return None;
            }
        }
    }
    Some(found)
}

async fn serving(plugins: Vec<(&'static str, Vec<u8>)>) -> Harness {
    let harness = Harness::with(Config::default()).await;
    for (name, bytes) in plugins {
        harness
            .deploy(name, bytes)
            .await
            .expect("served with the limits that are default");
    }
    harness
}

async fn answers_as_rust_does(language: &Language) {
    let (Some(rust), Some(other)) = (components(&RUST), components(language)) else {
        return;
    };
    let (rust, other) = (serving(rust).await, serving(other).await);
    let (mut wrong, cases) = (Vec::new(), Case::all());
    // By status: cases, and those that are alike.
    let mut table = BTreeMap::<u16, (usize, usize)>::new();
    for case in &cases {
        let expected = Seen::of(&case.send(&rust).await);
        assert_eq!(
            expected.status, case.status,
            "Rust: {}: {expected:?}",
            case.claim
        );
        let seen = Seen::of(&case.send(&other).await);
        let row = table.entry(case.status).or_default();
        row.0 += 1;
        if seen == expected {
            row.1 += 1;
        } else {
            wrong.push(format!(
                "{}:\n  {seen:?}\ninstead of\n  {expected:?}",
                case.claim
            ));
        }
    }
    // The row of docs/languages.md.
    let cells = table
        .iter()
        .map(|(status, (all, alike))| format!("{status}: {alike} of {all}"));
    println!(
        "| {} | {} |",
        language.name,
        cells.collect::<Vec<_>>().join(" | ")
    );
    assert!(wrong.is_empty(), "{}:\n{}", language.name, wrong.join("\n"));
    let documents = (outline(&rust.host), outline(&other.host));
    assert_eq!(documents.1, documents.0, "{}", language.name);
}

/// What a document promises, without words and without what languages write differently for the same.
fn outline(host: &Host) -> BTreeSet<String> {
    let document: Value = serde_json::from_slice(&host.openapi()).expect("a document");
    let (mut lines, mut bodies) = (BTreeSet::new(), String::new());
    let empty = serde_json::Map::new();
    for (path, item) in document["paths"].as_object().unwrap_or(&empty) {
        for (method, operation) in item.as_object().unwrap_or(&empty) {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let required = parameter["required"] == json!(true);
                let (place, name) = (&parameter["in"], &parameter["name"]);
                lines.insert(format!(
                    "{method} {path} {place} {name} required: {required}"
                ));
            }
            bodies += &operation["requestBody"].to_string();
            let body = operation["requestBody"]["required"] == json!(true);
            lines.insert(format!("{method} {path} body required: {body}"));
            for status in operation["responses"].as_object().unwrap_or(&empty).keys() {
                lines.insert(format!("{method} {path} answers {status}"));
            }
        }
    }
    for (name, schema) in document["components"]["schemas"]
        .as_object()
        .unwrap_or(&empty)
    {
        let model = name.rsplit('.').next().unwrap_or(name);
        // What is answered is always whole, and languages differ in what they promise of that: in Rust what has a default
        // is required, and what may be null is not.
        if !bodies.contains(&format!("schemas/{name}\"")) {
            continue;
        }
        let model = model.trim_end_matches("-Input");
        let properties: BTreeSet<_> = schema["properties"]
            .as_object()
            .unwrap_or(&empty)
            .keys()
            .collect();
        let required = schema["required"].as_array().into_iter().flatten();
        let required: BTreeSet<_> = required.map(Value::to_string).collect();
        lines.insert(format!(
            "{model} {} {properties:?} required: {required:?}",
            schema["type"]
        ));
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn python_answers_as_rust_does() {
    answers_as_rust_does(&PYTHON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_answers_as_rust_does() {
    answers_as_rust_does(&JAVASCRIPT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_shop_does_what_its_types_say() {
    let shop = Language {
        name: "Python",
        plugins: &["shop-py"],
    };
    let Some(shop) = components(&shop) else {
        return;
    };
    let harness = serving(shop).await;
    let mut client = harness.client();
    let spade =
        json!({"name": "Spade", "price": 20.0, "category": "garden", "tags": ["steel"], "id": 2});
    let found = client.get("/items?category=garden&tag=steel").await;
    assert_eq!(found.json(), json!([spade]));
    assert_eq!(
        client.get("/items?category=cars").await.json()["detail"][0]["type"],
        "enum"
    );
    let missing = client.get("/items/9").await;
    assert_eq!(
        (missing.status.as_u16(), missing.text()),
        (404, r#"{"detail":"there is no item 9"}"#)
    );
    let put = client.send(
        "PUT",
        "/items/7",
        &[("content-type", "application/json")],
        r#"{"name":"a","price":1}"#,
    );
    let put = put.await;
    assert_eq!(
        (put.status.as_u16(), put.header("location")),
        (201, "/items/7")
    );

    let reversed = r#"{"lines":[{"item":1}],"rental":{"start":"2026-01-02","end":"2026-01-01"}}"#;
    for (customer, body, status, loc) in [
        (
            "",
            r#"{"lines":[{"item":1}]}"#,
            422,
            json!(["header", "x-customer"]),
        ),
        ("ada", r#"{"lines":[]}"#, 422, json!(["body", "lines"])),
        (
            "ada",
            r#"{"lines":[{"item":1},{"item":9}]}"#,
            422,
            json!(["body", "lines", 1, "item"]),
        ),
        ("ada", reversed, 422, json!(["body", "rental"])),
        ("mallory", r#"{"lines":[{"item":1}]}"#, 403, Value::Null),
        (
            "ada",
            r#"{"lines":[{"item":1,"count":2}]}"#,
            201,
            Value::Null,
        ),
    ] {
        let mut headers = vec![("content-type", "application/json")];
        if !customer.is_empty() {
            headers.push(("X-Customer", customer));
        }
        let reply = client.send("POST", "/orders", &headers, body).await;
        let answer = reply.json();
        assert_eq!(
            (reply.status.as_u16(), &answer["detail"][0]["loc"]),
            (status, &loc),
            "{answer}"
        );
        if status == 201 {
            assert_eq!(
                (&answer["total"], &answer["customer"]),
                (&json!(25.0), &json!("ada"))
            );
        }
    }
    let form = b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n\x89PNG..\r\n--x--\r\n";
    let multipart = [("content-type", "multipart/form-data; boundary=x")];
    let picture = client
        .send("POST", "/items/1/picture", &multipart, &form[..])
        .await;
    assert_eq!(
        picture.json(),
        json!({"title": "a.png", "bytes": 6, "is_png": true})
    );
    // A file, and so the host gives parts of it.
    let part = client.send("GET", "/items/catalogue.csv", &[("range", "bytes=2-7")], "");
    let part = part.await;
    assert_eq!((part.status.as_u16(), part.text()), (206, "Hammer"));
    assert_eq!(
        part.header("content-disposition"),
        "attachment; filename=\"catalogue.csv\""
    );
    // Larger than a body that is read whole may be.
    let prices = format!("{:0>120}\n", "12.550000000000000001").repeat(20_000);
    let csv = [("content-type", "text/csv")];
    let totals = client.send("POST", "/items/totals", &csv, prices).await;
    assert_eq!(
        totals.json(),
        json!({"count": 20_000, "total": "251000.000000000000020000"})
    );
    // Models as pydantic has them, and numbers with all their digits.
    let offer = r#"{"code":"ABC","number":123456789012345678901234567890,"price":"1.23456789012345678901","items":["a"]}"#;
    let offer = client.post("/items/offers", offer).await;
    assert_eq!(
        offer.text(),
        r#"{"code":"ABC","number":123456789012345678901234567890,"price":"1.23456789012345678901","items":["a"],"each":"1.23456789012345678901"}"#
    );
    let offer = client.post("/items/offers", r#"{"code":"abc","number":1,"price":1}"#);
    let violation = json!({"type": "value_error", "loc": ["body", "code"], "input": "abc",
        "msg": "Value error, a code is in capitals", "ctx": {"error": {}}});
    assert_eq!(offer.await.json(), json!({"detail": [violation]}));
    // What the host finds is answered by the app's own handler.
    let patched = client.send("PATCH", "/orders", &[], "").await;
    assert_eq!(
        (patched.status.as_u16(), patched.text()),
        (405, "PATCH is nothing that /orders knows")
    );
    let front = client.send("GET", "/", &[("user-agent", "Lynx")], "").await;
    assert_eq!(front.header("content-type"), "text/html; charset=utf-8");
    assert!(
        front.text().ends_with("You are 'Lynx'."),
        "{}",
        front.text()
    );
    let old = client.get("/old").await;
    assert_eq!((old.status.as_u16(), old.header("location")), (307, "/"));
}

/// A component that no cache knows: the same with a custom section that names this run.
fn never_seen(mut component: Vec<u8>) -> Vec<u8> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mark = format!("{:?} {}", since.expect("after 1970"), std::process::id());
    let name = "run";
    let length = 1 + name.len() + mark.len();
    component.extend([0, u8::try_from(length).expect("it is short"), 3]);
    component.extend(name.bytes());
    component.extend(mark.bytes());
    component
}

#[tokio::test(flavor = "multi_thread")]
async fn while_python_compiles_others_answer_and_are_swapped() {
    let Some(python) = components(&PYTHON) else {
        return;
    };
    let cache = tempfile::tempdir().expect("a temporary folder");
    let mut config = Config::default();
    config.host.cache_dir = Some(cache.path().to_owned());
    let harness = Harness::with(config).await;
    harness.deploy("hello", hello()).await.expect("served");
    let routes = contract(&[("get", "/version", "version")]);
    let version = |version| blank(&routes, version, Describe::Contract);
    for known in ["1", "2"] {
        harness
            .deploy("blank", version(known))
            .await
            .expect("served");
    }

    let (_, bytes) = python.into_iter().next().expect("it has one plugin");
    let compiling = {
        let host = harness.host.clone();
        // The same routes as `hello`: it takes them over once that is gone.
        tokio::spawn(async move { host.deploy("hello-py", never_seen(bytes)).await })
    };
    let mut client = harness.client();
    // The last has to be compiled itself.
    for swapped in ["1", "2", "1", "new"] {
        harness
            .deploy("blank", version(swapped))
            .await
            .expect("swapped");
        assert_eq!(client.get("/version").await.json()["version"], swapped);
        assert_eq!(client.get("/hello/a").await.status, 200);
    }
    assert!(!compiling.is_finished(), "the swaps waited for Python");
    harness.host.remove("hello").await.expect("removed");
    compiling.await.expect("no panic").expect("served");
    assert_eq!(
        client.get("/hello/a").await.json(),
        json!({"message": "Hello a"})
    );
}

#[test]
fn the_python_sdk_passes_its_own_tests() {
    let Some(python) = tools::find("python3") else {
        return tools::skip("Python is not installed: run guest-sdk/python/toolchain.sh");
    };
    let recent = "import sys; sys.exit(sys.version_info < (3, 11))";
    let is_recent = Command::new(&python)
        .args(["-c", recent])
        .status()
        .expect("it starts");
    if !is_recent.success() {
        return tools::skip("python3 is older than 3.11, whose typing the SDK uses");
    }
    let run = Command::new(python)
        .args(["-W", "error", "-m", "unittest", "discover", "-s", "tests"])
        .env("PYTHONPATH", ".")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(tools::in_repository("guest-sdk/python"))
        .output()
        .expect("it starts");
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
}
