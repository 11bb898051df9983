//! A boundary, an empty line, and any bytes as a form with files. Fields fit their schemas, files are what stands in the
//! body, and the limits hold.

#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use switchback::{AdmittedBody, Checks, GuestAnswer, Limits};
use switchback_fuzz::{check_refusal, validator};

const PARTS: usize = 16;

static CHECKS: LazyLock<Checks> = LazyLock::new(|| {
    Checks::new(&contract().to_string(), limits()).expect("a contract of the target's own")
});
static FIELDS: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| validator(&contract(), "/x-fields"));

fuzz_target!(|data: &[u8]| {
    let (head, body) = match data.windows(2).position(|two| two == b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (&b"b"[..], data),
    };
    let content_type = [b"multipart/form-data; boundary=", head].concat();
    let Ok(content_type) = http::HeaderValue::from_bytes(&content_type) else {
        return;
    };
    let request = http::Request::post("/files").header("content-type", content_type);
    let request = request
        .body(Bytes::copy_from_slice(body))
        .expect("a request");

    let mut admitted = None;
    let answer = CHECKS.dispatch(request, |call| {
        admitted = Some(call.admitted.body);
        GuestAnswer {
            status: 200,
            headers: Vec::new(),
            body: "".into(),
        }
    });
    assert_eq!(check_refusal(&answer, &limits()), admitted.is_none());
    let (fields, files) = match &admitted {
        None => return,
        Some(AdmittedBody::Form { fields, files }) => (fields, files),
        Some(other) => panic!("{other:?} is no form"),
    };
    let fields: Value = serde_json::from_str(fields).expect("fields are JSON");
    assert!(FIELDS.is_valid(&fields), "{fields} was admitted");
    assert!(files.len() <= PARTS);
    let of = |name: &str| files.iter().filter(|file| file.field == name).count();
    assert_eq!(of("file"), 1);
    assert!(of("more") <= 3);
    assert_eq!(of("file") + of("more") + of("maybe"), files.len());
    assert!(files.iter().map(|file| file.content.size()).sum::<u64>() <= body.len() as u64);
    for file in files {
        let content = &file.content.piece(0, usize::MAX).expect("in memory")[..];
        assert!(content.is_empty() || body.windows(content.len()).any(|found| found == content));
        assert!(file.field != "maybe" || content.len() <= 8);
    }
});

fn limits() -> Limits {
    Limits {
        form_parts: PARTS,
        violations: 20,
        ..Limits::default()
    }
}

fn contract() -> Value {
    let texts = json!({
        "note": { "type": "string", "maxLength": 5 },
        "count": { "type": "integer", "default": 3 },
        "tags": { "type": "array", "items": { "type": "string", "minLength": 1 }, "maxItems": 4 },
    });
    let mut properties = texts.clone();
    properties["file"] = json!({ "type": "string", "format": "binary" });
    properties["more"] = json!({ "type": "array", "items": { "type": "string", "format": "binary" }, "maxItems": 3 });
    properties["maybe"] = json!({ "anyOf": [{ "type": "string", "contentMediaType": "application/octet-stream", "maxLength": 8 }, { "type": "null" }] });
    let form = json!({ "type": "object", "properties": properties, "required": ["file"], "additionalProperties": false });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Files", "version": "1" },
        "paths": { "/files": { "post": {
            "requestBody": { "required": true, "content": { "multipart/form-data": { "schema": form } } },
            "responses": {},
        } } },
        "x-fields": { "properties": texts, "additionalProperties": false },
    })
}
