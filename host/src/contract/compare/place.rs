//! A value in a document, and where it is.

use serde_json::{Map, Value};

use crate::contract::outline::join;
use crate::contract::refs;

/// The most references followed one after the other.
const HOPS: usize = 16;

/// A value in a document, by its JSON pointer.
#[derive(Clone)]
pub(super) struct Place<'d> {
    document: &'d Value,
    pub(super) at: String,
    pub(super) value: &'d Value,
}

impl<'d> Place<'d> {
    pub(super) fn new(document: &'d Value, at: &str, value: &'d Value) -> Place<'d> {
        Place {
            document,
            at: at.to_owned(),
            value,
        }
    }

    /// What stands at a pointer, references followed.
    pub(super) fn found(document: &'d Value, at: &str) -> Option<Place<'d>> {
        let value = document.pointer(at)?;
        Some(Place::new(document, at, value).resolved())
    }

    pub(super) fn get(&self, key: &str) -> Option<&'d Value> {
        self.value.get(key)
    }

    pub(super) fn text(&self, key: &str) -> Option<&'d str> {
        self.get(key)?.as_str()
    }

    /// Whether this is set to true.
    pub(super) fn is(&self, key: &str) -> bool {
        self.get(key) == Some(&Value::Bool(true))
    }

    /// What is under a key or an index, as it is written.
    pub(super) fn child(&self, key: &str) -> Option<Place<'d>> {
        let value = match self.value {
            Value::Array(items) => items.get(key.parse::<usize>().ok()?)?,
            other => other.get(key)?,
        };
        Some(Place::new(self.document, &join(&self.at, key), value))
    }

    /// The same with references followed: parameters, bodies, answers.
    pub(super) fn member(&self, key: &str) -> Option<Place<'d>> {
        Some(self.child(key)?.resolved())
    }

    /// The entries under a key, by name.
    pub(super) fn entries(&self, key: &str) -> Vec<(&'d String, Place<'d>)> {
        let Some(place) = self.child(key) else {
            return Vec::new();
        };
        let Value::Object(entries) = place.value else {
            return Vec::new();
        };
        let entry = |name: &'d String| Some((name, place.child(name)?));
        entries.keys().filter_map(entry).collect()
    }

    /// The items of a list under a key.
    pub(super) fn items(&self, key: &str) -> Vec<Place<'d>> {
        let Some(place) = self.child(key) else {
            return Vec::new();
        };
        let count = place.value.as_array().map_or(0, Vec::len);
        let item = |index: usize| place.child(&index.to_string());
        (0..count).filter_map(item).collect()
    }

    /// Where a `$ref` leads.
    pub(super) fn referred(&self) -> Option<Place<'d>> {
        let at = refs::local(self.get("$ref")?).ok()?;
        let value = self.document.pointer(&at)?;
        Some(Place::new(self.document, &at, value))
    }

    pub(super) fn object(&self) -> Option<&'d Map<String, Value>> {
        self.value.as_object()
    }

    fn resolved(mut self) -> Place<'d> {
        for _ in 0..HOPS {
            match self.referred() {
                Some(next) => self = next,
                None => break,
            }
        }
        self
    }
}
