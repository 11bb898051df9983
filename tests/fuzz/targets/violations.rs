//! How JSON is taken (`s` strictly, anything else as FastAPI takes it), a schema up to the first empty line, then any bytes: sent
//! as a body, and as what a query, a header, a cookie and a field of a form hold. Whatever the schema is, it is refused at load
//! or what it refuses is told: never by 500, never more than the limits allow, each violation in proportion to the schema.

#![no_main]

use bytes::Bytes;
use http::{Request, Response};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use switchback::{Checks, GuestAnswer, JsonTypes, Limits};

fuzz_target!(|data: &[u8]| {
    let Some((way, rest)) = data.split_first() else {
        return;
    };
    let (schema, sent) = match rest.windows(2).position(|two| two == b"\n\n") {
        Some(at) => (&rest[..at], &rest[at + 2..]),
        None => (rest, &b""[..]),
    };
    let Ok(schema) = serde_json::from_slice::<Value>(schema) else {
        return;
    };
    let limits = Limits {
        json: match way {
            b's' => JsonTypes::Strict,
            _ => JsonTypes::Lax,
        },
        violations: 20,
        // A contract that takes long to read is refused by a limit of its own.
        contract_bytes: 64 << 10,
        ..Limits::default()
    };
    let words = schema.to_string().len();
    let text = escaped(sent);

    let json =
        json!({ "requestBody": { "content": { "application/json": { "schema": &schema } } } });
    if let Some(checks) = checks(&json, &limits) {
        let request = Request::post("/x").header("content-type", "application/json");
        bounded(
            &checks,
            request.body(Bytes::copy_from_slice(sent)),
            &limits,
            words,
        );
    }
    for place in ["query", "header", "cookie"] {
        let parameter = json!({ "name": "v", "in": place, "required": true, "schema": &schema });
        let operation = json!({ "parameters": [parameter, {
            "name": "w", "in": "query", "x-switchback-dependency": 1, "required": true, "schema": &schema,
        }] });
        let Some(checks) = checks(&operation, &limits) else {
            continue;
        };
        let request = match place {
            "query" => Request::post(format!("/x?v={text}&w={text}&v={text}")),
            "header" => Request::post("/x").header("v", text.as_str()),
            _ => Request::post("/x").header("cookie", format!("v={text}")),
        };
        bounded(&checks, request.body(Bytes::new()), &limits, words);
    }
    let fields = json!({ "type": "object", "required": ["v"], "properties": { "v": &schema } });
    let form = json!({ "requestBody": { "content": { "application/x-www-form-urlencoded": { "schema": fields } } } });
    if let Some(checks) = checks(&form, &limits) {
        let request =
            Request::post("/x").header("content-type", "application/x-www-form-urlencoded");
        let body = Bytes::from(format!("v={text}&v=&w={text}"));
        bounded(&checks, request.body(body), &limits, words);
    }
});

fn checks(operation: &Value, limits: &Limits) -> Option<Checks> {
    let mut operation = operation.clone();
    operation["responses"] = json!({});
    let contract = json!({
        "openapi": "3.1.0", "info": { "title": "Violations", "version": "1" },
        "paths": { "/x": { "post": operation } },
    });
    Checks::new(&contract.to_string(), limits.clone()).ok()
}

fn bounded(checks: &Checks, request: http::Result<Request<Bytes>>, limits: &Limits, schema: usize) {
    let Ok(request) = request else { return };
    let answer: Response<Bytes> = checks.dispatch(request, |_| GuestAnswer {
        status: 200,
        headers: Vec::new(),
        body: "".into(),
    });
    let status = answer.status();
    if status == 200 {
        return;
    }
    assert!(status.is_client_error(), "answered {status}");
    let body: Value = serde_json::from_slice(answer.body()).expect("a refusal is JSON");
    let Some(told) = body["detail"].as_array() else {
        return;
    };
    assert!(!told.is_empty() && told.len() <= limits.violations);
    for violation in told {
        // A byte of an input may take six in JSON, as may one of a name; words and figures come from the schema.
        let size = violation.to_string().len();
        assert!(
            size <= 12 * limits.input_bytes + 16 * schema + 4096,
            "a violation of {size} bytes"
        );
    }
}

/// What a URI cannot hold, escaped.
fn escaped(raw: &[u8]) -> String {
    let mut text = String::new();
    for byte in raw {
        match byte {
            b'!'..=b'~' if !b"\"#<>\\^`{|}?&;=%+".contains(byte) => text.push(char::from(*byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
