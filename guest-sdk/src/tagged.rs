//! Enums that serde tags by a field, `#[serde(tag = "kind")]`, as OpenAPI tells them apart: each variant is a schema of its
//! own, and a `discriminator` says which tag is which.

use serde_json::{Map, Value};

use crate::contract::object;

/// Gives each tagged enum among the definitions its `discriminator`. `place` is where references to definitions point.
pub(crate) fn told_apart(definitions: &mut Map<String, Value>, place: &str) {
    let names: Vec<String> = definitions.keys().cloned().collect();
    for name in names {
        let Some(property) = definitions.get(&name).and_then(property) else {
            continue;
        };
        let mut schema = definitions[&name].take();
        let mut mapping = object([]);
        let branches = schema.get_mut("oneOf").and_then(Value::as_array_mut);
        for branch in branches.into_iter().flatten() {
            let tag = tag(branch, &property).unwrap_or_default().to_owned();
            let mut variant = format!("{name}{}", capitalised(&tag));
            while definitions.contains_key(&variant) {
                variant.push('_');
            }
            let reference = format!("{place}{variant}");
            mapping[tag] = reference.clone().into();
            let whole = std::mem::replace(branch, object([("$ref", reference.into())]));
            definitions.insert(variant, whole);
        }
        schema["discriminator"] = object([("propertyName", property.into()), ("mapping", mapping)]);
        definitions[&name] = schema;
    }
}

/// The field by which all branches are told apart: each must have it, as another text.
fn property(schema: &Value) -> Option<String> {
    if schema.get("discriminator").is_some() {
        return None;
    }
    let branches = schema.get("oneOf")?.as_array()?;
    let candidates = branches.first()?.get("properties")?.as_object()?;
    let mut names = candidates.keys();
    let found = names.find(|name| {
        let mut tags: Vec<&str> = Vec::new();
        for branch in branches {
            match tag(branch, name) {
                Some(tag) if !tags.contains(&tag) => tags.push(tag),
                _ => return false,
            }
        }
        true
    });
    found.cloned()
}

fn tag<'a>(branch: &'a Value, property: &str) -> Option<&'a str> {
    let required = branch.get("required")?.as_array()?;
    let needed = required.iter().any(|name| name == property);
    let schema = branch.get("properties")?.get(property)?;
    schema.get("const")?.as_str().filter(|_| needed)
}

/// A tag as a part of a name: `red-cat` is `RedCat`.
fn capitalised(tag: &str) -> String {
    let mut name = String::new();
    let mut begins = true;
    for c in tag.chars() {
        match c.is_ascii_alphanumeric() {
            true if begins => name.push(c.to_ascii_uppercase()),
            true => name.push(c),
            false => {}
        }
        begins = !c.is_ascii_alphanumeric();
    }
    name
}
