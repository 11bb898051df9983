//! A schema as it is compared: what is written in several ways and means the same is one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::own::OWN;
use super::place::Place;

const HOPS: usize = 16;

/// Keywords that no value is refused for.
fn is_annotation(key: &str) -> bool {
    let words = [
        "title",
        "description",
        "default",
        "example",
        "examples",
        "$comment",
        "deprecated",
        "externalDocs",
        "xml",
        "readOnly",
        "writeOnly",
        "discriminator",
    ];
    words.contains(&key) || key.starts_with("x-")
}

/// A schema with references and wrappings of one taken off.
pub(super) struct View<'d> {
    /// The schema itself.
    pub(super) place: Place<'d>,
    /// Whether a wrapping lets null pass.
    pub(super) or_null: bool,
    /// What is said of it, the outermost word counting.
    pub(super) annotations: BTreeMap<&'d str, &'d Value>,
}

impl<'d> View<'d> {
    pub(super) fn of(place: &Place<'d>) -> View<'d> {
        let mut view = View {
            place: place.clone(),
            or_null: false,
            annotations: BTreeMap::new(),
        };
        for _ in 0..HOPS {
            let Some(object) = view.place.object() else {
                break;
            };
            for (key, value) in object.iter().filter(|(key, _)| is_annotation(key)) {
                view.annotations.entry(key).or_insert(value);
            }
            let mut keywords = object.keys().filter(|key| !is_annotation(key));
            let (Some(only), None) = (keywords.next(), keywords.next()) else {
                break;
            };
            let inner = match only.as_str() {
                "$ref" => view.place.referred(),
                "allOf" => one(view.place.items("allOf")),
                "anyOf" | "oneOf" => {
                    let all = view.place.items(only);
                    let count = all.len();
                    let rest: Vec<_> = all.into_iter().filter(|one| !is_null(one)).collect();
                    let or_null = rest.len() < count;
                    let inner = one(rest);
                    view.or_null |= or_null && inner.is_some();
                    inner
                }
                _ => None,
            };
            match inner {
                Some(inner) => view.place = inner,
                None => break,
            }
        }
        view
    }

    pub(super) fn get(&self, key: &str) -> Option<&'d Value> {
        self.place.get(key)
    }

    /// The types that it names, without null.
    pub(super) fn types(&self) -> Option<BTreeSet<&'d str>> {
        let mut types = types(self.get("type")?);
        types.remove("null");
        Some(types)
    }

    /// Whether null is among its types; none if it names no types.
    pub(super) fn takes_null(&self) -> Option<bool> {
        let named = self.get("type").map(|named| types(named).contains("null"));
        let in_union = self.union().is_some_and(|(_, null)| null);
        match self.or_null || in_union {
            true => Some(true),
            false if self.union().is_some() => Some(false),
            false => named,
        }
    }

    /// Its variants but null, if it is a union; and whether null is one.
    pub(super) fn union(&self) -> Option<(Vec<Place<'d>>, bool)> {
        let key = ["anyOf", "oneOf"]
            .into_iter()
            .find(|key| self.get(key).is_some())?;
        let all = self.place.items(key);
        let count = all.len();
        let rest: Vec<_> = all.into_iter().filter(|one| !is_null(one)).collect();
        let null = rest.len() < count;
        Some((rest, null))
    }

    /// Whether it says no more than its variants do.
    pub(super) fn is_bare_union(&self) -> bool {
        let keywords = |place: &Place<'d>| {
            let object = place.object()?;
            Some(object.keys().filter(|key| !is_annotation(key)).count())
        };
        self.union().is_some() && keywords(&self.place) == Some(1)
    }

    /// The values that it lists.
    pub(super) fn values(&self) -> Option<Vec<&'d Value>> {
        match (self.get("const"), self.get("enum")) {
            (Some(only), _) => Some(vec![only]),
            (None, Some(Value::Array(values))) => Some(values.iter().collect()),
            _ => None,
        }
    }

    pub(super) fn required(&self) -> BTreeSet<&'d str> {
        let names = self.get("required").and_then(Value::as_array);
        let names = names.into_iter().flatten();
        names.filter_map(Value::as_str).collect()
    }

    /// Whether it takes properties that it does not name.
    pub(super) fn is_open(&self) -> bool {
        let closes = |key| self.get(key) == Some(&Value::Bool(false));
        !closes("additionalProperties") && !closes("unevaluatedProperties")
    }

    /// The words for readers.
    pub(super) fn words(&self) -> BTreeMap<&'d str, &'d Value> {
        let told = ["default", "readOnly", "writeOnly", "discriminator"];
        let mut words = self.annotations.clone();
        words.retain(|key, _| !told.contains(key) && !OWN.contains(key));
        words
    }
}

fn one<T>(mut items: Vec<T>) -> Option<T> {
    match items.len() {
        1 => items.pop(),
        _ => None,
    }
}

fn is_null(schema: &Place<'_>) -> bool {
    schema.text("type") == Some("null")
}

fn types(named: &Value) -> BTreeSet<&str> {
    match named {
        Value::String(name) => BTreeSet::from([name.as_str()]),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}
