//! The place of a schema (a letter), then any bytes as a JSON body. It is admitted if and only if jsonschema alone takes
//! it; a refusal is bounded and tells no secret.

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
static VALIDATORS: LazyLock<Vec<jsonschema::Validator>> = LazyLock::new(|| {
    let names = schemas();
    let names = names.as_object().expect("an object").keys();
    names
        .map(|name| validator(&contract(), &format!("/components/schemas/{name}")))
        .collect()
});

fuzz_target!(|data: &[u8]| {
    let Some((letter, body)) = data.split_first() else {
        return;
    };
    let place = usize::from(letter.wrapping_sub(b'a')) % VALIDATORS.len();
    let request =
        http::Request::post(format!("/{place}")).header("content-type", "application/json");
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
    match admitted {
        Some(AdmittedBody::Text { data, .. }) => {
            let value: Value = serde_json::from_str(&data).expect("what is handed over is JSON");
            assert!(VALIDATORS[place].is_valid(&value), "{value} was admitted");
        }
        Some(other) => assert!(body.is_empty(), "{other:?} was handed over"),
        None => refused(place, body, &answer),
    }
});

fn refused(place: usize, body: &[u8], answer: &http::Response<Bytes>) {
    let told: Value = serde_json::from_slice(answer.body()).expect("a refusal is JSON");
    let unread = answer.status() != 422 || told["detail"][0]["type"] == "json_invalid";
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    assert!(!unread, "JSON was not read: {told}");
    assert!(
        !VALIDATORS[place].is_valid(&value),
        "{value} was refused: {told}"
    );
    let secret = value
        .get("secret")
        .and_then(Value::as_str)
        .filter(|secret| secret.len() > 5);
    if let Some(secret) = secret
        && place == SECRET
        && secret.bytes().all(|byte| byte.is_ascii_digit())
        && body
            .windows(secret.len())
            .filter(|found| *found == secret.as_bytes())
            .count()
            == 1
    {
        let told = String::from_utf8_lossy(answer.body());
        assert!(!told.contains(secret), "a secret is told: {told}");
    }
}

fn limits() -> Limits {
    Limits {
        violations: 20,
        ..Limits::default()
    }
}

/// The place of the schema with a secret in it.
const SECRET: usize = 0;

fn schemas() -> Value {
    json!({
        "Login": { "type": "object", "required": ["user", "secret"], "additionalProperties": false, "properties": {
            "user": { "type": "string", "minLength": 2 }, "secret": { "type": "string", "format": "password", "maxLength": 8 } } },
        "Item": { "type": "object", "required": ["name", "price"], "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": 5 }, "price": { "type": "number", "exclusiveMinimum": 0 },
            "tags": { "type": "array", "items": { "type": "string" }, "maxItems": 3, "uniqueItems": true },
            "id": { "type": "integer", "minimum": -5, "multipleOf": 3 } } },
        "Tree": { "type": "object", "required": ["v"], "properties": {
            "v": { "type": "integer" }, "left": { "$ref": "#/components/schemas/Tree" },
            "all": { "type": "array", "items": { "$ref": "#/components/schemas/Tree" } } } },
        "Pet": { "oneOf": [{ "$ref": "#/components/schemas/Cat" }, { "$ref": "#/components/schemas/Dog" }],
            "discriminator": { "propertyName": "kind" } },
        "Cat": { "type": "object", "required": ["kind", "lives"], "properties": {
            "kind": { "const": "Cat" }, "lives": { "type": "integer", "maximum": 9 } } },
        "Dog": { "type": "object", "required": ["kind"], "properties": {
            "kind": { "const": "Dog" }, "name": { "type": ["string", "null"] } } },
        "Union": { "anyOf": [{ "type": "string", "format": "date" }, { "type": "integer" }, { "type": "null" },
            { "type": "array", "prefixItems": [{ "type": "boolean" }, { "enum": [1, "a", null, [1.0], { "a": 1 }] }],
              "items": { "$ref": "#/components/schemas/Item" }, "minItems": 2 }] },
        "Map": { "type": "object", "minProperties": 1, "maxProperties": 4, "patternProperties": { "^x": { "type": "integer" } },
            "additionalProperties": { "type": "object", "additionalProperties": { "type": "boolean" } } },
        "Rules": { "type": "object", "if": { "required": ["a"] }, "then": { "required": ["b"] }, "else": { "required": ["c"] },
            "dependentRequired": { "d": ["e"] }, "not": { "required": ["f"] }, "propertyNames": { "maxLength": 3 },
            "unevaluatedProperties": false, "properties": { "a": true, "b": { "contains": { "const": 1 }, "maxContains": 2 }, "c": {},
            "d": {}, "e": {}, "f": {} } },
        "Both": { "allOf": [{ "$ref": "#/components/schemas/Item" }, { "properties": { "name": { "pattern": "^[a-z]" } } }],
            "required": ["id"] },
        "Formats": { "type": "object", "additionalProperties": false, "properties": {
            "date": { "type": "string", "format": "date" }, "time": { "type": "string", "format": "time" },
            "when": { "type": "string", "format": "date-time" }, "id": { "type": "string", "format": "uuid" },
            "link": { "type": "string", "format": "uri" }, "mail": { "type": "string", "format": "email" },
            "small": { "type": "integer", "format": "x-small" }, "lasts": { "type": "string", "format": "duration" } } },
        "Twice": { "type": "object", "properties": {
            "a": { "anyOf": [{ "$ref": "#/components/schemas/Twice" }, { "type": "integer" }] },
            "b": { "allOf": [{ "$ref": "#/components/schemas/Twice" }, { "$ref": "#/components/schemas/Twice" }] } },
            "additionalProperties": false },
        "Any": {},
        "Never": false,
    })
}

fn contract() -> Value {
    let schemas = schemas();
    let names = schemas.as_object().expect("an object").keys().enumerate();
    let paths = names.map(|(place, name)| {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        let body = json!({ "content": { "application/json": { "schema": schema } } });
        (
            format!("/{place}"),
            json!({ "post": { "requestBody": body, "responses": {} } }),
        )
    });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Bodies", "version": "1" },
        "paths": Map::from_iter(paths),
        "components": { "schemas": schemas },
    })
}
