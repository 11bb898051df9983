//! FastAPI's apps of which nothing but the imports is changed, on the Python SDK: each is sent, through the host's own
//! checks, what FastAPI's answers are recorded of (`guest-sdk/python/tests/apps`). The SDK runs on this machine's Python:
//! what makes a component of it, `languages.rs` tests.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use switchback::{AdmittedBody, CheckedCall, Checks, GuestAnswer, JsonTypes, Limits};
use switchback_tests::tools;

use crate::parity::document;

const APPS: &str = "guest-sdk/python/tests/apps";

#[derive(Deserialize)]
struct App {
    openapi: Value,
    exchanges: Vec<Exchange>,
}

#[derive(Deserialize)]
struct Exchange {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    status: u16,
    answer: Vec<(String, String)>,
    content: String,
}

/// What is known to differ, by reason: `app METHOD target`, and of which of several such the number behind it.
#[derive(Deserialize)]
struct Differences {
    answers: BTreeMap<String, Vec<String>>,
    documents: BTreeMap<String, Vec<String>>,
}

/// A process that is the plugin.
struct Plugin {
    process: Child,
    asked: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Plugin {
    fn start(app: &str) -> Plugin {
        let mut process = Command::new("python3")
            .args(["-W", "error", "tests/apps/serve.py", app])
            .current_dir(tools::in_repository("guest-sdk/python"))
            .env("PYTHONPATH", ".")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // An app of these raises errors on purpose, which are logged.
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let asked = process.stdin.take().unwrap();
        let told = BufReader::new(process.stdout.take().unwrap());
        Plugin {
            process,
            asked,
            told,
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        line
    }

    fn answer(&mut self, call: &CheckedCall<'_>) -> GuestAnswer {
        let (mut media_type, mut data, mut files) = (String::new(), Value::Null, Vec::new());
        match &call.admitted.body {
            AdmittedBody::Empty | AdmittedBody::Stream { .. } => {}
            AdmittedBody::Text {
                media_type: kind,
                data: text,
            } => (media_type, data) = (kind.to_string(), json!(text)),
            AdmittedBody::Bytes {
                media_type: kind,
                data: bytes,
            } => {
                (media_type, data) = (kind.to_string(), json!(String::from_utf8_lossy(bytes)));
            }
            AdmittedBody::Form {
                fields,
                files: sent,
            } => {
                data = json!(fields);
                for file in sent {
                    let content = file.content.piece(0, usize::MAX).unwrap_or_default();
                    let headers = file.headers.iter();
                    let headers =
                        headers.map(|(name, value)| (name, String::from_utf8_lossy(value)));
                    files.push(json!({
                        "field": file.field,
                        "name": file.name,
                        "media_type": file.media_type,
                        "headers": headers.collect::<Vec<_>>(),
                        "content": String::from_utf8_lossy(&content),
                    }));
                }
            }
        }
        let headers = call.head.headers.iter();
        let headers =
            headers.map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())));
        let asked = json!({
            "operation": call.operation,
            "params": call.admitted.params,
            "method": call.head.method.as_str(),
            "target": call.head.uri.to_string(),
            "headers": headers.collect::<Vec<_>>(),
            "media_type": media_type,
            "data": data,
            "files": files,
        });
        writeln!(self.asked, "{asked}").unwrap();
        let told: Value = serde_json::from_str(&self.line()).expect("a line for each line");
        GuestAnswer {
            status: told["status"].as_u64().unwrap().try_into().unwrap(),
            headers: serde_json::from_value(told["headers"].clone()).unwrap(),
            body: told["body"].as_str().unwrap().to_owned().into(),
        }
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        // It is done once nothing more is asked; a test that failed does not wait.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn an_app_of_fastapis_of_which_only_the_imports_are_changed_answers_as_it_did() {
    if tools::find("python3").is_none() {
        return tools::skip("Python is not installed: run guest-sdk/python/toolchain.sh");
    }
    let read = |name: &str| std::fs::read_to_string(tools::in_repository(APPS).join(name)).unwrap();
    let apps: BTreeMap<String, App> = serde_json::from_str(&read("recorded.json")).unwrap();
    let known: Differences = serde_json::from_str(&read("differences.json")).unwrap();
    let limits = Limits {
        // As FastAPI reads it.
        json: JsonTypes::Lax,
        ..Limits::default()
    };
    let (mut answers, mut documents) = (BTreeMap::new(), BTreeMap::new());
    let mut all = 0;
    for (name, app) in &apps {
        let mut plugin = Plugin::start(name);
        let contract = plugin.line();
        let checks = Checks::new(&contract, limits.clone())
            .unwrap_or_else(|error| panic!("{name} is refused: {error}\n{contract}"));
        let mut seen = BTreeMap::new();
        for exchange in &app.exchanges {
            all += 1;
            let case = format!("{name} {} {}", exchange.method, exchange.target);
            let times = seen.entry(case.clone()).or_insert(0);
            *times += 1;
            let reply = checks.dispatch(exchange.request(), |call| plugin.answer(&call));
            if let Some(how) = exchange.difference(&reply) {
                answers.insert(
                    if *times > 1 {
                        format!("{case} {times}")
                    } else {
                        case
                    },
                    how,
                );
            }
        }
        let ours = serde_json::from_str(&contract).unwrap();
        for (place, how) in document::differences(&without_422(&app.openapi), &published(&ours)) {
            documents.insert(format!("{name} {place}"), how);
        }
    }
    println!(
        "{all} requests to {} apps, {} answered differently",
        apps.len(),
        answers.len()
    );
    let wrong = [
        unexplained(&answers, &known.answers),
        unexplained(&documents, &known.documents),
    ]
    .concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

impl Exchange {
    fn request(&self) -> Request<Bytes> {
        let mut request = Request::builder().method(&*self.method).uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Bytes::from(self.body.clone())).unwrap()
    }

    fn difference(&self, reply: &Response<Bytes>) -> Option<String> {
        // A server sends no body to HEAD, whatever the plugin makes.
        let body = if self.method == "HEAD" {
            &[]
        } else {
            &reply.body()[..]
        };
        let ours = (
            reply.status().as_u16(),
            told(reply.headers()),
            content(body),
        );
        let headers = self
            .answer
            .iter()
            .map(|(name, value)| (name.clone(), dated(value)));
        let theirs = (
            self.status,
            headers.collect::<Vec<_>>(),
            content(self.content.as_bytes()),
        );
        let same_headers = sorted(&ours.1) == sorted(&theirs.1);
        // A crash is FastAPI's in text and the host's in JSON.
        let same = ours.0 == theirs.0 && (self.status == 500 || same_headers && ours.2 == theirs.2);
        (!same).then(|| format!("{ours:?}\n  instead of\n  {theirs:?}"))
    }
}

fn told(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = headers.iter().filter(|(name, _)| *name != "x-request-id");
    kept.map(|(name, value)| (name.to_string(), dated(value.to_str().unwrap())))
        .collect()
}

fn sorted(headers: &[(String, String)]) -> Vec<&(String, String)> {
    let mut sorted: Vec<_> = headers.iter().collect();
    sorted.sort();
    sorted
}

/// A cookie's last moment is of the day on which it was recorded, and places are behind the name of a host.
fn dated(value: &str) -> String {
    let mut parts: Vec<&str> = value.split("; ").collect();
    parts.retain(|part| !part.starts_with("expires="));
    parts.join("; ").replace("http://testserver/", "/")
}

/// What was answered, by its value where it is JSON.
fn content(body: &[u8]) -> Value {
    match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(_) => String::from_utf8_lossy(body).into(),
    }
}

/// What the host writes into each document, the contract of a plugin has not.
fn without_422(document: &Value) -> Value {
    let mut document = document.clone();
    each_operation(&mut document, |operation| {
        if let Some(responses) = operation["responses"].as_object_mut()
            && responses
                .get("422")
                .is_some_and(|it| it["description"] == "Validation Error")
        {
            responses.shift_remove("422");
        }
    });
    document
}

/// A contract without what documents do not tell: hidden operations and parameters.
fn published(contract: &Value) -> Value {
    let mut contract = contract.clone();
    let hidden = |value: &Value| value["x-switchback-audience"] == json!([]);
    if let Some(paths) = contract["paths"].as_object_mut() {
        for (_, item) in &mut *paths {
            let operations = item.as_object_mut().unwrap();
            operations.retain(|_, operation| !hidden(operation));
        }
        paths.retain(|_, item| !item.as_object().unwrap().is_empty());
    }
    each_operation(&mut contract, |operation| {
        if let Some(parameters) = operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut)
        {
            parameters.retain(|parameter| !hidden(parameter));
            if parameters.is_empty() {
                operation
                    .as_object_mut()
                    .unwrap()
                    .shift_remove("parameters");
            }
        }
    });
    contract
}

fn each_operation(document: &mut Value, mut change: impl FnMut(&mut Value)) {
    for (_, item) in document["paths"].as_object_mut().unwrap() {
        for (_, operation) in item.as_object_mut().unwrap() {
            change(operation);
            let callbacks = operation
                .get_mut("callbacks")
                .and_then(Value::as_object_mut);
            for (_, callback) in callbacks.into_iter().flatten() {
                let items = callback.as_object_mut().unwrap();
                let operations = items
                    .iter_mut()
                    .flat_map(|(_, item)| item.as_object_mut().unwrap());
                operations.for_each(|(_, operation)| change(operation));
            }
        }
    }
    for (_, item) in document
        .get_mut("webhooks")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        item.as_object_mut()
            .unwrap()
            .iter_mut()
            .for_each(|(_, operation)| change(operation));
    }
}

fn unexplained(
    found: &BTreeMap<String, String>,
    known: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    let listed: Vec<&String> = known.values().flatten().collect();
    let news = found.iter().filter(|(name, _)| !listed.contains(name));
    let news = news.map(|(name, how)| format!("{name}\n  {how}"));
    let gone = listed.iter().filter(|name| !found.contains_key(**name));
    let gone = gone.map(|name| format!("{name}\n  is listed and no longer differs"));
    news.chain(gone).collect()
}
