//! Examples of FastAPI's own tutorial, written with this SDK; `docs/coming-from-fastapi.md` shows them. They are sent the
//! requests that FastAPI's tests send, and have to answer as FastAPI does.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "tests; arguments are owned"
)]

use serde_json::Value;
use switchback_sdk::{Plugin, TestClient, TestRequest, TestResponse};

/// One example: its module, FastAPI's name for it, and the lines that FastAPI takes, imports and blank lines left out.
macro_rules! examples {
    ($($module:ident $name:literal $lines:literal;)*) => {
        $(mod $module;)*

        const EXAMPLES: &[Example] = &[$(Example {
            name: $name,
            plugin: $module::plugin,
            python_lines: $lines,
            source: include_str!(concat!(stringify!($module), ".rs")),
        }),*];
    };
}

examples! {
    front_page "front page" 14;
    path_params_005 "path_params/tutorial005" 12;
    query_params_006 "query_params/tutorial006" 7;
    query_params_str_validations_010 "query_params_str_validations/tutorial010" 19;
    query_params_str_validations_012 "query_params_str_validations/tutorial012" 5;
    header_params_002 "header_params/tutorial002" 6;
    cookie_params_001 "cookie_params/tutorial001" 4;
    body_001 "body/tutorial001" 9;
    body_nested_models_009 "body_nested_models/tutorial009" 4;
    request_forms_001 "request_forms/tutorial001" 4;
    request_files_001 "request_files/tutorial001" 7;
    response_model_003 "response_model/tutorial003" 13;
    extra_models_003 "extra_models/tutorial003" 19;
    response_status_code_001 "response_status_code/tutorial001" 4;
    handling_errors_003 "handling_errors/tutorial003" 15;
    stream_json_lines_001 "stream_json_lines/tutorial001" 25;
    server_sent_events_002 "server_sent_events/tutorial002" 14;
}

struct Example {
    name: &'static str,
    plugin: fn() -> Plugin,
    python_lines: usize,
    source: &'static str,
}

/// Where the answer is another than FastAPI's, by the number of the step in `recorded.json`, and why.
const DIFFERENT: &[(&str, &[usize], &str)] = &[
    (
        "body/tutorial001",
        &[1, 2, 3],
        "a text is no number in JSON",
    ),
    (
        "body/tutorial001",
        &[15],
        "FastAPI's test breaks its JSON reader by hand",
    ),
    (
        "stream_json_lines/tutorial001",
        &[2, 3],
        "FastAPI puts spaces into JSON whose type it does not know",
    ),
];

#[test]
fn each_example_answers_as_fastapi_does() {
    let recorded: Value = serde_json::from_str(include_str!("recorded.json")).unwrap();
    let mut wrong = Vec::new();
    for app in recorded["apps"].as_array().unwrap() {
        let name = app["app"].as_str().unwrap();
        let example = EXAMPLES
            .iter()
            .find(|example| example.name == name)
            .unwrap();
        let cases = app["cases"].as_array().unwrap().iter();
        let steps = cases.flat_map(|case| case["steps"].as_array().unwrap());
        for (number, step) in steps.enumerate() {
            let client = TestClient::new((example.plugin)());
            let answer = sent(&client, &step["request"]).send();
            let found = difference(&answer, &step["expect"]);
            let listed = DIFFERENT
                .iter()
                .any(|(app, steps, _)| *app == name && steps.contains(&number));
            match found {
                Some(what) if !listed => wrong.push(format!("{name} {number}: {what}")),
                None if listed => wrong.push(format!("{name} {number}: listed, but the same")),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn sent<'a>(client: &'a TestClient, request: &Value) -> TestRequest<'a> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut sent = client.request(&text(&request["method"]), &text(&request["target"]));
    for header in request["headers"].as_array().into_iter().flatten() {
        sent = sent.header(&text(&header[0]), &text(&header[1]));
    }
    match &request["body"] {
        Value::Null => sent,
        body => sent.content(text(&body["text"])),
    }
}

/// What is another than expected, if anything is.
fn difference(answer: &TestResponse, expected: &Value) -> Option<String> {
    if u64::from(answer.status) != expected["status"] {
        return Some(format!("status {}, {}", answer.status, answer.text()));
    }
    for header in expected["headers"].as_array().into_iter().flatten() {
        let name = header[0].as_str().unwrap();
        // Ours is relative, so that it holds behind any proxy.
        let value = header[1].as_str().unwrap().replace("http://testserver", "");
        let compared = [
            "content-type",
            "location",
            "cache-control",
            "x-accel-buffering",
        ];
        if compared.contains(&name) && answer.header(name) != Some(&value) {
            return Some(format!("{name}: {:?}", answer.header(name)));
        }
    }
    let body = &expected["body"]["json"];
    if let Some(text) = expected["body"]["text"].as_str() {
        return (answer.text() != text).then(|| answer.text());
    }
    (!body.is_null() && answer.value() != *body).then(|| answer.text())
}

#[test]
fn the_answers_of_a_stream_are_documented_as_fastapi_does() {
    let recorded: Value = serde_json::from_str(include_str!("recorded.json")).unwrap();
    for app in recorded["apps"].as_array().unwrap() {
        if app["openapi"].is_null() {
            continue;
        }
        let named = |example: &&Example| app["app"] == example.name;
        let plugin = EXAMPLES.iter().find(named).unwrap().plugin;
        let ours: Value = serde_json::from_str(&plugin().openapi()).unwrap();
        for (path, methods) in app["openapi"]["paths"].as_object().unwrap() {
            assert_eq!(
                ours["paths"][path]["get"]["responses"],
                methods["get"]["responses"]
            );
        }
    }
}

/// Lines of Rust: without blank ones and imports, as for FastAPI.
fn lines(source: &str) -> usize {
    let counts = |line: &&str| !line.trim().is_empty() && !line.starts_with("use ");
    source.lines().filter(counts).count()
}

#[test]
fn the_page_tells_their_lines_and_shows_their_code() {
    let page = include_str!("../../../docs/coming-from-fastapi.md");
    for example in EXAMPLES {
        let (rust, python) = (lines(example.source), example.python_lines);
        let row = format!("| {} | {python} | {rust} |", example.name);
        assert!(page.contains(&row), "the page lacks {row}");
    }
    for shown in page.split("```rust\n").skip(1) {
        let (code, _) = shown.split_once("\n```").unwrap();
        let found = EXAMPLES.iter().any(|example| example.source.trim() == code);
        assert!(found, "no example is this:\n{code}");
    }
}
