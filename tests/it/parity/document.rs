//! Two OpenAPI documents that mean the same: what they may spell differently is made one, then they are compared place by place.

use serde_json::{Map, Value, json};

/// Where the documents differ, as JSON pointers into FastAPI's, and how.
pub(crate) fn differences(theirs: &Value, ours: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    compare("", &normal(theirs), &normal(ours), &mut found);
    found
}

fn compare(place: &str, theirs: &Value, ours: &Value, found: &mut Vec<(String, String)>) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            let more = ours.keys().filter(|key| !theirs.contains_key(*key));
            for key in theirs.keys().chain(more) {
                let place = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
                match (theirs.get(key), ours.get(key)) {
                    (Some(theirs), Some(ours)) => compare(&place, theirs, ours, found),
                    (Some(theirs), None) => found.push((place, format!("lacks {theirs}"))),
                    (_, ours) => {
                        found.push((place, format!("adds {}", Value::from(ours.cloned()))))
                    }
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
            for (index, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                compare(&format!("{place}/{index}"), theirs, ours, found);
            }
        }
        (Value::Number(theirs), Value::Number(ours)) if theirs.as_f64() == ours.as_f64() => {}
        _ if theirs == ours => {}
        _ => found.push((place.to_owned(), format!("{ours}, not {theirs}"))),
    }
}

/// The document with its schemas written out where they are used, without what may be spelt in several ways.
fn normal(document: &Value) -> Value {
    let mut normal = written_out(document, document, &mut Vec::new());
    if let Some(components) = normal.get_mut("components").and_then(Value::as_object_mut) {
        components.remove("schemas");
    }
    let root = normal.as_object_mut().expect("a document is an object");
    if root.get("servers") == Some(&json!([{"url": "/"}])) {
        root.shift_remove("servers");
    }
    root.retain(|key, value| {
        key != "components" || value.as_object().is_some_and(|all| !all.is_empty())
    });
    for paths in ["paths", "webhooks"] {
        for (_, item) in root
            .get_mut(paths)
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten()
        {
            for (_, operation) in item.as_object_mut().into_iter().flatten() {
                without_defaults(operation);
            }
        }
    }
    normal
}

/// Takes from an operation what each framework gives a name of its own: its id, and the shape of a 422.
fn without_defaults(operation: &mut Value) {
    let Some(operation) = operation.as_object_mut() else {
        return;
    };
    operation.shift_remove("operationId");
    if let Some(parameters) = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut)
    {
        parameters.sort_by_key(|parameter| format!("{} {}", parameter["in"], parameter["name"]));
        for parameter in parameters {
            sent_as_text(&mut parameter["schema"]);
        }
    }
    for form in ["application/x-www-form-urlencoded", "multipart/form-data"] {
        let form = form.replace('/', "~1");
        let body = operation.get_mut("requestBody");
        let form =
            body.and_then(|body| body.pointer_mut(&format!("/content/{form}/schema/properties")));
        let fields = form.and_then(Value::as_object_mut).into_iter().flatten();
        fields.for_each(|(_, schema)| sent_as_text(schema));
    }
    for (_, item) in operation
        .get_mut("callbacks")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        for (_, item) in item.as_object_mut().into_iter().flatten() {
            for (_, operation) in item.as_object_mut().into_iter().flatten() {
                without_defaults(operation);
            }
        }
    }
}

/// A parameter and a field of a form are never null: that they may be left out is told beside their schemas.
fn sent_as_text(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    schema.shift_remove("nullable");
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.retain(|value| !value.is_null());
    }
}

/// Copies with each `$ref` replaced by what it points to, in `around` those that are being written out.
fn written_out(value: &Value, document: &Value, around: &mut Vec<String>) -> Value {
    match value {
        Value::Object(map) => match map.get("$ref").and_then(Value::as_str) {
            // A schema that contains itself: how many steps up it begins again.
            Some(target) if around.iter().any(|known| known == target) => {
                let up = around.iter().rev().position(|known| known == target);
                Value::from(format!("again, {} up", up.expect("it is around")))
            }
            Some(target) => {
                let found = document.pointer(target.trim_start_matches('#'));
                let mut whole = found.cloned().unwrap_or(Value::Null);
                if let Value::Object(whole) = &mut whole {
                    let beside = map.iter().filter(|(key, _)| *key != "$ref");
                    whole.extend(beside.map(|(key, value)| (key.clone(), value.clone())));
                }
                around.push(target.to_owned());
                let whole = written_out(&whole, document, around);
                around.pop();
                whole
            }
            None => {
                let entries = map.iter().filter(|(key, value)| counts(key, value));
                let entries =
                    entries.map(|(key, value)| (key.clone(), written_out(value, document, around)));
                Value::Object(simple(entries.collect()))
            }
        },
        Value::Array(values) => values
            .iter()
            .map(|value| written_out(value, document, around))
            .collect(),
        other => other.clone(),
    }
}

/// Whether an entry means anything: titles of schemas and the number formats of OpenAPI do not.
fn counts(key: &str, value: &Value) -> bool {
    const NUMBERS: [&str; 12] = [
        "int8", "int16", "int32", "int64", "int128", "uint8", "uint16", "uint32", "uint64",
        "uint128", "float", "double",
    ];
    match (key, value) {
        ("title", Value::String(_)) => false,
        ("format", Value::String(format)) => !NUMBERS.contains(&&**format),
        _ => !key.starts_with("x-switchback-"),
    }
}

/// One spelling of what may be anything, of a file, of nullability, of a single value and of required properties.
fn simple(mut map: Map<String, Value>) -> Map<String, Value> {
    for key in ["schema", "items", "additionalProperties"] {
        if map.get(key) == Some(&Value::Bool(true)) {
            map.insert(key.into(), json!({}));
        }
    }
    if let Some(Value::Object(tags)) = map.get_mut("mapping") {
        for target in tags.values_mut() {
            if let Some(name) = target.as_str().filter(|name| !name.contains('/')) {
                *target = format!("#/components/schemas/{name}").into();
            }
        }
    }
    if map.get("format").is_some_and(|format| format == "binary") {
        map.shift_remove("format");
        map.insert("contentMediaType".into(), "application/octet-stream".into());
    }
    if let Some(Value::Array(choices)) = map.get("anyOf")
        && choices.iter().any(|choice| choice["type"] == "null")
    {
        let others: Vec<Value> = choices
            .iter()
            .filter(|choice| choice["type"] != "null")
            .cloned()
            .collect();
        map.shift_remove("anyOf");
        match <[Value; 1]>::try_from(others) {
            Ok([Value::Object(only)]) => {
                for (key, value) in only {
                    map.entry(key).or_insert(value);
                }
            }
            Ok([only]) => drop(map.insert("anyOf".into(), vec![only].into())),
            Err(others) => drop(map.insert("anyOf".into(), others.into())),
        }
        map.insert("nullable".into(), true.into());
    }
    if let Some(Value::Array(types)) = map.get("type")
        && types.iter().any(|kind| kind == "null")
        && let [one] = &*types
            .iter()
            .filter(|kind| *kind != "null")
            .cloned()
            .collect::<Vec<_>>()
    {
        map.insert("type".into(), one.clone());
        map.insert("nullable".into(), true.into());
    }
    if let Some(Value::Array(values)) = map.get("enum")
        && let [one] = &values[..]
    {
        map.insert("const".into(), one.clone());
        map.shift_remove("enum");
    }
    if map.get("required") == Some(&Value::Bool(false)) {
        map.shift_remove("required");
    }
    if let Some(Value::Array(required)) = map.get_mut("required") {
        required.sort_by_key(Value::to_string);
    }
    map
}
