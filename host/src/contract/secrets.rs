//! What of a request or an answer is not to be kept: the names under which a document has secrets.

use std::collections::BTreeSet;

use serde_json::Value;

use super::outline::{Kind, keys, walk};

/// How deep a schema is looked into for being a secret by one of its parts.
const DEPTH: usize = 8;

/// Names, wherever they stand: a field that is secret in one place is hidden in all.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    /// Of members of objects, fields of forms, parameters of path, query and cookies.
    pub(crate) fields: BTreeSet<String>,
    /// Of headers, in lower case.
    pub(crate) headers: BTreeSet<String>,
    /// Some body is a secret as a whole.
    pub(crate) bodies: bool,
}

impl Secrets {
    /// Whatever has `format: password` or `writeOnly`, and the keys of `securitySchemes`.
    pub(super) fn of(document: &Value) -> Secrets {
        let mut found = Secrets::default();
        let mut see = |kind, value: &Value, at: &str| -> Result<(), ()> {
            found.see(document, kind, value, at);
            Ok(())
        };
        let _ = walk(Kind::Document, document, &mut String::new(), &mut see);
        found
    }

    fn see(&mut self, document: &Value, kind: Kind, value: &Value, at: &str) {
        let secret = || is_secret(document, &value["schema"], DEPTH);
        let text = |key: &str| value[key].as_str().unwrap_or_default();
        match kind {
            Kind::Schema => {
                let properties = value["properties"].as_object().into_iter().flatten();
                for (name, schema) in properties {
                    if is_secret(document, schema, DEPTH) {
                        self.fields.insert(name.clone());
                    }
                }
            }
            Kind::MediaType => self.bodies |= secret(),
            Kind::Parameter if secret() => match text("in") {
                "header" => drop(self.headers.insert(text("name").to_lowercase())),
                // A header of an answer: its name is its key.
                "" => self
                    .headers
                    .extend(keys(at).pop().map(|name| name.to_lowercase())),
                _ => drop(self.fields.insert(text("name").to_owned())),
            },
            Kind::SecurityScheme => match text("in") {
                "header" => drop(self.headers.insert(text("name").to_lowercase())),
                "" => {}
                _ => drop(self.fields.insert(text("name").to_owned())),
            },
            _ => {}
        }
    }

    /// These and those of another document.
    pub(super) fn with(mut self, other: Secrets) -> Secrets {
        self.fields.extend(other.fields);
        self.headers.extend(other.headers);
        self.bodies |= other.bodies;
        self
    }
}

fn is_secret(document: &Value, schema: &Value, depth: usize) -> bool {
    if depth == 0 {
        return false;
    }
    let target = schema["$ref"].as_str().and_then(|reference| {
        let pointer = reference.strip_prefix('#')?;
        document.pointer(pointer)
    });
    let inner = |schema: &Value| is_secret(document, schema, depth - 1);
    schema["writeOnly"] == true
        || schema["format"] == "password"
        || target.is_some_and(inner)
        || schema.get("items").is_some_and(inner)
        || ["anyOf", "oneOf", "allOf"].iter().any(|list| {
            let list = schema[list].as_array().into_iter().flatten();
            list.into_iter().any(inner)
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_known_by_its_name_wherever_the_document_says_that_it_is_one() {
        let password = json!({ "type": "string", "format": "password" });
        let document = json!({
            "paths": { "/x": { "post": {
                "parameters": [
                    { "name": "code", "in": "query", "schema": { "$ref": "#/components/schemas/Code" } },
                    { "name": "X-Key", "in": "header", "schema": password },
                    { "name": "open", "in": "query", "schema": { "type": "string" } },
                ],
                "responses": { "200": { "description": "", "headers": { "X-New-Key": { "schema": password } } } },
            } } },
            "components": {
                "schemas": {
                    "Code": { "anyOf": [{ "type": "string", "writeOnly": true }, { "type": "null" }] },
                    "User": { "type": "object", "properties": {
                        "name": { "type": "string" },
                        "passwords": { "type": "array", "items": password },
                    } },
                },
                "securitySchemes": {
                    "key": { "type": "apiKey", "in": "query", "name": "api_key" },
                    "head": { "type": "apiKey", "in": "header", "name": "X-Api" },
                    "basic": { "type": "http", "scheme": "basic" },
                },
            },
        });
        let found = Secrets::of(&document);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(found.fields, names(&["api_key", "code", "passwords"]));
        assert_eq!(found.headers, names(&["x-api", "x-key", "x-new-key"]));
        assert!(!found.bodies);
    }
}
