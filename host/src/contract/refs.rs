//! References within a document: what may refer to what, and whether it leads anywhere.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::ContractError;
use super::outline::{self, COMPONENTS, Kind, METHODS, walk};

/// Keywords that give schemas names of their own or look them up while checking: which schema is meant would depend
/// on more than its place in the document.
const FORBIDDEN: [&str; 4] = ["$id", "$anchor", "$dynamicRef", "$dynamicAnchor"];

/// Keywords whose schemas are applied to the very value that the schema around them is applied to.
const IN_PLACE: [&str; 8] = [
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
];

/// The most references that may follow one another before something else is found.
const HOPS: usize = 16;

/// Reads every object and every reference of a document.
///
/// # Errors
///
/// If one is no object where OpenAPI wants one, leads out of the document or nowhere, or only round in a circle.
pub(super) fn check(document: &Value) -> Result<(), ContractError> {
    let mut steps: HashMap<String, Vec<String>> = HashMap::new();
    walk(
        Kind::Document,
        document,
        &mut String::new(),
        &mut |kind, value, at| {
            let Value::Object(object) = value else {
                return match value {
                    Value::Bool(_) if kind == Kind::Schema => Ok(()),
                    _ => Err(ContractError::new(
                        at,
                        format!("an object is needed here, not {}", excerpt(value)),
                    )),
                };
            };
            let mut next = Vec::new();
            if let Some(reference) = object.get("$ref").filter(|_| kind != Kind::Requirement) {
                let pointer =
                    local(reference).map_err(|message| ContractError::new(at, message))?;
                may_lead_to(kind, &pointer).map_err(|message| ContractError::new(at, message))?;
                if document.pointer(&pointer).is_none() {
                    return Err(ContractError::new(
                        at,
                        format!("`$ref` leads to `#{pointer}`, and nothing is there"),
                    ));
                }
                next.push(pointer);
            }
            if kind == Kind::Schema {
                if let Some(keyword) = FORBIDDEN
                    .iter()
                    .find(|keyword| object.contains_key(**keyword))
                {
                    let message = format!(
                        "`{keyword}` is not supported: put the schema into `components/schemas` and refer to it there by `$ref`"
                    );
                    return Err(ContractError::new(at, message));
                }
                next.extend(IN_PLACE.iter().flat_map(|keyword| {
                    in_place(object.get(*keyword), &outline::join(at, keyword))
                }));
            }
            if !next.is_empty() {
                steps.insert(at.to_owned(), next);
            }
            Ok(())
        },
    )?;
    no_circles(&steps)
}

/// What stands at a pointer, references followed, and its own pointer.
pub(super) fn resolve<'d>(
    document: &'d Value,
    pointer: &str,
) -> Result<(String, &'d Value), ContractError> {
    let mut here = pointer.to_owned();
    for _ in 0..HOPS {
        let value = document
            .pointer(&here)
            .ok_or_else(|| ContractError::new(pointer, format!("nothing is at `#{here}`")))?;
        match value.get("$ref") {
            Some(reference) => {
                here = local(reference).map_err(|message| ContractError::new(&here, message))?
            }
            None => return Ok((here, value)),
        }
    }
    Err(ContractError::new(
        pointer,
        format!("more than {HOPS} `$ref`s follow one another; refer to the last one"),
    ))
}

/// The pointer that a `$ref` means.
pub(super) fn local(reference: &Value) -> Result<String, String> {
    let Some(text) = reference.as_str() else {
        return Err(format!("`$ref` is a text, not {}", excerpt(reference)));
    };
    let Some(fragment) = text.strip_prefix('#') else {
        return Err(format!(
            "`$ref` to `{}` leads out of the document, and other documents are never fetched: copy what it refers to into \
             `components`",
            shorten(text)
        ));
    };
    let pointer = percent_decode_str(fragment)
        .decode_utf8()
        .map_err(|_| format!("`$ref` to `{}` is no UTF-8", shorten(text)))?;
    if !pointer.starts_with('/') {
        return Err(format!(
            "`$ref` to `{}` is not supported: write it as `#/components/…`",
            shorten(text)
        ));
    }
    Ok(pointer.into_owned())
}

/// Only what keeps its place when documents are merged may be referred to.
fn may_lead_to(kind: Kind, pointer: &str) -> Result<(), String> {
    let keys = outline::keys(pointer);
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    match keys.as_slice() {
        ["components", section, _, ..] if COMPONENTS.contains(section) => Ok(()),
        ["paths" | "webhooks", _, method, ..] if METHODS.contains(method) => Ok(()),
        ["paths" | "webhooks", _] if kind == Kind::PathItem => Ok(()),
        _ => Err(format!(
            "`$ref` leads to `#{pointer}`, which other parts cannot share: move it into `components`"
        )),
    }
}

/// Pointers of the schemas under a keyword that applies them to the same value.
fn in_place(under: Option<&Value>, at: &str) -> Vec<String> {
    match under {
        Some(Value::Array(items)) => (0..items.len())
            .map(|index| format!("{at}/{index}"))
            .collect(),
        Some(Value::Object(entries)) if at.ends_with("/dependentSchemas") => {
            entries.keys().map(|name| outline::join(at, name)).collect()
        }
        Some(Value::Object(_)) => vec![at.to_owned()],
        _ => Vec::new(),
    }
}

/// A circle of such steps would be followed for ever. Not recursive: a document can hold a long chain.
fn no_circles(steps: &HashMap<String, Vec<String>>) -> Result<(), ContractError> {
    #[derive(PartialEq)]
    enum State {
        Open,
        Done,
    }
    let mut states: HashMap<&str, State> = HashMap::with_capacity(steps.len());
    for start in steps.keys() {
        let mut stack = vec![(start.as_str(), 0)];
        while let Some((here, taken)) = stack.pop() {
            if taken == 0 && states.contains_key(here) {
                continue;
            }
            states.insert(here, State::Open);
            let Some(next) = steps.get(here).and_then(|steps| steps.get(taken)) else {
                states.insert(here, State::Done);
                continue;
            };
            if states.get(next.as_str()) == Some(&State::Open) {
                return Err(ContractError::new(
                    next,
                    "`$ref` leads round in a circle and never reaches a schema",
                ));
            }
            stack.push((here, taken + 1));
            stack.push((next, 0));
        }
    }
    Ok(())
}

/// A value as one short word for a message.
pub(super) fn excerpt(value: &Value) -> String {
    format!("`{}`", shorten(&value.to_string()))
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
