//! Many contracts → one document, and each one's own as it is published.
//!
//! The merged document depends on nothing but the set of plugins. So everything that is referred to by name carries its
//! plugin's (`items.Item`), whether or not another plugin has the same: who deploys or removes a plugin never renames
//! another's. Tags stay as they are: plugins that use the same one stand under the same heading.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::Contract;
use super::audience::keep_for;
use super::flatten::{elsewhere, flatten};
use super::operation::PUBLIC;
use super::outline::{COMPONENTS, Kind, METHODS, walk_mut};
use super::rename::{Names, rename_path_parameters};
use crate::config::HostConfig;

/// The document of all plugins: `(name, prefix, contract)`, in any order.
pub(crate) fn merge<'a>(
    plugins: impl Iterator<Item = (&'a str, &'a str, &'a Contract)>,
    host: &HostConfig,
) -> Value {
    let mut plugins: Vec<_> = plugins.collect();
    plugins.sort_by_key(|(name, ..)| *name);
    let mut merged = Merged::default();
    for (name, prefix, contract) in plugins {
        merged.add(name, prefix, contract);
    }
    merged.into_document(host)
}

/// The document of one plugin: its own names and paths, with its prefix in `servers`.
pub(crate) fn plugin_document(
    name: &str,
    prefix: &str,
    contract: &Contract,
    host: &HostConfig,
    audience: &str,
) -> Value {
    let mut document = contract.document.clone();
    keep_for(&mut document, audience);
    let refused = document_refusals(&mut document);
    walk_mut(Kind::Document, &mut document, &mut complete);

    let Value::Object(root) = &mut document else {
        return document;
    };
    let info = object(root, "info");
    info.entry("title").or_insert_with(|| name.into());
    info.entry("version").or_insert_with(|| "0.1.0".into());
    object(root, "paths");

    let own = match format!("{}{prefix}", host.base_path) {
        root if root.is_empty() => "/".into(),
        path => path,
    };
    let mut servers = vec![json!({ "url": own })];
    servers.extend(root.get("servers").into_iter().flat_map(elsewhere).cloned());
    root.insert("servers".into(), servers.into());

    if refused {
        let schemas = object(object(root, "components"), "schemas");
        for (name, schema) in refusal_schemas() {
            schemas.entry(name).or_insert(schema);
        }
    }
    document
}

#[derive(Default)]
struct Merged {
    paths: Map<String, Value>,
    /// The path that stands in `paths` for all of its shape: two that differ only in names of parameters are one, unless
    /// both have a method, and differ by the kinds of their parameters.
    by_shape: HashMap<String, String>,
    /// The paths of `paths` and their methods.
    taken: HashSet<(String, String)>,
    webhooks: Map<String, Value>,
    components: Map<String, Value>,
    tags: Vec<Value>,
    /// The names that stand in `tags`.
    headings: HashSet<String>,
    refused: bool,
}

impl Merged {
    fn add(&mut self, plugin: &str, prefix: &str, contract: &Contract) {
        let mut document = contract.document.clone();
        keep_for(&mut document, PUBLIC);
        flatten(&mut document);

        let mut paths = HashMap::new();
        for (path, item) in document
            .get("paths")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let full = format!("{prefix}{path}");
            let methods: Vec<&str> = METHODS
                .into_iter()
                .filter(|method| item.get(method).is_some())
                .collect();
            let first = self
                .by_shape
                .entry(shape(&full))
                .or_insert_with(|| full.clone());
            let at = |path: &str, method: &str| (path.to_owned(), method.to_owned());
            let is_taken = methods
                .iter()
                .any(|method| self.taken.contains(&at(first, method)));
            let merged = if is_taken { full } else { first.clone() };
            self.taken
                .extend(methods.iter().map(|method| at(&merged, method)));
            paths.insert(path.clone(), merged);
        }
        for (path, merged) in &paths {
            rename_path_parameters(&mut document, path, merged);
        }
        let names = Names::new(plugin, paths, &document);
        names.rename(&mut document);
        self.head(plugin, &mut document);
        // After renaming: what is added is the host's own and keeps its names.
        self.refused |= document_refusals(&mut document);
        walk_mut(Kind::Document, &mut document, &mut complete);
        self.take(document, &names);
    }

    /// Puts what has no tag under the plugin's own name, for pages would put all of it under one heading; and takes
    /// over the plugin's tags, of those that several describe the first.
    fn head(&mut self, plugin: &str, document: &mut Value) {
        let mut tags = match document.get_mut("tags").map(Value::take) {
            Some(Value::Array(tags)) => tags,
            _ => Vec::new(),
        };
        if tag_untagged(plugin, document) {
            let mut tag = json!({ "name": plugin });
            if let Some(Value::String(title)) = document.pointer("/info/title")
                && !title.eq_ignore_ascii_case(plugin)
            {
                tag["description"] = title.as_str().into();
            }
            tags.push(tag);
        }
        for tag in tags {
            if let Some(name) = tag["name"].as_str()
                && self.headings.insert(name.into())
            {
                self.tags.push(tag);
            }
        }
    }

    /// Takes over what was renamed already inside, under its new name.
    fn take(&mut self, mut document: Value, names: &Names<'_>) {
        for (path, item) in entries(&mut document, "paths") {
            let Some(merged) = names.path(&path) else {
                continue;
            };
            match self.paths.get_mut(merged) {
                // Another method of a path that is there already.
                Some(Value::Object(known)) => {
                    known.extend(item.as_object().cloned().unwrap_or_default())
                }
                _ => {
                    self.paths.insert(merged.into(), item);
                }
            }
        }
        for (name, webhook) in entries(&mut document, "webhooks") {
            self.webhooks.insert(names.of(&name), webhook);
        }
        for (section, named) in entries(&mut document, "components") {
            let Value::Object(named) = named else {
                continue;
            };
            if !COMPONENTS.contains(&section.as_str()) {
                continue;
            }
            let known = object(&mut self.components, &section);
            for (name, mut component) in named {
                match (section.as_str(), &mut component) {
                    ("schemas", Value::Object(schema)) => {
                        schema
                            .entry("title")
                            .or_insert_with(|| name.as_str().into());
                    }
                    // They are copied to where they are used, and no `operationId` may be there twice.
                    ("pathItems", Value::Object(item)) => {
                        for method in METHODS {
                            if let Some(Value::Object(operation)) = item.get_mut(method) {
                                operation.remove("operationId");
                            }
                        }
                    }
                    _ => {}
                }
                known.insert(names.of(&name), component);
            }
        }
    }

    fn into_document(mut self, host: &HostConfig) -> Value {
        if self.refused {
            object(&mut self.components, "schemas").extend(refusal_schemas());
        }
        let mut document = Map::new();
        document.insert("openapi".into(), "3.1.0".into());
        document.insert(
            "info".into(),
            json!({ "title": host.title, "version": host.version }),
        );
        if !host.base_path.is_empty() {
            document.insert("servers".into(), json!([{ "url": host.base_path }]));
        }
        document.insert("paths".into(), self.paths.into());
        for (key, value) in [("webhooks", self.webhooks), ("components", self.components)] {
            if !value.is_empty() {
                document.insert(key.into(), value.into());
            }
        }
        if !self.tags.is_empty() {
            document.insert("tags".into(), self.tags.into());
        }
        document.into()
    }
}

/// Adds the answer that the host gives to what does not fit, as FastAPI documents it, and says whether any was added. What a
/// webhook or a callback is sent to may refuse it likewise.
fn document_refusals(document: &mut Value) -> bool {
    let mut added = false;
    walk_mut(Kind::Document, document, &mut |kind, value| {
        let (Kind::PathItem, Value::Object(item)) = (kind, value) else {
            return;
        };
        let of_path = has_parameters(item);
        for method in METHODS {
            let Some(Value::Object(operation)) = item.get_mut(method) else {
                continue;
            };
            if !of_path && !has_parameters(operation) && !operation.contains_key("requestBody") {
                continue;
            }
            let responses = object(operation, "responses");
            if !["422", "4XX", "default"]
                .iter()
                .any(|status| responses.contains_key(*status))
            {
                responses.insert("422".into(), refusal());
                added = true;
            }
        }
    });
    added
}

/// Gives operations without a tag the plugin's name as theirs, and says whether there were any.
fn tag_untagged(plugin: &str, document: &mut Value) -> bool {
    let mut any = false;
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flat_map(Map::values_mut);
    for item in items.filter_map(Value::as_object_mut) {
        for method in METHODS {
            let Some(Value::Object(operation)) = item.get_mut(method) else {
                continue;
            };
            let tags = operation.get("tags").and_then(Value::as_array);
            if tags.is_none_or(Vec::is_empty) {
                operation.insert("tags".into(), json!([plugin]));
                any = true;
            }
        }
    }
    any
}

fn has_parameters(holder: &Map<String, Value>) -> bool {
    holder
        .get("parameters")
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty())
}

fn refusal() -> Value {
    json!({
        "description": "Validation Error",
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/HTTPValidationError" } } }
    })
}

/// Fills in what OpenAPI requires and authors forget.
fn complete(kind: Kind, value: &mut Value) {
    if let (Kind::Response, Value::Object(response)) = (kind, value)
        && !response.contains_key("$ref")
    {
        response.entry("description").or_insert_with(|| "".into());
    }
}

/// What stands for the host itself in every document, as FastAPI has it.
fn refusal_schemas() -> [(String, Value); 2] {
    let refusal = json!({
        "properties": {
            "detail": { "items": { "$ref": "#/components/schemas/ValidationError" }, "type": "array", "title": "Detail" }
        },
        "type": "object",
        "title": "HTTPValidationError"
    });
    let violation = json!({
        "properties": {
            "loc": { "items": { "anyOf": [{ "type": "string" }, { "type": "integer" }] }, "type": "array", "title": "Location" },
            "msg": { "type": "string", "title": "Message" },
            "type": { "type": "string", "title": "Error Type" },
            "input": { "title": "Input" },
            "ctx": { "type": "object", "title": "Context" }
        },
        "type": "object",
        "required": ["loc", "msg", "type"],
        "title": "ValidationError"
    });
    [
        ("HTTPValidationError".into(), refusal),
        ("ValidationError".into(), violation),
    ]
}

/// The object under a key, made if there is none.
fn object<'m>(map: &'m mut Map<String, Value>, key: &str) -> &'m mut Map<String, Value> {
    let value = map.entry(key).or_insert_with(|| Map::new().into());
    if !value.is_object() {
        *value = Map::new().into();
    }
    value.as_object_mut().expect("an object was put there")
}

/// Takes the entries of an object out of a document, in order.
fn entries(document: &mut Value, key: &str) -> Map<String, Value> {
    match document.get_mut(key).map(Value::take) {
        Some(Value::Object(entries)) => entries,
        _ => Map::new(),
    }
}

/// A path without the names of its parameters.
fn shape(path: &str) -> String {
    let mut shape = String::with_capacity(path.len());
    for (index, piece) in path.split('{').enumerate() {
        let fixed = if index == 0 {
            piece
        } else {
            piece.split_once('}').map_or(piece, |(_, fixed)| fixed)
        };
        if index > 0 {
            shape.push_str("{}");
        }
        shape.push_str(fixed);
    }
    shape
}
