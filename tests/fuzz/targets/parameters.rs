//! Lines of text as a request: what stands in the path, the query, then headers, an empty line, a form. What is admitted
//! fits the schemas, as jsonschema alone reads them; what is not is refused within the limits.

#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use switchback::{AdmittedBody, Checks, GuestAnswer, Limits};
use switchback_fuzz::{check_refusal, validator};

static CHECKS: LazyLock<Checks> = LazyLock::new(|| {
    Checks::new(&contract().to_string(), limits()).expect("a contract of the target's own")
});
static PARAMETERS: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| validator(&contract(), "/x-parameters"));
static FORM: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| validator(&contract(), "/components/schemas/Fields"));

fuzz_target!(|data: &[u8]| {
    let (head, form) = match data.windows(2).position(|two| two == b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &b""[..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let path = escaped(lines.next().unwrap_or_default());
    let query = escaped(lines.next().unwrap_or_default());
    let mut request = http::Request::post(format!("/x/{path}?{query}"))
        .header("content-type", "application/x-www-form-urlencoded");
    for line in lines {
        if let Some(colon) = line.iter().position(|byte| *byte == b':')
            && let Ok(name) = http::HeaderName::from_bytes(&line[..colon])
            && let Ok(value) = http::HeaderValue::from_bytes(&line[colon + 1..])
        {
            request = request.header(name, value);
        }
    }
    let Ok(request) = request.body(Bytes::copy_from_slice(form)) else {
        return;
    };

    let mut admitted = None;
    let answer = CHECKS.dispatch(request, |call| {
        admitted = Some(call.admitted);
        GuestAnswer {
            status: 200,
            headers: Vec::new(),
            body: "".into(),
        }
    });
    assert_eq!(
        check_refusal(&answer, &limits()),
        admitted.is_none() && answer.status() != 307
    );
    let Some(admitted) = admitted else { return };
    let params: Value = serde_json::from_str(&admitted.params).expect("parameters are JSON");
    fits(&PARAMETERS, &params);
    let AdmittedBody::Form { fields, files } = &admitted.body else {
        panic!("{:?} is no form", admitted.body);
    };
    assert!(files.is_empty());
    fits(
        &FORM,
        &serde_json::from_str(fields).expect("fields are JSON"),
    );
});

fn fits(schema: &jsonschema::Validator, value: &Value) {
    if let Some(error) = schema.iter_errors(value).next() {
        panic!("{value} was admitted: {error}");
    }
}

fn limits() -> Limits {
    Limits {
        form_parts: 64,
        violations: 20,
        ..Limits::default()
    }
}

/// What a URI cannot hold, escaped.
fn escaped(raw: &[u8]) -> String {
    let mut text = String::new();
    for byte in raw {
        match byte {
            b'!'..=b'~' if !b"\"#<>\\^`{|}?".contains(byte) => text.push(char::from(*byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// One of each kind that is read differently; the same in every place that can have it.
fn kinds() -> Value {
    json!({
        "i": { "type": "integer", "format": "int32", "minimum": -2_147_483_648, "maximum": 2_147_483_647 },
        "above": { "type": "integer", "exclusiveMinimum": 3, "multipleOf": 2, "default": 4 },
        "f": { "type": "number", "maximum": 1e9 },
        "half": { "type": "number", "multipleOf": 0.5 },
        "b": { "type": "boolean" },
        "s": { "type": "string", "minLength": 1, "maxLength": 5 },
        "p": { "type": "string", "pattern": "^[a-c]+(x|y)?$" },
        "e": { "$ref": "#/components/schemas/Colour" },
        "c": { "const": 7 },
        "n": { "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "null" }], "default": null },
        "u": { "anyOf": [{ "type": "boolean" }, { "type": "integer" }, { "type": "number" }] },
        "t": { "anyOf": [{ "type": "integer" }, { "type": "string", "maxLength": 3 }] },
        "one": { "oneOf": [{ "type": "integer", "maximum": 5 }, { "type": "integer", "minimum": 3 }] },
        "all": { "allOf": [{ "type": "integer" }], "minimum": 2 },
        "both": { "type": ["integer", "boolean"] },
        "not": { "type": "integer", "not": { "const": 3 } },
        "date": { "type": "string", "format": "date" },
        "time": { "type": "string", "format": "time" },
        "when": { "type": "string", "format": "date-time" },
        "lasts": { "type": "string", "format": "duration" },
        "id": { "type": "string", "format": "uuid" },
        "link": { "type": "string", "format": "uri" },
        "mail": { "type": "string", "format": "email" },
        "ip": { "type": "string", "format": "ipv4" },
        "free": {},
    })
}

fn lists() -> Value {
    json!({
        "l": { "type": "array", "items": { "type": "integer" }, "minItems": 2, "maxItems": 4, "uniqueItems": true },
        "pair": { "type": "array", "prefixItems": [{ "type": "integer" }, { "type": "boolean" }], "items": { "type": "string" } },
        "maybe": { "anyOf": [{ "type": "array", "items": { "$ref": "#/components/schemas/Colour" } }, { "type": "null" }] },
    })
}

fn contract() -> Value {
    let described = |place: &str, schemas: &Value| -> Vec<Value> {
        let schemas = schemas.as_object().expect("an object").iter();
        schemas
            .map(|(name, schema)| json!({ "name": name, "in": place, "required": place == "path", "schema": schema }))
            .collect()
    };
    let path =
        json!({ "number": { "type": "integer" }, "text": { "type": "string", "maxLength": 9 } });
    let mut header = kinds();
    for (name, schema) in lists().as_object().expect("an object") {
        header[name] = schema.clone();
    }
    let query = header.clone();
    let mut parameters = described("path", &path);
    parameters.extend(described("query", &query));
    parameters.extend(described("header", &header));
    parameters.extend(described("cookie", &kinds()));
    let places = [
        ("path", path),
        ("query", query.clone()),
        ("header", header),
        ("cookie", kinds()),
    ];
    let together = places.map(|(place, schemas)| {
        (
            place.to_owned(),
            json!({ "properties": schemas, "additionalProperties": false }),
        )
    });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Parameters", "version": "1" },
        "paths": { "/x/{number}/{text}": { "post": {
            "parameters": parameters,
            "requestBody": { "content": { "application/x-www-form-urlencoded": { "schema": { "$ref": "#/components/schemas/Fields" } } } },
            "responses": {},
        } } },
        "components": { "schemas": {
            "Colour": { "type": "string", "enum": ["red", "green", "blue"] },
            "Fields": { "type": "object", "properties": query, "additionalProperties": false },
        } },
        "x-parameters": { "properties": Map::from_iter(together) },
    })
}
