#![expect(
    clippy::needless_pass_by_value,
    reason = "a test reads best with `json!` where it is used"
)]

mod lax;
mod unions;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Schema, SchemaError, Schemas};
use crate::config::Limits;
use crate::large::Large;
use crate::problem::{Loc, Violation};
use crate::violations::Violations;

fn compile(schema: Value) -> Result<Arc<Schema>, SchemaError> {
    let document = json!({ "components": { "schemas": { "T": schema } } });
    Schemas::new(&document)?.compile("/components/schemas/T")
}

fn check_with(schema: &Schema, value: &Value, limits: &Limits) -> Vec<Violation> {
    let mut violations = Violations::new(limits);
    let loc = [Loc::Name("body".into())];
    schema.check(value, &Large::default(), &loc, &mut violations);
    violations.into_vec()
}

fn check(schema: &Schema, value: &Value) -> Vec<Violation> {
    check_with(schema, value, &Limits::default())
}

fn told(schema: Value, value: Value) -> Value {
    serde_json::to_value(check(&compile(schema).unwrap(), &value)).unwrap()
}

fn refused(schema: Value) -> SchemaError {
    match compile(schema) {
        Ok(_) => panic!("compiled"),
        Err(error) => error,
    }
}

#[test]
fn violations_come_in_the_order_of_the_schema_then_extra_keys_as_sent() {
    let schema = json!({
        "type": "object",
        "required": ["c", "a"],
        "properties": {
            "b": { "type": "integer", "minimum": 3 },
            "a": { "type": "string" },
            "c": { "type": "array", "items": { "type": "boolean" } },
        },
        "additionalProperties": false,
    });
    let value = json!({ "z": 1, "c": [true, "x"], "y": 2, "b": 1 });
    assert_eq!(
        told(schema, value.clone()),
        json!([
            { "type": "greater_than_equal", "loc": ["body", "b"], "input": 1, "ctx": { "ge": 3 },
              "msg": "Input should be greater than or equal to 3" },
            { "type": "missing", "loc": ["body", "a"], "msg": "Field required", "input": value },
            { "type": "bool_parsing", "loc": ["body", "c", 1], "input": "x",
              "msg": "Input should be a valid boolean, unable to interpret input" },
            { "type": "extra_forbidden", "loc": ["body", "z"], "msg": "Extra inputs are not permitted", "input": 1 },
            { "type": "extra_forbidden", "loc": ["body", "y"], "msg": "Extra inputs are not permitted", "input": 2 },
        ])
    );
}

#[test]
fn an_integer_that_passes_fits_the_type_of_its_format() {
    let ranges: [(&str, i128, i128); 9] = [
        ("int8", i8::MIN.into(), i8::MAX.into()),
        ("int16", i16::MIN.into(), i16::MAX.into()),
        ("int32", i32::MIN.into(), i32::MAX.into()),
        ("int64", i64::MIN.into(), i64::MAX.into()),
        ("uint8", 0, u8::MAX.into()),
        ("uint16", 0, u16::MAX.into()),
        ("uint32", 0, u32::MAX.into()),
        ("uint64", 0, u64::MAX.into()),
        ("double-int", 1 - (1 << 53), (1 << 53) - 1),
    ];
    for (format, least, most) in ranges {
        for kind in [json!("integer"), json!(["integer", "null"])] {
            let schema = compile(json!({ "type": kind, "format": format })).unwrap();
            for number in [least - 1, least, most, most + 1] {
                let (mut value, large) = crate::json::exactly(&number.to_string()).unwrap();
                schema.write_integers(&mut value, &large);
                let fits = value
                    .as_number()
                    .and_then(serde_json::Number::as_i128)
                    .is_some_and(|value| (least..=most).contains(&value));
                assert_eq!(check(&schema, &value).is_empty(), fits, "{format} {number}");
            }
        }
    }
}

#[test]
fn a_stricter_limit_of_the_author_is_kept_beside_that_of_the_format() {
    let schema = json!({ "type": "integer", "format": "uint8", "maximum": 10, "minimum": -5 });
    let schema = compile(schema).unwrap();
    for (number, fits) in [(10, true), (11, false), (0, true), (-1, false)] {
        assert_eq!(check(&schema, &number.into()).is_empty(), fits, "{number}");
    }
}

#[test]
fn data_and_names_that_look_like_integer_schemas_are_left_alone() {
    let lookalike = json!({ "type": "integer", "format": "int8" });
    let schema = compile(json!({
        "properties": {
            "const": { "const": lookalike },
            "enum": { "type": "integer", "format": "int8" },
        },
    }))
    .unwrap();
    assert_eq!(check(&schema, &json!({ "const": lookalike })), []);
    assert_eq!(check(&schema, &json!({ "enum": 1000 })).len(), 1);
}

#[test]
fn null_adds_no_step_and_a_real_union_adds_its_branch() {
    let optional = json!({ "anyOf": [{ "type": "integer" }, { "type": "null" }] });
    assert_eq!(told(optional, json!([]))[0]["loc"], json!(["body"]));
    assert_eq!(
        told(json!({ "type": ["integer", "null"] }), json!([]))[0]["loc"],
        json!(["body"])
    );
    let union = json!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "array", "items": { "type": "string" } }] });
    let told = told(union, json!([1]));
    assert_eq!(told[0]["loc"], json!(["body", "constrained-int"]));
    assert_eq!(told[1]["loc"], json!(["body", "list[str]", 0]));
}

#[test]
fn a_branch_is_labelled_by_its_type_whatever_the_size_of_its_integers() {
    let union = json!({ "anyOf": [
        { "type": "integer", "format": "int64" },
        { "type": "array", "items": { "type": "integer", "format": "uint8" } },
    ] });
    let told = told(union, json!("x"));
    assert_eq!(told[0]["loc"], json!(["body", "int"]));
    assert_eq!(told[1]["loc"], json!(["body", "list[int]"]));
}

#[test]
fn names_of_members_are_told_behind_a_step_of_their_own() {
    let texts = json!({ "type": "object", "propertyNames": { "maxLength": 1 }, "additionalProperties": { "type": "integer" } });
    assert_eq!(
        told(texts, json!({ "a": 1, "bc": "x" })),
        json!([
            { "type": "string_too_long", "loc": ["body", "bc", "[key]"], "input": "bc", "ctx": { "max_length": 1 },
              "msg": "String should have at most 1 character" },
            { "type": "int_parsing", "loc": ["body", "bc"], "input": "x",
              "msg": "Input should be a valid integer, unable to parse string as an integer" },
        ])
    );
    let integers =
        json!({ "type": "object", "x-switchback-keys": { "type": "integer", "maximum": 5 } });
    let told = told(integers, json!({ "1": 0, "x": 0, "7": 0, "01": 0 }));
    let told: Vec<_> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["loc"][1], &one["type"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("x"), &json!("int_parsing")),
            (&json!("7"), &json!("less_than_equal")),
            (&json!("01"), &json!("int_type")),
        ]
    );
}

fn made(schema: Value, mut value: Value) -> Value {
    let mut violations = Violations::new(&Limits::default());
    let schema = compile(schema).unwrap();
    let sent = value.clone();
    let large = Large::default();
    schema.check_lax(&mut value, &large, || sent.clone(), &[], &mut violations);
    match violations.is_empty() {
        true => value,
        false => serde_json::to_value(violations.into_vec()).unwrap(),
    }
}

#[test]
fn of_a_dictionary_with_too_much_in_it_what_is_in_it_is_told_first() {
    let schema = json!({ "type": "object", "additionalProperties": { "type": "integer" }, "maxProperties": 1 });
    assert_eq!(
        told(schema.clone(), json!({ "a": null, "b": 1 }))[0]["type"],
        "int_type"
    );
    assert_eq!(
        told(schema, json!({ "a": 1, "b": 1 }))[0]["type"],
        "too_long"
    );
}

#[test]
fn keywords_without_a_word_of_pydantic_s_are_told_by_name() {
    for (schema, value, keyword) in [
        (json!({ "not": { "const": 1 } }), json!(1), "not"),
        (
            json!({ "if": { "type": "integer" }, "then": { "minimum": 5 } }),
            json!(1),
            "if",
        ),
        (
            json!({ "contains": { "const": 1 } }),
            json!([2]),
            "contains",
        ),
        (
            json!({ "dependentRequired": { "a": ["b"] } }),
            json!({ "a": 1 }),
            "dependentRequired",
        ),
        (
            json!({ "properties": { "a": true }, "unevaluatedProperties": false }),
            json!({ "b": 1 }),
            "unevaluatedProperties",
        ),
    ] {
        let told = told(schema, value);
        assert_eq!(told[0]["type"], "schema_mismatch", "{keyword}");
        assert_eq!(told[0]["ctx"]["keyword"], keyword);
        assert_eq!(told.as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn a_secret_is_never_shown() {
    let schema = compile(json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": { "type": "string" },
            "password": { "type": "string", "format": "password", "minLength": 9 },
            "token": { "type": "integer", "writeOnly": true },
        },
    }))
    .unwrap();
    for value in [
        json!({ "password": "hunter2", "token": "hunter2" }),
        json!({ "password": "hunter2", "long": "x".repeat(5000) }),
        json!("{\"password\":\"hunter2\"}"),
    ] {
        let told = check(&schema, &value);
        assert!(!told.is_empty());
        let told = serde_json::to_string(&told).unwrap();
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_pattern_with_look_around_is_refused_by_name_and_place() {
    let error = refused(json!({ "properties": { "a": { "pattern": "^(?=x)" } } }));
    assert_eq!(error.pointer, "/components/schemas/T/properties/a/pattern");
    assert!(
        error.message.contains("`^(?=x)` has look-around"),
        "{error}"
    );
    let error = refused(json!({ "not": { "items": { "pattern": "(a" } } }));
    assert_eq!(error.pointer, "/components/schemas/T/not/items/pattern");
}

#[test]
fn what_is_no_schema_or_leads_nowhere_is_refused_with_its_place() {
    for (schema, pointer, words) in [
        (
            json!({ "properties": { "a": { "type": "strin" } } }),
            "/properties/a/type",
            "not a JSON Schema",
        ),
        (
            json!({ "items": { "minLength": -1 } }),
            "/items/minLength",
            "not a JSON Schema",
        ),
        (
            json!({ "items": { "$ref": "#/components/schemas/U" } }),
            "/items",
            "where nothing is",
        ),
        (
            json!({ "items": { "$ref": "other.json" } }),
            "/items",
            "out of the document",
        ),
        (
            json!({ "items": { "$id": "urn:x" } }),
            "/items",
            "`$id` is not supported",
        ),
        (
            json!({ "$ref": "#/components/schemas/T" }),
            "",
            "round in a circle",
        ),
        (
            json!({ "items": { "$ref": "#/components/schemas/T/items" } }),
            "/items",
            "more than 128 deep",
        ),
        (
            json!({ "anyOf": [{ "$ref": "#/components/schemas/T" }, { "type": "null" }] }),
            "",
            "itself",
        ),
        (
            json!({ "not": { "$ref": "#/components/schemas/T" } }),
            "",
            "itself",
        ),
    ] {
        let error = refused(schema);
        assert_eq!(
            error.pointer,
            format!("/components/schemas/T{pointer}"),
            "{error}"
        );
        assert!(error.message.contains(words), "{error}");
    }
}

/// Applies itself twice at each level: by plain recursion 2^100 checks.
fn doubling() -> Value {
    let once = |name: &str| {
        json!({
            "type": "object",
            "required": [name],
            "properties": { "a": { "$ref": "#/components/schemas/T" } },
        })
    };
    json!({ "anyOf": [once("x"), once("y"), { "type": "integer" }] })
}

#[test]
fn a_schema_that_doubles_at_each_level_is_checked_in_bounded_time() {
    let schema = compile(doubling()).unwrap();
    let nested =
        |depth: usize, end: Value| (0..depth).fold(end, |inner, _| json!({ "a": inner, "y": 1 }));
    assert_eq!(check(&schema, &nested(4, 1.into())), []);
    assert!(!check(&schema, &nested(4, "x".into())).is_empty());
    let start = Instant::now();
    assert!(!check(&schema, &nested(100, "x".into())).is_empty());
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_doubling_schema_with_a_keyword_that_cannot_be_bounded_is_refused() {
    let mut schema = doubling();
    schema["not"] = json!({ "const": 5 });
    assert!(refused(schema).message.contains("unbounded time"));
}

#[test]
fn a_recursive_model_with_an_optional_parent_is_no_doubling() {
    let schema = compile(json!({
        "type": "object",
        "not": { "required": ["forbidden"] },
        "properties": {
            "parent": { "anyOf": [{ "$ref": "#/components/schemas/T" }, { "type": "null" }] },
            "children": { "type": "array", "items": { "$ref": "#/components/schemas/T" } },
        },
    }))
    .unwrap();
    assert!(!schema.graph.is_explosive());
    let value = json!({ "parent": null, "children": [{ "parent": { "children": 1 } }] });
    let told = check(&schema, &value);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].kind, "list_type");
}

#[test]
fn a_million_broken_items_are_told_as_many_as_the_limit_and_quickly() {
    let items = json!({ "anyOf": [{ "type": "string" }, { "type": "array" }] });
    let schema = compile(json!({ "type": "array", "items": items })).unwrap();
    let value = Value::Array(vec![1.into(); 1_000_000]);
    let limits = Limits {
        violations: 3,
        input_bytes: 10,
        ..Limits::default()
    };
    let start = Instant::now();
    let told = check_with(&schema, &value, &limits);
    assert_eq!(told.len(), 3);
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn the_deepest_value_along_the_deepest_schema_fits_a_thread_s_stack() {
    let inner =
        json!({ "properties": { "a": { "$ref": "#/components/schemas/T" } }, "minProperties": 1 });
    let schema = (0..16).fold(inner, |schema, level| {
        let keyword = if level % 2 == 0 { "allOf" } else { "anyOf" };
        json!({ (keyword): [schema] })
    });
    let schema = compile(schema).unwrap();
    let value = (0..127).fold(json!({}), |inner, _| json!({ "a": inner }));
    assert_eq!(check(&schema, &value).len(), 1);
}

#[test]
fn operations_that_refer_to_one_schema_share_it() {
    let document = json!({
        "a": { "$ref": "#/components/schemas/T", "description": "the same" },
        "b": { "$ref": "#/components/schemas/T", "maxLength": 1 },
        "components": { "schemas": { "T": { "type": "string" } } },
    });
    let schemas = Schemas::new(&document).unwrap();
    let shared = schemas.compile("/components/schemas/T").unwrap();
    assert!(Arc::ptr_eq(&shared, &schemas.compile("/a").unwrap()));
    assert!(!Arc::ptr_eq(&shared, &schemas.compile("/b").unwrap()));
}

#[test]
fn the_walk_and_jsonschema_agree_on_what_fits() {
    let schemas = [
        json!(true),
        json!(false),
        json!({ "type": "integer" }),
        json!({ "type": ["string", "null"], "maxLength": 2 }),
        json!({ "type": "number", "minimum": 1, "exclusiveMaximum": 2 }),
        json!({ "multipleOf": 0.5 }),
        json!({ "enum": [1, "a", null, [1.0], { "a": 1 }] }),
        json!({ "const": 1.0 }),
        json!({ "minLength": 2 }),
        json!({ "maxLength": 1 }),
        json!({ "pattern": "^a+$" }),
        json!({ "type": "string", "format": "date" }),
        json!({ "items": { "type": "integer" }, "minItems": 1, "maxItems": 2 }),
        json!({ "prefixItems": [{ "type": "integer" }, { "type": "string" }], "items": false }),
        json!({ "prefixItems": [{ "type": "integer" }], "items": { "type": "string" }, "minItems": 2 }),
        json!({ "uniqueItems": true }),
        json!({ "contains": { "const": 1 }, "maxContains": 1 }),
        json!({ "required": ["a"], "properties": { "a": { "type": "integer" } } }),
        json!({ "properties": { "a": true }, "additionalProperties": false }),
        json!({ "additionalProperties": { "type": "integer" }, "minProperties": 1, "maxProperties": 1 }),
        json!({ "patternProperties": { "^a": { "type": "integer" } }, "additionalProperties": false }),
        json!({ "properties": { "a": { "type": "number" } }, "patternProperties": { "a": { "minimum": 2 } } }),
        json!({ "propertyNames": { "maxLength": 1 } }),
        json!({ "anyOf": [{ "type": "integer" }, { "minLength": 2 }, { "type": "null" }] }),
        json!({ "oneOf": [{ "type": "integer" }, { "minimum": 2 }] }),
        json!({ "allOf": [{ "minimum": 1 }, { "maximum": 1 }] }),
        json!({ "not": { "type": "integer" } }),
        json!({ "if": { "type": "object" }, "then": { "required": ["a"] }, "else": { "type": "array" } }),
    ];
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(1.0),
        json!(1.5),
        json!(2),
        json!(1e30),
        json!(-1),
        json!(""),
        json!("a"),
        json!("aa"),
        json!("äö"),
        json!("2024-01-31"),
        json!("2024-02-31"),
        json!([]),
        json!([1]),
        json!([1.0]),
        json!([1, 1]),
        json!([1, "a"]),
        json!(["a", 1]),
        json!([1, "a", "b"]),
        json!({}),
        json!({ "a": 1 }),
        json!({ "a": 3 }),
        json!({ "a": "x" }),
        json!({ "b": 1 }),
        json!({ "a": 1, "ab": 2 }),
    ];
    for described in &schemas {
        let schema = compile(described.clone()).unwrap();
        for value in &values {
            let mut violations = Violations::new(&Limits::default());
            let large = Large::default();
            super::Walk::new(&schema.graph, &large, &[], &mut violations).judge(value);
            let walked = violations.is_empty();
            assert_eq!(
                walked,
                schema.validator.is_valid(value),
                "{described} {value}"
            );
        }
    }
}

#[test]
fn an_address_of_the_internet_is_told_in_pydantic_s_words() {
    for (format, sent, kind) in [
        ("ipv4", json!("1.2.3"), "ip_v4_address"),
        ("ipv4", json!(null), "ip_v4_address"),
        ("ipv6", json!("::g"), "ip_v6_address"),
    ] {
        let schema = json!({ "type": "string", "format": format });
        assert_eq!(told(schema, sent.clone())[0]["type"], kind, "{sent}");
    }
}
