//! Operations made whole: what a document says for all of them, or for a path, is written into each, so that they can
//! stand beside another plugin's in the same document, and even under the same path.

use serde_json::{Map, Value};

use super::outline::METHODS;
use super::refs::local;

/// Writes what belongs to the document or to a path into the operations of its paths.
pub(super) fn flatten(document: &mut Value) {
    let whole = document.clone();
    let Some(Value::Object(paths)) = document.get_mut("paths") else {
        return;
    };
    paths.retain(|path, _| !path.starts_with("x-"));
    let servers: Vec<Value> = whole
        .get("servers")
        .into_iter()
        .flat_map(elsewhere)
        .cloned()
        .collect();
    for item in paths.values_mut() {
        let Some(mut shared) = follow(&whole, item).as_object().cloned() else {
            continue;
        };
        let mut operations = Map::new();
        for method in METHODS {
            let Some(Value::Object(mut operation)) = shared.remove(method) else {
                continue;
            };
            add_parameters(&whole, &mut operation, shared.get("parameters"));
            for (key, of_all) in [
                ("summary", shared.get("summary").cloned()),
                ("description", shared.get("description").cloned()),
                ("security", whole.get("security").cloned()),
                (
                    "servers",
                    shared
                        .get("servers")
                        .cloned()
                        .or_else(|| (!servers.is_empty()).then(|| servers.clone().into())),
                ),
            ] {
                if let Some(value) = of_all {
                    operation.entry(key).or_insert(value);
                }
            }
            operations.insert(method.into(), operation.into());
        }
        *item = operations.into();
    }
}

/// What a `$ref`, or several, lead to; the value itself where there is none.
pub(super) fn follow<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let mut here = value;
    // Circles were refused when the contract was read.
    while let Some(next) = here
        .get("$ref")
        .and_then(|reference| document.pointer(&local(reference).ok()?))
    {
        here = next;
    }
    here
}

/// Those servers that are not this host: what it serves itself, it knows better than the document.
pub(super) fn elsewhere(servers: &Value) -> impl Iterator<Item = &Value> {
    let all = servers.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(|server| {
        server
            .get("url")
            .and_then(Value::as_str)
            .is_some_and(|url| url.contains("://"))
    })
}

/// Appends the path's parameters to the operation's, except those that it declares itself.
fn add_parameters(document: &Value, operation: &mut Map<String, Value>, of_path: Option<&Value>) {
    let Some(of_path) = of_path.and_then(Value::as_array) else {
        return;
    };
    let own = operation
        .entry("parameters")
        .or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(own) = own else { return };
    let key = |parameter: &Value| {
        let parameter = follow(document, parameter);
        (parameter.get("name").cloned(), parameter.get("in").cloned())
    };
    let declared: Vec<_> = own.iter().map(key).collect();
    own.extend(
        of_path
            .iter()
            .filter(|parameter| !declared.contains(&key(parameter)))
            .cloned(),
    );
}
