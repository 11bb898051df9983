//! JSON taken laxly: what is made of it, and what is told.

use serde_json::{Value, json};

use super::{compile, made};
use crate::config::Limits;
use crate::large::Large;
use crate::schema::Schemas;
use crate::violations::Violations;

#[test]
fn json_taken_laxly_is_made_into_what_the_schema_wants() {
    let keys = json!({ "type": "object", "x-switchback-keys": { "type": "integer" } });
    assert_eq!(
        made(keys, json!({ " 1 ": 0, "2": 1 })),
        json!({ "1": 0, "2": 1 })
    );
    let days = json!({ "type": "object", "propertyNames": { "format": "date" } });
    assert_eq!(made(days, json!({ "0": 0 })), json!({ "1970-01-01": 0 }));
    let set =
        json!({ "type": "array", "uniqueItems": true, "items": { "type": ["integer", "string"] } });
    assert_eq!(made(set, json!([1, "1", 1.0, 2, 2])), json!([1, "1", 2]));
    let decimal = json!({ "anyOf": [{ "type": "number" }, { "type": "string" }], "x-switchback-decimal": {} });
    assert_eq!(made(decimal, json!(" 1_0.50 ")), json!("10.50"));
    let text = json!({ "type": "string", "contentMediaType": "application/json", "contentSchema": { "items": { "type": "integer" } } });
    assert_eq!(made(text, json!("[\"1\", 2]")), json!("[1,2]"));
}

#[test]
fn what_is_told_of_json_taken_laxly_is_what_was_sent() {
    let schema = json!({ "type": "object", "required": ["z"], "properties": { "a": { "type": "integer" } } });
    assert_eq!(
        made(schema, json!({ "a": "1" }))[0]["input"],
        json!({ "a": "1" })
    );
    let few = json!({ "type": "array", "uniqueItems": true, "items": { "type": "integer" }, "minItems": 2 });
    let told = made(few, json!(["5", 5]));
    assert_eq!(told[0]["input"], json!(["5", 5]));
    assert_eq!(told[0]["ctx"]["actual_length"], 1);
}

#[test]
fn a_literal_is_what_python_takes_for_equal() {
    let each = |options: Value, sent: Value| made(json!({ "items": options }), json!([sent]));
    assert_eq!(each(json!({ "enum": [1, 2] }), json!(true)), json!([1]));
    assert_eq!(each(json!({ "const": true }), json!(1.0)), json!([true]));
    let told = each(json!({ "enum": [1, "a"] }), json!("1"));
    assert_eq!(told[0]["type"], "literal_error");
}

#[test]
fn what_is_strict_is_made_of_nothing_else() {
    let strict = json!({ "type": "integer", "x-switchback-strict": true });
    for sent in [json!("1"), json!(1.0), json!(true)] {
        assert_eq!(
            made(strict.clone(), sent.clone())[0]["type"],
            "int_type",
            "{sent}"
        );
    }
    assert_eq!(made(strict.clone(), json!(1)), json!(1));
    let mut violations = Violations::new(&Limits::default());
    assert_eq!(
        compile(strict)
            .unwrap()
            .read_text("1", &Large::default(), &[], &mut violations),
        None
    );
}

#[test]
fn json_of_another_type_becomes_the_one_that_pydantic_makes_of_it() {
    let times = ["date", "date-time", "time", "duration"];
    let of = |format: &str| json!({ "type": "string", "format": format });
    for (schema, sent, made) in [
        (json!({ "type": "integer" }), json!(" 7 "), json!(7)),
        (json!({ "type": "integer" }), json!(true), json!(1)),
        (json!({ "type": "number" }), json!("1.5"), json!(1.5)),
        (json!({ "type": "boolean" }), json!("yes"), json!(true)),
        (json!({ "type": "boolean" }), json!(0), json!(false)),
        (of(times[0]), json!(86400), json!("1970-01-02")),
        (
            of(times[1]),
            json!("2024-01-02"),
            json!("2024-01-02T00:00:00"),
        ),
        (
            of(times[1]),
            json!(1.5),
            json!("1970-01-01T00:00:01.500000Z"),
        ),
        (
            json!({ "anyOf": [of("uri"), { "type": "null" }] }),
            json!("http://a.b"),
            json!("http://a.b/"),
        ),
        (
            json!({ "type": "integer", "enum": [1, 2] }),
            json!("1"),
            json!(1),
        ),
        (of(times[2]), json!(61), json!("00:01:01Z")),
        (of(times[3]), json!(-1.5), json!("-PT1.5S")),
        (of(times[3]), json!(true), json!("PT1S")),
        (
            json!({ "type": "array", "items": { "anyOf": [{ "type": "integer" }, { "type": "string" }] } }),
            json!(["1", 1, true]),
            json!(["1", 1, 1]),
        ),
        (
            json!({ "type": "object", "properties": { "a": { "type": "integer" } }, "additionalProperties": { "type": "number" } }),
            json!({ "a": "1", "b": "2" }),
            json!({ "a": 1, "b": 2.0 }),
        ),
    ] {
        let schemas =
            Schemas::new(&json!({ "components": { "schemas": { "S": schema } } })).unwrap();
        let schema = schemas.compile("/components/schemas/S").unwrap();
        let (mut value, mut told) = (sent.clone(), Violations::new(&Limits::default()));
        let large = Large::default();
        assert!(
            schema.check_lax(&mut value, &large, || sent.clone(), &[], &mut told),
            "{sent}"
        );
        assert_eq!(value, made, "{sent}");
        assert!(told.is_empty(), "{sent}");
        assert!(
            !schema.check_lax(&mut value, &large, || sent.clone(), &[], &mut told),
            "{value} is changed again"
        );
    }
}

#[test]
fn json_that_pydantic_takes_for_nothing_else_stays_and_is_told_of() {
    for (kind, sent, told) in [
        ("string", json!(1), "string_type"),
        ("integer", json!(1.5), "int_from_float"),
        ("integer", json!("x"), "int_parsing"),
        ("integer", json!("1".repeat(4301)), "int_parsing_size"),
        ("boolean", json!(2), "bool_parsing"),
        ("number", json!(null), "float_type"),
    ] {
        let document = json!({ "components": { "schemas": { "S": { "type": kind } } } });
        let schema = Schemas::new(&document).unwrap();
        let schema = schema.compile("/components/schemas/S").unwrap();
        let (mut value, mut found) = (sent.clone(), Violations::new(&Limits::default()));
        assert!(!schema.check_lax(
            &mut value,
            &Large::default(),
            || sent.clone(),
            &[],
            &mut found
        ));
        assert_eq!(value, sent);
        assert_eq!(found.into_vec()[0].kind, told);
    }
}
