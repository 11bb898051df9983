//! Whether one schema admits all that another does.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jsonschema::canonical::{self, CanonicalSchema};
use jsonschema::{Draft, PatternOptions};
use serde_json::{Map, Value};

use super::{bound_integers, local_pointer};

/// The most values (objects, lists, texts, …) in a schema with all that it refers to for the question to be asked at all.
const VALUES: usize = 2_000;
/// The most schemas that are asked about.
const QUESTIONS: usize = 400;

/// Schemas of two documents, asked which of them admits more.
pub(crate) struct Containment<'d> {
    old: Side<'d>,
    new: Side<'d>,
}

struct Side<'d> {
    document: &'d Value,
    known: HashMap<String, Option<CanonicalSchema>>,
}

/// Which of two schemas admits all that the other does; none: nobody can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contained {
    pub(crate) old_in_new: Option<bool>,
    pub(crate) new_in_old: Option<bool>,
}

impl<'d> Containment<'d> {
    pub(crate) fn new(old: &'d Value, new: &'d Value) -> Containment<'d> {
        let side = |document| Side {
            document,
            known: HashMap::new(),
        };
        Containment {
            old: side(old),
            new: side(new),
        }
    }

    /// Of the schemas at two pointers, one into each document.
    pub(crate) fn of(&mut self, old: &str, new: &str) -> Contained {
        let covers = |wide: &CanonicalSchema, narrow: &CanonicalSchema| {
            // The comparison is young: what it cannot do is no more than unknown.
            let told = catch_unwind(AssertUnwindSafe(|| wide.covers(narrow)));
            match told {
                Ok(Ok(canonical::Containment::Yes)) => Some(true),
                Ok(Ok(canonical::Containment::No)) => Some(false),
                Ok(Ok(_) | Err(_)) | Err(_) => None,
            }
        };
        match (self.old.schema(old), self.new.schema(new)) {
            (Some(old), Some(new)) => Contained {
                old_in_new: covers(new, old),
                new_in_old: covers(old, new),
            },
            _ => Contained {
                old_in_new: None,
                new_in_old: None,
            },
        }
    }
}

impl Side<'_> {
    fn schema(&mut self, pointer: &str) -> Option<&CanonicalSchema> {
        if !self.known.contains_key(pointer) {
            let schema = match self.known.len() < QUESTIONS {
                true => standalone(self.document, pointer).and_then(|schema| canonical(&schema)),
                false => None,
            };
            self.known.insert(pointer.to_owned(), schema);
        }
        self.known.get(pointer)?.as_ref()
    }
}

fn canonical(schema: &Value) -> Option<CanonicalSchema> {
    let read = catch_unwind(AssertUnwindSafe(|| {
        canonical::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::regex())
            .offline()
            .canonicalize(schema)
    }));
    read.ok()?.ok()
}

/// A schema with all that it refers to under `$defs`; none if that is too much.
fn standalone(document: &Value, pointer: &str) -> Option<Value> {
    let mut named: HashMap<String, String> = HashMap::new();
    let mut waiting = Vec::new();
    let mut left = VALUES;
    let mut copy = |pointer: &str, waiting: &mut Vec<(String, String)>| {
        let mut schema = document.pointer(pointer)?.clone();
        count(&schema, &mut left)?;
        point_to_defs(&mut schema, &mut |target| {
            let pointer = local_pointer(pointer, target).ok()?;
            let next = format!("d{}", named.len());
            let name = named.entry(pointer.clone()).or_insert_with(|| {
                waiting.push((next.clone(), pointer));
                next
            });
            Some(format!("#/$defs/{name}"))
        })?;
        Some(schema)
    };
    let schema = copy(pointer, &mut waiting)?;
    let mut defs = Map::new();
    while let Some((name, pointer)) = waiting.pop() {
        let def = copy(&pointer, &mut waiting)?;
        defs.insert(name, def);
    }
    let mut whole = Value::Object(Map::from_iter([
        ("$defs".to_owned(), Value::Object(defs)),
        ("allOf".to_owned(), Value::Array(vec![schema])),
    ]));
    bound_integers(&mut whole);
    Some(whole)
}

/// Takes the values in a value off those that are left; none if they are too many.
fn count(value: &Value, left: &mut usize) -> Option<()> {
    *left = left.checked_sub(1)?;
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| count(item, left)),
        Value::Object(entries) => entries.values().try_for_each(|entry| count(entry, left)),
        _ => Some(()),
    }
}

/// Renames every reference of a schema.
fn point_to_defs(schema: &mut Value, name: &mut impl FnMut(&str) -> Option<String>) -> Option<()> {
    match schema {
        Value::Array(items) => items
            .iter_mut()
            .try_for_each(|item| point_to_defs(item, name)),
        Value::Object(entries) => entries.iter_mut().try_for_each(|(key, entry)| {
            match (key.as_str(), &mut *entry) {
                ("$ref", Value::String(target)) => *target = name(target)?,
                // Data, not schemas.
                ("const" | "enum" | "default" | "example" | "examples", _) => {}
                // Names, whatever they are called.
                ("properties" | "patternProperties" | "dependentSchemas", Value::Object(named)) => {
                    named
                        .values_mut()
                        .try_for_each(|named| point_to_defs(named, name))?
                }
                _ => point_to_defs(entry, name)?,
            }
            Some(())
        }),
        _ => Some(()),
    }
}
