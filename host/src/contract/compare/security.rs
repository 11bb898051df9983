//! What clients have to show.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::place::Place;
use super::{Judge, Verdict};
use crate::contract::outline::join;

/// One way in: schemes, and the scopes of each.
type Way<'d> = BTreeMap<&'d str, BTreeSet<&'d str>>;

impl<'d> Judge<'d> {
    /// Compares the ways in to an operation.
    pub(super) fn security(&mut self, old: &Place<'d>, new: &Place<'d>) {
        let ((old_at, before), (new_at, after)) = (ways(self.old, old), ways(self.new, new));
        let at = (Some(&*old_at), Some(&*new_at));
        // Who has all that an old way asks for gets in, if a new one asks for no more.
        let lets_in = |new: &Way<'_>, old: &Way<'_>| {
            new.iter()
                .all(|(name, scopes)| old.get(name).is_some_and(|had| scopes.is_subset(had)))
        };
        let is_shut = |way: &&Way<'_>| !after.iter().any(|new| lets_in(new, way));
        if let Some(way) = before.iter().find(is_shut) {
            let words = format!("{} is not enough any more", named(way));
            self.tell("security-tightened", Verdict::Breaking, at.0, at.1, words);
        } else if before != after {
            let words = "more clients get in than before".into();
            self.tell("security-loosened", Verdict::Harmless, at.0, at.1, words);
        }
        let names: BTreeSet<&str> = before.iter().flat_map(|way| way.keys().copied()).collect();
        let still = |name: &&str| after.iter().any(|way| way.contains_key(*name));
        for name in names.into_iter().filter(still) {
            let pointer = join("/components/securitySchemes", name);
            let scheme = |document: &'d Value| {
                let place = Place::found(document, &pointer)?;
                let mut scheme = place.object()?.clone();
                // These are for readers.
                for key in ["description", "bearerFormat"] {
                    scheme.remove(key);
                }
                Some(scheme)
            };
            if scheme(self.old) != scheme(self.new) {
                let words = format!("the security scheme `{name}` is another");
                let at = Some(&*pointer);
                self.tell("security-scheme-changed", Verdict::Breaking, at, at, words);
            }
        }
    }
}

/// The ways in to an operation, and where they are written; none is one that asks for nothing.
fn ways<'d>(document: &'d Value, operation: &Place<'d>) -> (String, Vec<Way<'d>>) {
    let (at, list) = match (operation.get("security"), document.get("security")) {
        (Some(own), _) => (join(&operation.at, "security"), Some(own)),
        (None, Some(all)) => ("/security".into(), Some(all)),
        (None, None) => (operation.at.clone(), None),
    };
    let listed = list.and_then(Value::as_array).into_iter().flatten();
    let way = |way: &'d Value| -> Way<'d> {
        let schemes = way.as_object().into_iter().flatten();
        let scopes = |scopes: &'d Value| {
            let scopes = scopes.as_array().into_iter().flatten();
            scopes.filter_map(Value::as_str).collect()
        };
        schemes
            .map(|(name, named)| (name.as_str(), scopes(named)))
            .collect()
    };
    let mut ways: Vec<Way<'d>> = listed.map(way).collect();
    if ways.is_empty() {
        ways.push(Way::new());
    }
    ways.sort();
    ways.dedup();
    (at, ways)
}

fn named(way: &Way<'_>) -> String {
    let schemes = way.iter().map(|(name, scopes)| match scopes.is_empty() {
        true => format!("`{name}`"),
        false => {
            let scopes: Vec<&str> = scopes.iter().copied().collect();
            format!("`{name}` with {}", scopes.join(", "))
        }
    });
    let schemes: Vec<String> = schemes.collect();
    match schemes.is_empty() {
        true => "showing nothing".into(),
        false => schemes.join(" and "),
    }
}
