//! What the targets have in common: claims that hold for every answer of a host.

#[cfg(feature = "connection")]
pub mod answers;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;
use switchback::Limits;

/// What an answer to a client's mistake may take besides the mistakes themselves.
const FRAME: usize = 4096;
/// What one violation may take besides its `input` and its `loc`: its words and figures, which come from the contract.
const WORDS: usize = 4096;

/// Checks what holds for every answer that a host gives by itself, and tells whether it is one.
///
/// # Panics
/// If it does not hold.
pub fn check_refusal(answer: &Response<Bytes>, limits: &Limits) -> bool {
    assert!(
        answer.headers().contains_key("x-request-id"),
        "an answer without an id"
    );
    let status = answer.status();
    if status == StatusCode::OK || status == StatusCode::TEMPORARY_REDIRECT {
        return false;
    }
    assert!(status.is_client_error(), "answered {status}");
    let body: Value = serde_json::from_slice(answer.body()).expect("a refusal is JSON");
    let detail = &body["detail"];
    if status != StatusCode::UNPROCESSABLE_ENTITY {
        assert!(detail.is_string(), "no detail in {body}");
        assert!(
            answer.body().len() <= FRAME,
            "{} bytes",
            answer.body().len()
        );
        return true;
    }
    let told = detail.as_array().expect("a list of violations");
    assert!(!told.is_empty() && told.len() <= limits.violations);
    for violation in told {
        assert!(
            violation["type"].is_string()
                && violation["msg"].is_string()
                && violation["loc"].is_array()
        );
        // A byte of an input may take six in JSON, as may one of a name.
        let size = violation.to_string().len();
        assert!(
            size <= 12 * limits.input_bytes + WORDS,
            "a violation of {size} bytes"
        );
    }
    true
}

/// A schema of `document` at the pointer, as jsonschema alone reads it: what the host's own checks are held against. But for
/// the formats whose texts are read as FastAPI reads them, more widely than JSON Schema does: those hold for any text.
///
/// # Panics
/// If the schema is none.
pub fn validator(document: &Value, pointer: &str) -> jsonschema::Validator {
    let mut schema = document.clone();
    schema["$ref"] = format!("#{pointer}").into();
    let read_by_the_host = ["date-time", "time", "duration", "uri"];
    let options = jsonschema::options();
    let options = read_by_the_host
        .into_iter()
        .fold(options, |options, format| {
            options.with_format(format, |_: &str| true)
        });
    options
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .offline()
        .build(&schema)
        .expect("a schema of the target's own")
}
