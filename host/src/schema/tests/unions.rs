//! Which branch of a union takes a value, and what is told if none does.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{compile, made};
use crate::config::Limits;
use crate::large::Large;
use crate::violations::Violations;

#[test]
fn each_branch_of_a_union_tells_of_what_would_be_made_for_it() {
    let union = json!({ "anyOf": [{ "type": "array", "items": { "type": "integer" } }, { "type": "integer" }] });
    let told = made(union, json!(["a", true, "2"]));
    let told: Vec<_> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["loc"], &one["input"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!(["list[int]", 0]), &json!("a")),
            (&json!(["int"]), &json!(["a", true, "2"])),
        ]
    );
}

#[test]
fn texts_are_read_by_a_union_s_text_first_and_then_in_order() {
    let read = |schema: Value, text: &str| {
        let schema = compile(schema).unwrap();
        let mut violations = Violations::new(&Limits::default());
        schema.read_text(text, &Large::default(), &[], &mut violations)
    };
    let number_or_text =
        json!({ "anyOf": [{ "type": "integer" }, { "type": "string", "maxLength": 2 }] });
    assert_eq!(read(number_or_text.clone(), "12"), Some("12".into()));
    assert_eq!(read(number_or_text.clone(), "123"), Some(123.into()));
    assert_eq!(read(number_or_text, "abc"), None);
    let optional = json!({ "anyOf": [{ "type": "number" }, { "type": "null" }] });
    assert_eq!(read(optional.clone(), " 1_0.5 "), Some(10.5.into()));
    assert_eq!(read(optional, "nan"), None);
    assert_eq!(
        read(json!({ "type": "integer", "enum": [1, 2] }), "2.0"),
        Some(2.into())
    );
    let beside = json!({ "allOf": [{ "type": "integer" }], "minimum": 2 });
    assert_eq!(read(beside.clone(), "2"), Some(2.into()));
    assert_eq!(read(beside, "1"), None);
    let beside = json!({ "anyOf": [{ "type": "integer" }, { "type": "null" }], "minimum": 2 });
    assert_eq!(read(beside, "1"), None);
    let exactly_one =
        json!({ "oneOf": [{ "type": "integer" }, { "type": "number", "minimum": 3 }] });
    assert_eq!(read(exactly_one.clone(), "2"), Some(2.into()));
    assert_eq!(read(exactly_one, "3"), None);
    assert_eq!(read(json!({ "type": "boolean" }), "YES"), Some(true.into()));
}

/// The schemas of some types of Python.
fn of(kind: &str) -> Value {
    match kind {
        "str" => json!({ "type": "string", "maxLength": 30 }),
        "email" => json!({ "type": "string", "format": "email" }),
        "literal" => json!({ "type": "string", "const": "2024-01-02" }),
        "datetime" => json!({ "type": "string", "format": "date-time" }),
        "timedelta" => json!({ "type": "string", "format": "duration" }),
        "time" | "date" | "uuid" => json!({ "type": "string", "format": kind }),
        "url" => json!({ "type": "string", "format": "uri" }),
        "int" => json!({ "type": "integer" }),
        "float" => json!({ "type": "number" }),
        "bool" => json!({ "type": "boolean" }),
        "list" => json!({ "type": "array", "items": { "type": "integer" } }),
        "texts" => json!({ "type": "array", "items": { "type": "string" } }),
        "set" => json!({ "type": "array", "items": { "type": "integer" }, "uniqueItems": true }),
        "model" => {
            json!({ "type": "object", "properties": { "a": { "type": "integer" }, "b": { "type": "integer" } } })
        }
        "other model" => {
            json!({ "type": "object", "properties": { "a": {}, "c": { "type": "string" } } })
        }
        "dict" => json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
        _ => panic!("{kind}"),
    }
}

/// As pydantic 2.14 was seen to choose, with the branches in either order.
#[test]
fn of_json_the_branch_wins_that_it_is_nearest_to_then_the_first() {
    let same = |value: &str| json!(value);
    for (one, other, sent, first, second) in [
        (
            "str",
            "date",
            json!("2024-01-02"),
            same("2024-01-02"),
            same("2024-01-02"),
        ),
        (
            "str",
            "timedelta",
            json!("1 day, 02:00:00"),
            same("1 day, 02:00:00"),
            same("1 day, 02:00:00"),
        ),
        (
            "url",
            "str",
            json!("HTTP://a.b"),
            same("HTTP://a.b"),
            same("HTTP://a.b"),
        ),
        (
            "int",
            "datetime",
            json!("4"),
            json!(4),
            same("1970-01-01T00:00:04Z"),
        ),
        ("int", "bool", json!("1"), json!(1), json!(true)),
        ("int", "float", json!("1"), json!(1), json!(1.0)),
        ("float", "datetime", json!(1), json!(1), json!(1)),
        ("int", "float", json!(1.0), json!(1.0), json!(1.0)),
        ("int", "timedelta", json!(1.0), json!(1), same("PT1S")),
        ("list", "texts", json!(["1"]), json!(["1"]), json!(["1"])),
        ("list", "set", json!(["1", "1"]), json!([1, 1]), json!([1])),
        ("list", "set", json!([1, 1]), json!([1, 1]), json!([1, 1])),
        (
            "model",
            "other model",
            json!({ "a": "1", "b": "2" }),
            json!({ "a": 1, "b": 2 }),
            json!({ "a": 1, "b": 2 }),
        ),
        (
            "model",
            "other model",
            json!({ "a": "1", "c": "2" }),
            json!({ "a": "1", "c": "2" }),
            json!({ "a": "1", "c": "2" }),
        ),
        (
            "dict",
            "model",
            json!({ "a": 1 }),
            json!({ "a": 1 }),
            json!({ "a": 1 }),
        ),
    ] {
        let made = |one, other| made(json!({ "anyOf": [of(one), of(other)] }), sent.clone());
        assert_eq!(made(one, other), first, "{one} | {other}: {sent}");
        assert_eq!(made(other, one), second, "{other} | {one}: {sent}");
    }
}

#[test]
fn of_a_text_a_branch_wins_that_is_a_text_then_the_first() {
    let date = "2024-01-02";
    for (one, other, sent, first, second) in [
        (
            "int",
            "datetime",
            "4",
            json!(4),
            json!("1970-01-01T00:00:04Z"),
        ),
        ("date", "str", date, json!(date), json!(date)),
        (
            "url",
            "str",
            "HTTP://a.b",
            json!("HTTP://a.b"),
            json!("HTTP://a.b"),
        ),
        ("datetime", "literal", date, json!(date), json!(date)),
        (
            "datetime",
            "date",
            date,
            json!("2024-01-02T00:00:00"),
            json!(date),
        ),
        (
            "email",
            "str",
            "A <a@b.de>",
            json!("a@b.de"),
            json!("A <a@b.de>"),
        ),
    ] {
        let read = |one, other| {
            let schema = compile(json!({ "anyOf": [of(one), of(other)] })).unwrap();
            let mut violations = Violations::new(&Limits::default());
            schema.read_text(sent, &Large::default(), &[], &mut violations)
        };
        assert_eq!(read(one, other), Some(first), "{one} | {other}: {sent}");
        assert_eq!(read(other, one), Some(second), "{other} | {one}: {sent}");
    }
}

#[test]
fn a_tag_that_is_no_text_is_told_as_python_writes_it() {
    let branch = |tag: &str| json!({ "type": "object", "title": tag, "properties": { "kind": { "const": tag } } });
    let union = json!({ "oneOf": [branch("cat"), branch("dog")], "discriminator": { "propertyName": "kind" } });
    for (tag, told) in [
        (json!([1e-7, false, "it's"]), r#"[1e-07, False, "it's"]"#),
        (
            json!({ "é": 1000.0, "b\n": {} }),
            r"{'é': 1000.0, 'b\n': {}}",
        ),
        (
            json!([1e22, 1e15, 0.0001, null, 12]),
            "[1e+22, 1000000000000000.0, 0.0001, None, 12]",
        ),
    ] {
        assert_eq!(
            made(union.clone(), json!({ "kind": tag }))[0]["ctx"]["tag"],
            told
        );
    }
}

#[test]
fn a_tagged_union_in_a_union_has_its_own_label() {
    let branch = |tag: &str| json!({ "type": "object", "title": tag, "properties": { "kind": { "const": tag } }, "required": ["kind"] });
    let tagged = json!({ "oneOf": [branch("cat"), branch("dog")], "discriminator": { "propertyName": "kind" } });
    let told = made(
        json!({ "anyOf": [{ "type": "integer" }, tagged] }),
        json!({}),
    );
    assert_eq!(
        told[1]["loc"],
        json!(["tagged-union[dict[str,any],dict[str,any]]"])
    );
}

/// Any JSON, as `type Json = list[Json] | set[Json] | dict[str, Json] | int`.
#[test]
fn a_value_that_could_be_two_at_each_level_is_made_in_bounded_time() {
    let refer = json!({ "$ref": "#/components/schemas/T" });
    let schema = json!({ "anyOf": [
        { "type": "array", "items": refer },
        { "type": "array", "items": refer, "uniqueItems": true },
        { "type": "object", "additionalProperties": refer },
        { "type": "integer" },
    ] });
    let nested = |end: Value| (0..100).fold(end, |inner, _| json!([inner]));
    let start = Instant::now();
    let many = vec![json!("1"); 3_000];
    made(schema.clone(), nested(json!(many)));
    // With nothing to choose at each level all of it is made.
    let object = (0..100).fold(json!("1"), |inner, _| json!({ "a": inner }));
    let read = made(schema, object);
    let innermost = (0..100).fold(&read, |outer, _| &outer["a"]);
    assert_eq!(*innermost, 1);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}
