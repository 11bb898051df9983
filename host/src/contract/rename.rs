//! Names of one plugin's document → names in the merged one, wherever they stand.

use std::collections::{HashMap, HashSet};

use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value};

use super::flatten::follow;
use super::outline::{Kind, METHODS, keys, push, walk_mut};
use super::refs::local;
use crate::schema::FRAGMENT;

/// How the names of one plugin change.
pub(super) struct Names<'a> {
    plugin: &'a str,
    /// From the plugin's paths to those of the merged document.
    paths: HashMap<String, String>,
    schemas: HashSet<String>,
    /// Schemas that are the general case of others, with the names of those.
    children: HashMap<String, Vec<String>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(plugin: &'a str, paths: HashMap<String, String>, document: &Value) -> Self {
        let mut names = Names {
            plugin,
            paths,
            schemas: HashSet::new(),
            children: HashMap::new(),
        };
        for (name, schema) in document
            .pointer("/components/schemas")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            names.schemas.insert(name.clone());
            for parent in
                references(schema.get("allOf")).filter_map(|reference| schema_name(&reference))
            {
                names.children.entry(parent).or_default().push(name.clone());
            }
        }
        names
    }

    /// The new name of a component, an operation, a webhook. Tags keep theirs: they are headings, and no reference.
    pub(super) fn of(&self, name: &str) -> String {
        format!("{}.{name}", self.plugin)
    }

    /// The new path of a path.
    pub(super) fn path(&self, path: &str) -> Option<&str> {
        self.paths.get(path).map(String::as_str)
    }

    /// Renames whatever uses a name. The named things themselves stay where they are.
    pub(super) fn rename(&self, document: &mut Value) {
        self.map_implicit_tags(document);
        walk_mut(Kind::Document, document, &mut |kind, value| {
            let Value::Object(object) = value else { return };
            if kind == Kind::Requirement {
                *object = std::mem::take(object)
                    .into_iter()
                    .map(|(name, scopes)| (self.of(&name), scopes))
                    .collect();
                return;
            }
            change(object.get_mut("$ref"), |text| self.reference(text));
            match kind {
                Kind::Operation => {
                    change(object.get_mut("operationId"), |name| Some(self.of(name)));
                }
                Kind::Link => {
                    change(object.get_mut("operationId"), |name| Some(self.of(name)));
                    change(object.get_mut("operationRef"), |text| self.reference(text));
                }
                Kind::Schema => {
                    let mapping = object
                        .get_mut("discriminator")
                        .and_then(|found| found.get_mut("mapping"));
                    for target in mapping
                        .and_then(Value::as_object_mut)
                        .into_iter()
                        .flat_map(Map::values_mut)
                    {
                        change(Some(target), |text| match self.schemas.contains(text) {
                            true => Some(reference_to_schema(&self.of(text))),
                            false => self.reference(text),
                        });
                    }
                }
                _ => {}
            }
        });
    }

    /// Where a local reference leads after renaming; none for one that leads elsewhere.
    fn reference(&self, text: &str) -> Option<String> {
        let pointer = local(&text.into()).ok()?;
        let mut keys = keys(&pointer);
        let place = match keys.first()?.as_str() {
            "components" => 2,
            "webhooks" => 1,
            "paths" => {
                let path = keys.get_mut(1)?;
                *path = self.path(path)?.to_owned();
                return Some(write_reference(&keys));
            }
            _ => return None,
        };
        let name = keys.get_mut(place)?;
        *name = self.of(name);
        Some(write_reference(&keys))
    }

    /// A tag that no mapping names is the name of a schema, which is about to change: so it is mapped.
    fn map_implicit_tags(&self, document: &mut Value) {
        walk_mut(Kind::Document, document, &mut |kind, value| {
            let branches: Vec<String> = ["oneOf", "anyOf"]
                .iter()
                .flat_map(|union| references(value.get(*union)))
                .collect();
            if kind == Kind::Schema {
                self.add_mapping(
                    value,
                    branches
                        .iter()
                        .filter_map(|reference| schema_name(reference)),
                );
            }
        });
        for (name, children) in &self.children {
            let Some(schema) = document
                .pointer_mut("/components/schemas")
                .and_then(|schemas| schemas.get_mut(name))
            else {
                continue;
            };
            self.add_mapping(schema, children.iter().cloned());
        }
    }

    fn add_mapping(&self, schema: &mut Value, names: impl Iterator<Item = String>) {
        let Some(Value::Object(discriminator)) = schema.get_mut("discriminator") else {
            return;
        };
        let known = discriminator.get("mapping").and_then(Value::as_object);
        let mapped = |name: &String| {
            known.is_some_and(|known| {
                known.contains_key(name)
                    || known
                        .values()
                        .filter_map(Value::as_str)
                        .any(|to| to == name || schema_name(to).as_ref() == Some(name))
            })
        };
        let missing: Vec<String> = names
            .filter(|name| self.schemas.contains(name) && !mapped(name))
            .collect();
        if missing.is_empty() {
            return;
        }
        let mapping = discriminator
            .entry("mapping")
            .or_insert_with(|| Map::new().into());
        let Value::Object(mapping) = mapping else {
            return;
        };
        for name in missing {
            let reference = reference_to_schema(&name);
            mapping.insert(name, reference.into());
        }
    }
}

/// Gives the parameters in a path the names that `merged` has for them.
pub(super) fn rename_path_parameters(document: &mut Value, path: &str, merged: &str) {
    let new: HashMap<String, String> = names_in(path)
        .zip(names_in(merged))
        .filter(|(old, new)| old != new)
        .map(|(old, new)| (old.into(), new.into()))
        .collect();
    if new.is_empty() {
        return;
    }
    let whole = document.clone();
    let Some(item) = document
        .get_mut("paths")
        .and_then(|paths| paths.get_mut(path))
    else {
        return;
    };
    for method in METHODS {
        let parameters = item
            .get_mut(method)
            .and_then(|operation| operation.get_mut("parameters"));
        for parameter in parameters
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let mut own = follow(&whole, parameter).clone();
            let old = own
                .get("name")
                .and_then(Value::as_str)
                .filter(|_| own.get("in").is_some_and(|place| place == "path"));
            if let Some(new) = old.and_then(|old| new.get(old)) {
                own["name"] = new.as_str().into();
                *parameter = own;
            }
        }
    }
}

fn change(text: Option<&mut Value>, new: impl Fn(&str) -> Option<String>) {
    let Some(value) = text else { return };
    if let Some(new) = value.as_str().and_then(new) {
        *value = new.into();
    }
}

fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|piece| Some(piece.split_once('}')?.0))
}

/// The `$ref`s of the schemas in a list.
fn references(list: Option<&Value>) -> impl Iterator<Item = String> {
    let items = list
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    items
        .iter()
        .filter_map(|item| Some(item.get("$ref")?.as_str()?.to_owned()))
}

/// The name of the component schema that a reference means.
fn schema_name(reference: &str) -> Option<String> {
    let pointer = local(&reference.into()).ok()?;
    let [components, schemas, name] = <[String; 3]>::try_from(keys(&pointer)).ok()?;
    (components == "components" && schemas == "schemas").then_some(name)
}

fn reference_to_schema(name: &str) -> String {
    write_reference(&["components".into(), "schemas".into(), name.into()])
}

fn write_reference(keys: &[String]) -> String {
    let mut pointer = String::new();
    for key in keys {
        push(&mut pointer, key);
    }
    format!("#{}", utf8_percent_encode(&pointer, FRAGMENT))
}
