//! Showing values in violations without showing secrets.

use serde_json::Value;

use super::graph::Graph;
use crate::large::Large;
use crate::violations::shorten;

/// What stands for the value of a secret.
pub(crate) const HIDDEN: &str = "**********";

/// A value as a violation shows it, without secrets.
pub(super) fn shown(graph: &Graph, value: &Value, large: &Large, most: usize) -> Value {
    let mut shown = shorten(value, large, most);
    if graph.has_secrets() && (value.is_array() || value.is_object()) {
        if shown.is_string() {
            // Cut, so the secret may be anywhere in it.
            return "…".into();
        }
        hide(graph, &mut shown);
    }
    shown
}

fn hide(graph: &Graph, value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| hide(graph, item)),
        Value::Object(map) => {
            for (name, field) in map {
                if graph.is_secret(name) {
                    *field = HIDDEN.into();
                } else {
                    hide(graph, field);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
