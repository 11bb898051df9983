//! The log of `switchback serve`.

use std::process::Stdio;

use serde_json::Value;
use switchback_tests::Client;
use switchback_tests::guests::{Describe, blank, notes};
use switchback_tests::harness::{PATIENCE, cache};
use switchback_tests::process::program;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::contracts;

/// Serves the test guest and the notes, asks them these things (`POST /notes` a note, else by GET), and hands out the
/// log, a JSON object a line.
async fn log_of(targets: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let guest = blank(
        &contracts::of(&["print", "log", "version"]),
        "1",
        Describe::Contract,
    );
    std::fs::write(folder.path().join("blank.wasm"), guest).expect("it is written");
    std::fs::write(folder.path().join("notes.wasm"), notes()).expect("it is written");
    std::fs::write(folder.path().join("broken.wasm"), "not wasm").expect("it is written");
    let mut child = tokio::process::Command::new(program())
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--log-format",
            "json",
            "--cache-dir",
        ])
        .arg(cache())
        .arg("--plugins")
        .arg(folder.path())
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut stderr = BufReader::new(child.stderr.take().expect("piped")).lines();
    // Read all the while: a program whose log nobody reads waits for the reader.
    let (heard, mut log) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok(Some(line)) = stderr.next_line().await {
            let _ = heard.send(line);
        }
    });
    let first = tokio::time::timeout(PATIENCE, stdout.next_line())
        .await
        .expect("it listens in time");
    let first = first.expect("text").expect("a line");
    let address = first
        .strip_prefix("listening on http://")
        .expect("an address")
        .parse()
        .expect("an address");
    let mut client = Client::new(address);
    // What a page that is open asks every few seconds.
    client.send("HEAD", "/openapi.json", &[], "").await;
    for target in targets {
        let (method, target, body) = match target.strip_prefix("POST ") {
            Some(target) => ("POST", target, r#"{"title":"Milk"}"#),
            None => ("GET", *target, ""),
        };
        let headers = [
            ("x-request-id", "my-id"),
            ("content-type", "application/json"),
        ];
        client.send(method, target, &headers, body).await;
    }
    let mut lines = Vec::new();
    let mut asked = 0;
    while asked < targets.len() {
        let line = tokio::time::timeout(PATIENCE, log.recv())
            .await
            .expect("a line in time");
        let line: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        asked += usize::from(line["target"] == "switchback::access");
        lines.push(line);
    }
    lines
}

fn field<'a>(line: &'a Value, name: &str) -> &'a Value {
    line["fields"]
        .get(name)
        .or_else(|| line.get(name))
        .unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_has_its_line() {
    let lines = log_of(&["/version?n=1", "/nothing"]).await;
    let access: Vec<_> = lines
        .iter()
        .filter(|line| line["target"] == "switchback::access")
        .collect();
    assert_eq!(field(access[0], "client"), "127.0.0.1");
    assert_eq!(field(access[0], "method"), "GET");
    assert_eq!(field(access[0], "route"), "/version");
    assert_eq!(field(access[0], "status"), 200);
    assert_eq!(field(access[0], "plugin"), "blank");
    assert_eq!(field(access[0], "revision"), 1);
    assert_eq!(field(access[0], "request_id"), "my-id");
    assert!(field(access[0], "ms").is_f64());
    assert_eq!(field(access[1], "status"), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_that_asks_for_changes_is_not_in_the_log() {
    let lines = log_of(&["/version?n=1"]).await;
    let methods = lines
        .iter()
        .filter_map(|line| field(line, "method").as_str());
    assert_eq!(methods.collect::<Vec<_>>(), ["GET"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_file() {
    let lines = log_of(&["/version?n=1"]).await;
    let refused = lines.iter().find(|line| line["level"] == "ERROR");
    let message = field(refused.expect("broken.wasm is refused"), "message");
    let message = message.as_str().expect("text");
    assert!(
        message.starts_with("`broken.wasm` is not served: "),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_says_is_in_the_log_under_plugin_and_request_id() {
    let lines = log_of(&["/print?n=0", "/log?n=0"]).await;
    let said: Vec<_> = lines
        .iter()
        .filter(|line| line["target"] == "switchback::guest")
        .collect();
    for line in &said {
        assert_eq!(field(line, "plugin"), "blank");
        assert_eq!(field(line, "request_id"), "my-id");
    }
    let texts: Vec<_> = said
        .iter()
        .map(|line| (line["level"].as_str(), field(line, "message").as_str()))
        .collect();
    assert_eq!(
        texts,
        [
            (
                Some("INFO"),
                Some(r"printed to stdout\u{1b}[31m\tafter an escape")
            ),
            (Some("WARN"), Some("printed to stderr")),
            (Some("INFO"), Some(r"a line\nwith a break")),
            (Some("ERROR"), Some("an error")),
        ]
    );
    assert_eq!(field(said[2], "fields"), r#"{"answer":42}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_the_sdk_carries_its_values() {
    let lines = log_of(&["POST /notes"]).await;
    let said = lines
        .iter()
        .find(|line| field(line, "plugin") == "notes" && line["target"] == "switchback::guest");
    let said = said.expect("the note's line");
    assert_eq!(said["level"], "INFO");
    assert_eq!(field(said, "message"), "created a note");
    assert_eq!(field(said, "fields"), r#"{"id":1}"#);
    assert_eq!(field(said, "request_id"), "my-id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_cannot_flood_the_log() {
    let lines = log_of(&["/print?n=10000000"]).await;
    let said: usize = lines
        .iter()
        .map(|line| field(line, "message").as_str().map_or(0, str::len))
        .sum();
    assert!((60_000..70_000).contains(&said), "{said}");
    assert!(lines.iter().any(|line| {
        field(line, "message")
            .as_str()
            .is_some_and(|text| text.contains("were dropped"))
    }));
}
