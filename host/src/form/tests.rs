#![expect(
    clippy::needless_pass_by_value,
    reason = "a test reads best with `json!` where it is used"
)]

use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::{Value, json};

use crate::admit::{AdmittedBody, Received, Rejection, admit};
use crate::body::RequestBody;
use crate::config::Limits;
use crate::limit::Limit;
use crate::params::Parameters;
use crate::schema::{SchemaError, Schemas};

const URLENCODED: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=b0";

fn compile(content: Value) -> Result<RequestBody, SchemaError> {
    let body = json!({ "required": true, "content": content });
    let document =
        json!({ "b": body, "components": { "schemas": { "Id": { "type": "integer" } } } });
    RequestBody::compile(&Schemas::new(&document)?, "/b")
}

fn form(media: &str, schema: Value) -> RequestBody {
    compile(json!({ media: { "schema": schema } })).unwrap()
}

fn send(
    body: &RequestBody,
    content_type: &str,
    sent: impl Into<Bytes>,
) -> Result<AdmittedBody, Rejection> {
    let received = Received {
        path: &[],
        query: None,
        headers: &HeaderMap::from_iter([(header::CONTENT_TYPE, content_type.parse().unwrap())]),
        body: crate::admit::Sent::Whole(sent.into()),
    };
    let limits = Limits {
        form_parts: 10,
        ..Limits::default()
    };
    admit(&Parameters::default(), Some(body), received, &limits).map(|admitted| admitted.body)
}

fn fields(admitted: Result<AdmittedBody, Rejection>) -> Value {
    match admitted {
        Ok(AdmittedBody::Form { fields, .. }) => serde_json::from_str(&fields).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// What was told, as `(type, loc, input)`.
fn told(admitted: Result<AdmittedBody, Rejection>) -> Vec<Value> {
    let Err(Rejection::Violations(told)) = admitted else {
        panic!("{admitted:?}");
    };
    told.into_iter()
        .map(|broken| json!([broken.kind, broken.loc, broken.input]))
        .collect()
}

/// `(name, file name, content)`
fn parts(all: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, content) in all {
        body.extend_from_slice(
            format!("--b0\r\nContent-Disposition: form-data; name=\"{name}\"").as_bytes(),
        );
        if let Some(file) = file {
            body.extend_from_slice(
                format!("; filename=\"{file}\"\r\nContent-Type: text/plain").as_bytes(),
            );
        }
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b0--\r\n");
    body
}

#[test]
fn fields_arrive_typed_and_an_empty_text_is_none() {
    let form = form(
        URLENCODED,
        json!({ "type": "object", "required": ["id"], "properties": {
            "id": { "$ref": "#/components/schemas/Id" },
            "on": { "type": "boolean", "default": false },
            "note": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
            "tags": { "type": "array", "items": { "type": "string" } },
        } }),
    );
    let sent = "id=1&id=+2&on=yes&tags=a&tags=&other=1&note=%C3%A4+%FF";
    assert_eq!(
        fields(send(&form, URLENCODED, sent)),
        json!({ "id": 2, "on": true, "note": "ä \u{fffd}", "tags": ["a", ""] })
    );
    assert_eq!(
        fields(send(&form, URLENCODED, "id=1&on=&note=")),
        json!({ "id": 1, "on": false })
    );
    assert_eq!(
        told(send(&form, URLENCODED, "id=&on=maybe")),
        [
            json!(["missing", ["body", "id"], null]),
            json!(["bool_parsing", ["body", "on"], "maybe"]),
        ]
    );
    // Each encoding does for the other; any other type of content has no fields.
    assert_eq!(
        fields(send(&form, MULTIPART, parts(&[("id", None, b"3")])))["id"],
        3
    );
    assert_eq!(
        told(send(&form, "application/json", r#"{"id":1}"#)),
        [json!(["missing", ["body", "id"], null])]
    );
}

#[test]
fn a_closed_form_tells_what_it_does_not_know() {
    let form = form(
        URLENCODED,
        json!({ "type": "object", "properties": { "a": {} }, "additionalProperties": false }),
    );
    assert_eq!(
        told(send(&form, URLENCODED, "b=1&a=2&c=3&b=4")),
        [
            json!(["extra_forbidden", ["body", "b"], ["1", "4"]]),
            json!(["extra_forbidden", ["body", "c"], "3"]),
        ]
    );
}

fn with_files() -> RequestBody {
    let file = json!({ "type": "string", "format": "binary" });
    form(
        MULTIPART.split(';').next().unwrap(),
        json!({ "type": "object", "required": ["one"], "properties": {
            "one": { "type": "string", "contentMediaType": "application/octet-stream", "maxLength": 6 },
            "many": { "type": "array", "items": file, "maxItems": 2 },
            "note": { "type": "string" },
        } }),
    )
}

#[test]
fn files_that_are_declared_stay_in_the_order_in_which_they_came() {
    let sent = parts(&[
        ("many", Some("b.txt"), b"b"),
        ("one", Some("first"), b"1"),
        ("other", Some("unknown"), b"x"),
        ("one", Some("../ä"), b"\xff\r\n--b"),
        ("note", None, b"\xe4"),
    ]);
    let admitted = send(&with_files(), MULTIPART, sent);
    let Ok(AdmittedBody::Form { fields, files }) = admitted else {
        panic!("{admitted:?}");
    };
    assert_eq!(fields, r#"{"note":"ä"}"#);
    let files: Vec<_> = files
        .iter()
        .map(|file| {
            let content = file.content.piece(0, 100).unwrap();
            (&*file.field, file.name.as_deref(), content)
        })
        .collect();
    assert_eq!(
        files,
        [
            ("many", Some("b.txt"), Bytes::from_static(b"b")),
            ("one", Some("../ä"), Bytes::from_static(b"\xff\r\n--b")),
        ]
    );
}

#[test]
fn what_is_no_file_or_too_many_or_too_large_is_told() {
    let form = with_files();
    let send = |all: &[(&str, Option<&str>, &[u8])]| told(send(&form, MULTIPART, parts(all)));
    assert_eq!(
        send(&[("one", Some(""), b"")]),
        [json!(["missing", ["body", "one"], null])]
    );
    assert_eq!(
        send(&[
            ("one", None, b"text"),
            ("many", Some("a"), b""),
            ("many", None, b"")
        ]),
        [
            json!(["value_error", ["body", "one"], "text"]),
            json!(["value_error", ["body", "many", 1], ""]),
        ]
    );
    assert_eq!(
        send(&[
            ("one", Some("seven"), b"1234567"),
            ("many", Some("a"), b"a"),
            ("many", Some("b"), b"b"),
            ("many", Some("c"), b"c"),
            ("note", Some("d"), b"d"),
        ]),
        [
            json!(["bytes_too_long", ["body", "one"], "seven"]),
            json!(["too_long", ["body", "many"], null]),
            json!(["string_type", ["body", "note"], {}]),
        ]
    );
}

#[test]
fn of_several_files_for_one_the_last_counts_even_if_nothing_was_chosen_for_it() {
    let sent = parts(&[("one", Some("a"), b"1"), ("one", Some(""), b"")]);
    assert_eq!(
        told(send(&with_files(), MULTIPART, sent)),
        [json!(["missing", ["body", "one"], null])]
    );
}

#[test]
fn a_form_that_cannot_be_read_is_refused_with_the_reason() {
    let form = with_files();
    let whole = parts(&[("one", Some("a"), b"a")]);
    let many = parts(&[("note", None, &b"x"[..]); 11]);
    for (content_type, sent, why) in [
        (
            "multipart/form-data",
            &whole[..],
            "Missing boundary in multipart.",
        ),
        (
            "multipart/form-data; boundary=b1",
            &whole,
            "Invalid multipart data.",
        ),
        (
            MULTIPART,
            &whole[..whole.len() - 8],
            "Invalid multipart data.",
        ),
        (
            MULTIPART,
            b"--b0\nContent-Disposition: form-data; name=\"a\"\n\nx\n--b0--\n",
            "Invalid multipart data.",
        ),
        (
            MULTIPART,
            b"--b0\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b0--\r\n",
            "The Content-Disposition header field \"name\" must be provided.",
        ),
    ] {
        assert_eq!(
            send(&form, content_type, sent.to_vec()),
            Err(Rejection::BadBody(why.into())),
            "{content_type}"
        );
    }
    for (content_type, sent) in [
        (MULTIPART, &many[..]),
        (URLENCODED, b"a&a&a&a&a&a&a&a&a&a&a"),
    ] {
        assert_eq!(
            send(&form, content_type, sent.to_vec()),
            Err(Rejection::Limit(
                Limit::FormParts,
                "Too many fields and files. The most is 10.".into()
            )),
            "{content_type}"
        );
    }
}

#[test]
fn a_form_beside_json_is_taken_by_its_type_of_content() {
    let a = json!({ "type": "object", "required": ["a"], "properties": { "a": { "type": "integer" } } });
    let body = compile(json!({ URLENCODED: { "schema": a }, "application/json": { "schema": a } }))
        .unwrap();
    assert_eq!(fields(send(&body, URLENCODED, "a=1")), json!({ "a": 1 }));
    assert!(matches!(
        send(&body, "application/json", r#"{"a":1}"#),
        Ok(AdmittedBody::Text { .. })
    ));
    assert_eq!(
        told(send(&body, "application/json", "")),
        [json!(["missing", ["body"], null])]
    );
    assert_eq!(
        told(send(&body, URLENCODED, "")),
        [json!(["missing", ["body", "a"], null])]
    );
}

#[test]
fn a_schema_that_is_no_form_is_refused_by_name() {
    for (schema, words) in [
        (json!({ "type": "array" }), "a form's schema is an object"),
        (
            json!({ "type": "object", "minProperties": 1 }),
            "`minProperties` is not supported",
        ),
        (
            json!({ "type": "object", "required": ["a"] }),
            "`a` is required but not among",
        ),
        (
            json!({ "type": "object", "additionalProperties": {} }),
            "`additionalProperties` of a form",
        ),
        (
            json!({ "type": "object", "properties": { "o": { "type": "object" } } }),
            "the field `o` of a form cannot be an object",
        ),
    ] {
        let Err(error) = compile(json!({ URLENCODED: { "schema": schema } })) else {
            panic!("{words}");
        };
        assert!(error.message.contains(words), "{error}");
    }
    let Err(error) = compile(json!({ "multipart/form-data": {} })) else {
        panic!("a form without a schema");
    };
    assert!(error.message.contains("needs a `schema`"), "{error}");
}

#[test]
fn whatever_is_sent_as_a_form_is_answered() {
    let form = with_files();
    let whole = parts(&[
        ("one", Some("a"), b"a"),
        ("many", Some("b"), b"b"),
        ("note", None, b"c"),
    ]);
    // Numbers that only look random, so that a failure comes back.
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % below
    };
    let (mut admitted, mut refused) = (0, 0);
    for _ in 0..3_000 {
        let mut sent = whole.clone();
        for _ in 0..next(4) {
            let at = next(sent.len());
            match next(4) {
                0 => sent[at] = next(256) as u8,
                1 => drop(sent.remove(at)),
                2 => sent.insert(at, b"\r\n-\"\\;=b"[next(8)]),
                _ => sent.truncate(at.max(1)),
            }
        }
        match send(&form, MULTIPART, sent) {
            Ok(_) => admitted += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(admitted > 300 && refused > 300, "{admitted} and {refused}");
}
