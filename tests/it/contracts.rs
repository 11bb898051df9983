//! Contracts for the test guests.

use serde_json::{Value, json};

/// A contract of these operations, each `GET /ID?n=` with `operationId` ID.
pub(crate) fn of(operations: &[&str]) -> String {
    let paths: serde_json::Map<String, Value> = operations
        .iter()
        .map(|id| {
            let mut get = operation(id);
            get["parameters"] =
                json!([{ "name": "n", "in": "query", "schema": { "type": "integer" } }]);
            (format!("/{id}"), json!({ "get": get }))
        })
        .collect();
    with_paths(&Value::Object(paths))
}

/// A contract with these `paths`.
pub(crate) fn with_paths(paths: &Value) -> String {
    json!({ "openapi": "3.1.0", "info": { "title": "Test", "version": "1" }, "paths": paths })
        .to_string()
}

/// An operation that anything answers.
pub(crate) fn operation(id: &str) -> Value {
    json!({ "operationId": id, "responses": { "200": { "description": "Anything" } } })
}
