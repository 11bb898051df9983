//! `switchback check --budget`: the examples of a contract, run, beside the limits.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::cache;
use switchback_tests::process::program;

/// Runs the command over a plugin `shop` with these paths.
fn budget(paths: &Value, arguments: &[&str]) -> Output {
    let contract = json!({
        "openapi": "3.1.0",
        "info": { "title": "Shop", "version": "1" },
        "paths": paths,
        "components": { "schemas": { "Item": {
            "type": "object",
            "required": ["name"],
            "properties": { "name": { "type": "string", "examples": ["Foo"] } },
        } } },
    });
    let component = blank(&contract.to_string(), "1", Describe::Contract);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("shop.wasm");
    std::fs::write(&file, component).expect("a plugin is written");
    run(folder.path(), &file, arguments)
}

fn run(folder: &Path, file: &Path, arguments: &[&str]) -> Output {
    Command::new(program())
        .args(["check", "--budget", "--runs", "3", "--cache-dir"])
        .arg(cache())
        .args(arguments)
        .arg(file)
        .current_dir(folder)
        .output()
        .expect("the program runs")
}

/// The one operation that `--json` tells of, and the exit code.
fn one(output: &Output) -> (Value, Option<i32>) {
    let all: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{why}: {output:?}"));
    (all[0].clone(), output.status.code())
}

fn operation(id: &str, parameters: &Value) -> Value {
    json!({
        "operationId": id,
        "parameters": parameters,
        "responses": { "200": { "description": "ok" } },
    })
}

#[test]
fn every_place_of_an_example_makes_a_request_that_the_host_accepts() {
    let mut buy = operation(
        "buy",
        &json!([
            { "name": "id", "in": "path", "required": true, "example": 7, "schema": { "type": "integer" } },
            { "name": "tag", "in": "query", "required": true,
              "schema": { "type": "array", "items": { "type": "string" }, "examples": [["a b", "c&d"]] } },
            { "name": "kind", "in": "query", "required": true, "schema": { "enum": ["new", "old"] } },
            { "name": "page", "in": "query", "required": true, "schema": { "type": "integer", "default": 1 } },
            { "name": "x-key", "in": "header", "required": true,
              "examples": { "first": { "value": "k" }, "second": { "value": "l" } }, "schema": { "type": "string" } },
            { "name": "who", "in": "cookie", "required": true, "example": "me", "schema": { "type": "string" } },
            { "name": "left-out", "in": "query", "schema": { "type": "string", "minLength": 9 } },
        ]),
    );
    buy["requestBody"] = json!({ "required": true, "content": { "application/json": {
        "schema": { "$ref": "#/components/schemas/Item" },
    } } });
    let output = budget(&json!({ "/items/{id}": { "post": buy } }), &["--json"]);
    let (used, code) = one(&output);
    assert_eq!(code, Some(0), "{output:?}");
    assert_eq!(used["statuses"], json!([200]));
    // Two examples of a header, three runs each.
    assert_eq!(used["runs"], 6);
    assert!(used["median_cpu_ms"].as_f64() > Some(0.0), "{used}");
    assert_eq!(used["memory"]["limit"], "memory_bytes");
    assert!(used["memory"]["used"].as_f64() >= Some(65_536.0), "{used}");
    assert!(used["answer"]["used"].as_f64() > Some(0.0), "{used}");
}

#[test]
fn an_answer_that_breaks_the_contract_is_a_fault() {
    let mut version = operation("version", &json!([]));
    version["responses"]["200"]["content"] = json!({ "application/json": { "schema": {
        "properties": { "version": { "type": "integer" } },
    } } });
    let output = budget(&json!({ "/version": { "get": version } }), &["--json"]);
    let (used, code) = one(&output);
    assert_eq!(code, Some(1), "{output:?}");
    let fault = used["faults"][0].as_str().unwrap_or_default();
    assert!(
        fault.contains("it breaks the contract at `/version`: Input should be a valid integer"),
        "{fault}"
    );
}

#[test]
fn an_operation_without_examples_is_told_as_skipped_with_all_that_is_missing() {
    let mut buy = operation(
        "buy",
        &json!([{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } }]),
    );
    buy["requestBody"] =
        json!({ "required": true, "content": { "application/json": { "schema": {} } } });
    let mut send = operation("send", &json!([]));
    send["requestBody"] = json!({ "required": true, "content": { "multipart/form-data": {
        "schema": { "type": "object" },
    } } });
    let paths = json!({ "/items/{id}": { "post": buy }, "/files": { "post": send }, "/": { "get": operation("list", &json!([])) } });
    let output = budget(&paths, &[]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    for line in [
        "skipped: POST /items/{id} (shop): the path parameter `id` has no example; the body has no example",
        "skipped: POST /files (shop): the body is `multipart/form-data`; only JSON bodies are made",
    ] {
        assert!(text.lines().any(|told| told == line), "{text}");
    }
    let list = text.lines().find(|line| line.starts_with("GET"));
    assert!(
        list.is_some_and(|line| line.contains(" % of 1 s")),
        "{text}"
    );
}

#[test]
fn an_example_that_breaks_its_own_rules_is_shown_with_the_violation_and_fails() {
    let id = json!([{ "name": "id", "in": "path", "required": true, "example": "seven", "schema": { "type": "integer" } }]);
    let output = budget(
        &json!({ "/items/{id}": { "get": operation("find", &id) } }),
        &[],
    );
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    let wanted = "error: GET /items/{id} (shop): the host refuses the contract's own example with 422 Unprocessable \
                  Entity: path.id: Input should be a valid integer";
    assert!(told.starts_with(wanted), "{told}");
}

#[test]
fn a_call_that_runs_into_a_limit_fails_by_the_name_of_the_limit() {
    let paths = json!({ "/": { "get": operation("spin", &json!([])) } });
    let output = budget(&paths, &["--json", "--set", "limits.cpu_ms=50"]);
    let (used, code) = one(&output);
    assert_eq!(code, Some(1), "{output:?}");
    let fault = used["faults"][0].as_str().unwrap_or_default();
    assert!(fault.contains("limit `cpu_ms` = 50 was hit"), "{used}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("error: GET / (shop): it is answered 504"),
        "{told}"
    );
    assert!(used["cpu"]["percent"].as_f64() > Some(50.0), "{used}");
}

#[test]
fn a_streamed_answer_is_read_and_held_against_its_own_limit() {
    let script = json!([{ "name": "x-script", "in": "header", "required": true, "schema": { "type": "string" },
        "example": "start 200; write hello; write world" }]);
    let output = budget(
        &json!({ "/": { "get": operation("script", &script) } }),
        &["--json"],
    );
    let (used, code) = one(&output);
    assert_eq!(code, Some(0), "{output:?}");
    assert_eq!(used["answer"]["limit"], "stream_bytes");
    assert_eq!(used["answer"]["used"], 10.0);
}
