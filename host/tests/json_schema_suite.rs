//! The official JSON-Schema-Test-Suite, draft 2020-12, through the door that requests come by: a contract whose body has
//! the schema, and a body to check (see `tests/golden/json-schema-test-suite/README.md`).

// Its helpers are tests as well, though clippy cannot tell.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use switchback::{Checks, GuestAnswer, Limits};

type Suite = BTreeMap<String, Vec<Group>>;

#[derive(Deserialize)]
struct Group {
    description: String,
    schema: Value,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    description: String,
    data: Value,
    valid: bool,
}

/// What is known to be otherwise than the suite has it.
#[derive(Deserialize)]
struct Known {
    /// Schemas that are refused: by the words that say why, `FILE: GROUP`.
    refused: BTreeMap<String, BTreeSet<String>>,
    /// Values that are taken for valid or not against the suite: by reason, `FILE: GROUP: CASE`.
    different: BTreeMap<String, BTreeSet<String>>,
}

#[test]
fn required_cases_hold() {
    let suite = include_str!("golden/json-schema-test-suite/required.json");
    holds(
        suite,
        include_str!("golden/json-schema-test-suite/required-known.json"),
    );
}

#[test]
fn formats_are_enforced() {
    let suite = include_str!("golden/json-schema-test-suite/formats.json");
    holds(
        suite,
        include_str!("golden/json-schema-test-suite/formats-known.json"),
    );
}

fn holds(suite: &str, known: &str) {
    let suite: Suite = serde_json::from_str(suite).unwrap();
    let known: Known = serde_json::from_str(known).unwrap();
    let (mut same, mut refused, mut different) = (0, BTreeMap::new(), BTreeSet::new());
    for (file, groups) in &suite {
        for group in groups {
            let place = format!("{}: {}", file.trim_end_matches(".json"), group.description);
            match Checks::new(&contract(&group.schema), Limits::default()) {
                Ok(checks) => {
                    for case in &group.tests {
                        if is_valid(&checks, &case.data) == case.valid {
                            same += 1;
                        } else {
                            different.insert(format!("{place}: {}", case.description));
                        }
                    }
                }
                Err(error) => drop(refused.insert(place, error.to_string())),
            }
        }
    }
    println!(
        "{same} cases hold, {} differ, {} schemas are refused",
        different.len(),
        refused.len()
    );
    let mut wrong = Vec::new();
    let mut expected: BTreeSet<&String> = known.different.values().flatten().collect();
    for case in &different {
        if !expected.remove(case) {
            wrong.push(format!("differs: {case}"));
        }
    }
    wrong.extend(
        expected
            .iter()
            .map(|case| format!("no longer differs: {case}")),
    );
    for (words, places) in &known.refused {
        for place in places {
            match refused.remove(place) {
                Some(why) if why.contains(words.as_str()) => {}
                Some(why) => wrong.push(format!("refused in other words: {place}: {why}")),
                None => wrong.push(format!("no longer refused: {place}")),
            }
        }
    }
    wrong.extend(
        refused
            .iter()
            .map(|(place, why)| format!("refused: {place}: {why}")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn is_valid(checks: &Checks, data: &Value) -> bool {
    let request = http::Request::post("/").header("content-type", "application/json");
    let request = request.body(data.to_string().into()).unwrap();
    let answer = checks.dispatch(request, |_| GuestAnswer {
        status: 204,
        headers: Vec::new(),
        body: "".into(),
    });
    match answer.status().as_u16() {
        204 => true,
        422 => false,
        other => panic!("answered {other}"),
    }
}

fn contract(schema: &Value) -> String {
    let mut schema = schema.clone();
    refer_within(&mut schema, "#/components/schemas/T");
    let body = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/T" } } });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Suite", "version": "1" },
        "paths": { "/": { "post": { "requestBody": { "content": body, "required": true }, "responses": {} } } },
        "components": { "schemas": { "T": schema } },
    })
    .to_string()
}

/// In an OpenAPI document a `$ref` begins at the document's root, in the suite at the schema's.
fn refer_within(schema: &mut Value, root: &str) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(target) if key == "$ref" => {
                        let within = target
                            .strip_prefix('#')
                            .filter(|at| at.is_empty() || at.starts_with('/'));
                        if let Some(at) = within {
                            *target = format!("{root}{at}");
                        }
                    }
                    // Data, not schemas.
                    _ if key == "const" || key == "enum" => {}
                    value => refer_within(value, root),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer_within(item, root)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
