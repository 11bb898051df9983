//! Schemas in FastAPI's spelling: what schemars says of a type in another way, or what JSON Schema has no word for and the
//! host knows by an `x-switchback-…`.

use serde_json::{Map, Value};

use crate::contract::object;

const DECIMAL: &str = "x-switchback-decimal";

/// What a decimal may have under [`DECIMAL`], and what the attributes write of it.
const OF_DECIMALS: [(&str, &str); 2] = [
    ("max_digits", "x-switchback-max-digits"),
    ("decimal_places", "x-switchback-decimal-places"),
];

/// What schemars says of a decimal that is read, and of one that is written.
const DECIMAL_READ: &str = r"^-?\d+(\.\d+)?([eE]\d+)?$";
const DECIMAL_WRITTEN: &str = r"^-?\d+(\.\d+)?$";

/// Limits of a number.
const LIMITS: [&str; 5] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
];

/// Those that a date, a time or a duration may have, by their names there.
const LIMITS_OF_TIME: [(&str, &str); 4] = [
    ("gt", "exclusiveMinimum"),
    ("ge", "minimum"),
    ("lt", "exclusiveMaximum"),
    ("le", "maximum"),
];

/// What schemars says of keys that are integers, and what they are.
const KEYS: [(&str, &str); 2] = [(r"^-?\d+$", "int64"), (r"^\d+$", "uint64")];

/// Spells all schemas in there as FastAPI does.
pub(crate) fn as_fastapi(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(as_fastapi),
        Value::Object(map) => {
            decimal(map);
            time(map);
            integer_keys(map);
            told_apart(map);
            if map.get("default") == Some(&Value::Null) {
                map.shift_remove("default");
            }
            for (key, value) in map.iter_mut() {
                // Values, not schemas.
                if !["const", "enum", "default", "example", "examples"].contains(&&**key) {
                    as_fastapi(value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// In what is answered, a field that has a default, or may be null, is as optional as where it is sent.
pub(crate) fn optional(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    let Some(Value::Object(properties)) = map.get("properties") else {
        return;
    };
    let may_be_left_out: Vec<String> = properties
        .iter()
        .filter(|(_, schema)| schema.get("default").is_some() || takes_null(schema))
        .map(|(name, _)| name.clone())
        .collect();
    if let Some(Value::Array(required)) = map.get_mut("required") {
        required.retain(|name| !may_be_left_out.iter().any(|known| name == known.as_str()));
        if required.is_empty() {
            map.shift_remove("required");
        }
    }
}

fn takes_null(schema: &Value) -> bool {
    let has_null = |key: &str| {
        let kinds = schema.get(key).and_then(Value::as_array);
        let mut kinds = kinds.into_iter().flatten();
        kinds.any(|kind| kind == "null" || kind.get("type").is_some_and(|kind| kind == "null"))
    };
    has_null("type") || has_null("anyOf")
}

/// A number or a text, and the word by which the host knows that it is a decimal.
fn decimal(map: &mut Map<String, Value>) {
    match map.get("pattern").and_then(Value::as_str) {
        Some(DECIMAL_READ) => {
            let kinds = map.get("type").and_then(Value::as_array);
            let Some(kinds) = kinds.filter(|kinds| kinds.iter().any(|kind| kind == "number"))
            else {
                return;
            };
            let mut branches = Vec::new();
            for kind in ["number", "string", "null"] {
                if kinds.iter().any(|known| known == kind) {
                    branches.push(object([("type", kind.into())]));
                }
            }
            map.insert("anyOf".to_owned(), Value::Array(branches));
            map.insert(DECIMAL.to_owned(), object([]));
            map.shift_remove("type");
            map.shift_remove("pattern");
        }
        Some(DECIMAL_WRITTEN) => {
            // A text has no least and no greatest.
            for limit in LIMITS.into_iter().chain(["pattern"]) {
                map.shift_remove(limit);
            }
        }
        _ => {}
    }
    for (name, written) in OF_DECIMALS {
        let Some(value) = map.shift_remove(written) else {
            continue;
        };
        if let Some(rules) = map.get_mut(DECIMAL) {
            rules[name] = value;
        }
    }
    if !map.contains_key(DECIMAL) {
        return;
    }
    for limit in LIMITS {
        let Some(value) = map.shift_remove(limit) else {
            continue;
        };
        let branches = map.get_mut("anyOf").and_then(Value::as_array_mut);
        for branch in branches.into_iter().flatten() {
            if branch.get("type").is_some_and(|kind| kind == "number") {
                branch[limit] = value.clone();
            }
        }
    }
}

/// Limits of a date, a time or a duration, and what else is wanted of it, under the word by which the host knows them.
fn time(map: &mut Map<String, Value>) {
    let mut said = Map::new();
    for (name, keyword) in LIMITS_OF_TIME {
        if map.get(keyword).is_some_and(Value::is_string)
            && let Some(limit) = map.shift_remove(keyword)
        {
            said.insert(name.to_owned(), limit);
        }
    }
    for (keyword, name, value) in [
        ("x-switchback-past", "now", "past".into()),
        ("x-switchback-future", "now", "future".into()),
        ("x-switchback-aware", "zone", Value::Bool(true)),
        ("x-switchback-naive", "zone", Value::Bool(false)),
    ] {
        if map.shift_remove(keyword) == Some(Value::Bool(true)) {
            said.insert(name.to_owned(), value);
        }
    }
    if !said.is_empty() {
        map.insert("x-switchback-time".to_owned(), Value::Object(said));
    }
}

/// Keys that are parsed, where schemars has a pattern.
fn integer_keys(map: &mut Map<String, Value>) {
    if map.get("additionalProperties") != Some(&Value::Bool(false))
        || map.contains_key("properties")
    {
        return;
    }
    let Some(Value::Object(patterns)) = map.get_mut("patternProperties") else {
        return;
    };
    let found = KEYS.into_iter().find_map(|(pattern, format)| {
        let is_only = patterns.len() == 1;
        Some((
            patterns.get_mut(pattern).filter(|_| is_only)?.take(),
            format,
        ))
    });
    let Some((value, format)) = found else { return };
    map.shift_remove("patternProperties");
    map.insert("additionalProperties".to_owned(), value);
    let keys = object([("type", "integer".into()), ("format", format.into())]);
    map.insert("x-switchback-keys".to_owned(), keys);
}

/// What is told apart by a field is one of several: `oneOf`.
fn told_apart(map: &mut Map<String, Value>) {
    if map.contains_key("discriminator")
        && let Some(branches) = map.shift_remove("anyOf")
    {
        map.insert("oneOf".to_owned(), branches);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spelled(mut schema: Value) -> Value {
        as_fastapi(&mut schema);
        schema
    }

    #[test]
    fn limits_of_a_date_are_texts_under_a_word_of_their_own() {
        let schema = json!({
            "type": "string", "format": "date-time", "minimum": "2024-01-01T00:00:00Z",
            "x-switchback-past": true, "x-switchback-aware": true, "x-switchback-naive": false,
        });
        assert_eq!(
            spelled(schema),
            json!({
                "type": "string", "format": "date-time",
                "x-switchback-time": { "ge": "2024-01-01T00:00:00Z", "now": "past", "zone": true },
            })
        );
        let number = json!({ "type": "integer", "minimum": 1 });
        assert_eq!(spelled(number.clone()), number);
    }

    #[test]
    fn a_decimal_is_a_number_or_a_text_with_its_limits_at_the_number() {
        let schema = json!({
            "type": ["string", "number", "null"], "pattern": DECIMAL_READ, "exclusiveMinimum": 0,
            "x-switchback-max-digits": 5, "title": "T",
        });
        assert_eq!(
            spelled(schema),
            json!({
                "anyOf": [{ "type": "number", "exclusiveMinimum": 0 }, { "type": "string" }, { "type": "null" }],
                "x-switchback-decimal": { "max_digits": 5 }, "title": "T",
            })
        );
        let written = json!({ "type": "string", "pattern": DECIMAL_WRITTEN });
        assert_eq!(spelled(written), json!({ "type": "string" }));
    }

    #[test]
    fn keys_that_are_integers_are_parsed_not_matched() {
        let schema = json!({
            "type": "object", "patternProperties": { r"^\d+$": { "type": "string" } }, "additionalProperties": false,
        });
        assert_eq!(
            spelled(schema),
            json!({
                "type": "object", "additionalProperties": { "type": "string" },
                "x-switchback-keys": { "type": "integer", "format": "uint64" },
            })
        );
    }

    #[test]
    fn an_author_s_own_pattern_stays() {
        let schema = json!({
            "type": "object", "properties": { "type": { "type": "string", "pattern": "^a" } },
            "patternProperties": { "^x-": true }, "additionalProperties": false,
        });
        assert_eq!(spelled(schema.clone()), schema);
    }
}
