//! What a document shows to whom. An operation or a parameter with `x-switchback-audience: ["partners"]` is for those
//! readers, with an empty list for nobody; both are served and checked like any other. What is published is the public
//! set; what only the others use is left out with them.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::operation::is_for;
use super::outline::METHODS;

/// Takes out of a document what is for others than these readers, who are shown what is public as well.
pub(super) fn keep_for(document: &mut Value, audience: &str) {
    let mut hidden = false;
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        for item in paths.values_mut().filter_map(Value::as_object_mut) {
            hidden |= parameters(item, audience);
            let before = item.len();
            item.retain(|key, one| !METHODS.contains(&key.as_str()) || is_shown(one, audience));
            hidden |= item.len() < before;
            for operation in item.values_mut().filter_map(Value::as_object_mut) {
                hidden |= parameters(operation, audience);
            }
        }
        paths.retain(|path, item| path.starts_with("x-") || serves(item));
    }
    if hidden {
        prune(document);
    }
}

/// Whether a path item has an operation, or refers to one that does.
fn serves(item: &Value) -> bool {
    let has = |key: &str| item.get(key).is_some();
    has("$ref") || METHODS.iter().any(|method| has(method))
}

/// Takes out the parameters that are for others, and says whether there were any.
fn parameters(holder: &mut Map<String, Value>, audience: &str) -> bool {
    let Some(Value::Array(parameters)) = holder.get_mut("parameters") else {
        return false;
    };
    let before = parameters.len();
    parameters.retain(|parameter| is_shown(parameter, audience));
    let fewer = parameters.len() < before;
    if parameters.is_empty() {
        holder.remove("parameters");
    }
    fewer
}

fn is_shown(described: &Value, audience: &str) -> bool {
    let described = described.as_object();
    described.is_none_or(|described| is_for(described, audience))
}

/// Takes out the schemas that nothing refers to any more, directly or by another.
fn prune(document: &mut Value) {
    let schemas = match document.pointer_mut("/components/schemas").map(Value::take) {
        Some(Value::Object(schemas)) => schemas,
        _ => return,
    };
    let mut used = HashSet::new();
    let mut found = Vec::new();
    mentioned(document, &mut found);
    while let Some(name) = found.pop() {
        if let Some(schema) = schemas.get(&name)
            && used.insert(name)
        {
            mentioned(schema, &mut found);
        }
    }
    let kept: Map<String, Value> = schemas
        .into_iter()
        .filter(|(name, _)| used.contains(name))
        .collect();
    if let Some(place) = document.pointer_mut("/components/schemas") {
        *place = kept.into();
    }
}

/// The names of all schemas that any text in it points to: `$ref`s, and the mappings of discriminators.
fn mentioned(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Some(rest) = text.strip_prefix("#/components/schemas/") {
                let name = rest.split('/').next().unwrap_or_default();
                found.push(name.replace("~1", "/").replace("~0", "~"));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| mentioned(item, found)),
        Value::Object(map) => map.values().for_each(|value| mentioned(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::operation::PUBLIC;
    use super::*;

    #[test]
    fn what_is_not_public_is_left_out_with_what_only_it_uses() {
        let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let answers = |name: &str| json!({ "200": { "content": { "application/json": { "schema": reference(name) } } } });
        let mut document = json!({
            "paths": {
                "/a": {
                    "get": { "responses": answers("A"), "parameters": [
                        { "name": "shown", "in": "query" },
                        { "name": "hidden", "in": "query", "x-switchback-audience": [] },
                    ] },
                    "post": { "responses": answers("B"), "x-switchback-audience": ["partners"] },
                    "put": { "responses": {}, "x-switchback-audience": ["partners", "public"] },
                },
                "/b": { "get": { "responses": answers("B"), "x-switchback-audience": [] } },
            },
            "components": { "schemas": {
                "A": { "properties": { "c": reference("C") } },
                "B": { "properties": { "c": reference("C"), "d": reference("D") } },
                "C": {},
                "D": {},
            } },
        });
        keep_for(&mut document, PUBLIC);
        assert_eq!(
            document,
            json!({
                "paths": { "/a": {
                    "get": { "responses": answers("A"), "parameters": [{ "name": "shown", "in": "query" }] },
                    "put": { "responses": {}, "x-switchback-audience": ["partners", "public"] },
                } },
                "components": { "schemas": { "A": { "properties": { "c": reference("C") } }, "C": {} } },
            })
        );
    }

    #[test]
    fn schemas_that_nothing_uses_stay_where_nothing_is_hidden() {
        let mut document = json!({ "paths": {}, "components": { "schemas": { "Unused": {} } } });
        let before = document.clone();
        keep_for(&mut document, PUBLIC);
        assert_eq!(document, before);
    }
}
