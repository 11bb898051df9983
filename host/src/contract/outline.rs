//! What stands where in an OpenAPI document: the one table by which a document is walked, so that a `$ref` in an
//! example or a property called `$id` is not taken for what it is not.

use serde_json::Value;

/// The methods that a path item can have, by their keys.
pub(super) const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// The sections of `components`, by their keys.
pub(super) const COMPONENTS: [&str; 10] = [
    "schemas",
    "responses",
    "parameters",
    "examples",
    "requestBodies",
    "headers",
    "securitySchemes",
    "links",
    "callbacks",
    "pathItems",
];

/// What an object in a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Document,
    Components,
    PathItem,
    Operation,
    /// A header, too: it has the same parts.
    Parameter,
    RequestBody,
    Response,
    MediaType,
    Encoding,
    Callback,
    Link,
    Example,
    SecurityScheme,
    /// `{"scheme": ["scope"]}`
    Requirement,
    Schema,
}

/// What is under a key.
enum Inside {
    One(Kind),
    /// A list, or a map from names.
    Each(Kind),
    /// Nothing that refers to anything.
    Data,
}

use Inside::{Data, Each, One};

impl Kind {
    fn inside(self, key: &str) -> Inside {
        match (self, key) {
            (Kind::Document, "paths" | "webhooks") => Each(Kind::PathItem),
            (Kind::Document, "components") => One(Kind::Components),
            (Kind::Document | Kind::Operation, "security") => Each(Kind::Requirement),
            (Kind::Components, section) => section_kind(section).map_or(Data, Each),
            (Kind::PathItem, method) if METHODS.contains(&method) => One(Kind::Operation),
            (Kind::PathItem | Kind::Operation, "parameters") => Each(Kind::Parameter),
            (Kind::Operation, "requestBody") => One(Kind::RequestBody),
            (Kind::Operation, "responses") => Each(Kind::Response),
            (Kind::Operation, "callbacks") => Each(Kind::Callback),
            (Kind::Callback, key) if key != "$ref" && !key.starts_with("x-") => One(Kind::PathItem),
            (Kind::Parameter | Kind::MediaType, "schema") => One(Kind::Schema),
            // Of OpenAPI 3.2: what each item of a sequence is, as FastAPI describes its streams.
            (Kind::MediaType, "itemSchema") => One(Kind::Schema),
            (Kind::Parameter | Kind::MediaType, "examples") => Each(Kind::Example),
            (Kind::Parameter | Kind::RequestBody | Kind::Response, "content") => {
                Each(Kind::MediaType)
            }
            (Kind::MediaType, "encoding") => Each(Kind::Encoding),
            (Kind::Response | Kind::Encoding, "headers") => Each(Kind::Parameter),
            (Kind::Response, "links") => Each(Kind::Link),
            (
                Kind::Schema,
                "properties" | "patternProperties" | "dependentSchemas" | "$defs" | "definitions",
            ) => Each(Kind::Schema),
            (Kind::Schema, "allOf" | "anyOf" | "oneOf" | "prefixItems") => Each(Kind::Schema),
            (
                Kind::Schema,
                "not"
                | "if"
                | "then"
                | "else"
                | "items"
                | "contains"
                | "additionalProperties"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties"
                | "contentSchema",
            ) => One(Kind::Schema),
            _ => Data,
        }
    }

    /// Whether a name in a map of these can be an extension of OpenAPI instead.
    fn has_extensions_beside(self) -> bool {
        matches!(self, Kind::PathItem | Kind::Response)
    }
}

fn section_kind(section: &str) -> Option<Kind> {
    Some(match section {
        "schemas" => Kind::Schema,
        "responses" => Kind::Response,
        "parameters" | "headers" => Kind::Parameter,
        "examples" => Kind::Example,
        "requestBodies" => Kind::RequestBody,
        "securitySchemes" => Kind::SecurityScheme,
        "links" => Kind::Link,
        "callbacks" => Kind::Callback,
        "pathItems" => Kind::PathItem,
        _ => return None,
    })
}

/// Shows every object of a document to `see`, from the top down, each with its JSON pointer.
pub(super) fn walk<'d, E>(
    kind: Kind,
    value: &'d Value,
    pointer: &mut String,
    see: &mut impl FnMut(Kind, &'d Value, &str) -> Result<(), E>,
) -> Result<(), E> {
    see(kind, value, pointer)?;
    let Value::Object(object) = value else {
        return Ok(());
    };
    for (key, value) in object {
        let (kind, each) = match kind.inside(key) {
            One(kind) => (kind, false),
            Each(kind) => (kind, true),
            Data => continue,
        };
        let length = pointer.len();
        push(pointer, key);
        match value {
            Value::Object(entries) if each => {
                for (name, value) in entries {
                    if !(kind.has_extensions_beside() && name.starts_with("x-")) {
                        let length = pointer.len();
                        push(pointer, name);
                        walk(kind, value, pointer, see)?;
                        pointer.truncate(length);
                    }
                }
            }
            Value::Array(items) if each => {
                for (index, value) in items.iter().enumerate() {
                    let length = pointer.len();
                    push(pointer, &index.to_string());
                    walk(kind, value, pointer, see)?;
                    pointer.truncate(length);
                }
            }
            value => walk(kind, value, pointer, see)?,
        }
        pointer.truncate(length);
    }
    Ok(())
}

/// As [`walk`], for changing what is there.
pub(super) fn walk_mut(kind: Kind, value: &mut Value, see: &mut impl FnMut(Kind, &mut Value)) {
    see(kind, value);
    let Value::Object(object) = value else { return };
    for (key, value) in object {
        match (kind.inside(key), value) {
            (Each(kind), Value::Object(entries)) => {
                for (name, value) in entries {
                    if !(kind.has_extensions_beside() && name.starts_with("x-")) {
                        walk_mut(kind, value, see);
                    }
                }
            }
            (Each(kind), Value::Array(items)) => items
                .iter_mut()
                .for_each(|value| walk_mut(kind, value, see)),
            (One(kind) | Each(kind), value) => walk_mut(kind, value, see),
            (Data, _) => {}
        }
    }
}

/// Appends a key to a JSON pointer.
pub(super) fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    for character in key.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// A pointer and one more key.
pub(super) fn join(pointer: &str, key: &str) -> String {
    let mut joined = pointer.to_owned();
    push(&mut joined, key);
    joined
}

/// The keys of a JSON pointer.
pub(super) fn keys(pointer: &str) -> Vec<String> {
    pointer
        .split('/')
        .skip(1)
        .map(|key| key.replace("~1", "/").replace("~0", "~"))
        .collect()
}
