//! Two schemas side by side: what they say of the parts of a value, properties and items, and what else has to fit.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use super::rules::{Effect, both};
use super::schema::{Found, Node, Pairing};
use super::view::View;
use crate::contract::outline::join;

impl<'d> Node<'d> {
    pub(super) fn object(&mut self, old: &View<'d>, new: &View<'d>, trail: &str) {
        let (before, after) = (
            old.place.entries("properties"),
            new.place.entries("properties"),
        );
        let (needed, needs) = (old.required(), new.required());
        let mut names: BTreeSet<&str> = needed.union(&needs).copied().collect();
        for (name, place) in &before {
            let name = name.as_str();
            if let Some((_, other)) = after.iter().find(|(other, _)| *other == name) {
                names.insert(name);
                self.inner.push(Pairing {
                    old: place.clone(),
                    new: other.clone(),
                    trail: below(trail, name),
                });
                continue;
            }
            names.remove(name);
            let (rule, effect) = match needed.contains(name) {
                true => (both!("required-property-removed"), Effect::Breaks),
                false => (both!("optional-property-removed"), Effect::BreaksRequests),
            };
            self.found.push(Found {
                rule,
                effect,
                old: Some(place.at.clone()),
                new: None,
                words: format!("the property `{name}` is gone"),
            });
        }
        for (name, place) in &after {
            let name = name.as_str();
            if before.iter().any(|(other, _)| *other == name) {
                continue;
            }
            names.remove(name);
            let (rule, effect) = match (needs.contains(name), old.is_open()) {
                (true, _) if !needed.contains(name) => {
                    (both!("required-property-added"), Effect::BreaksRequestsOnly)
                }
                (_, true) => (both!("optional-property-added"), Effect::Harmless),
                (_, false) => (both!("optional-property-added"), Effect::UnsureInAnswers),
            };
            self.found.push(Found {
                rule,
                effect,
                old: None,
                new: Some(place.at.clone()),
                words: match needs.contains(name) {
                    true => format!("the property `{name}` is new, and required"),
                    false => format!("the property `{name}` is new"),
                },
            });
        }
        for name in names {
            let (rule, effect, words) = match (needed.contains(name), needs.contains(name)) {
                (false, true) => (
                    both!("property-became-required"),
                    Effect::Narrows,
                    format!("the property `{name}` is required now"),
                ),
                (true, false) => (
                    both!("property-became-optional"),
                    Effect::Widens,
                    format!("the property `{name}` may be missing now"),
                ),
                _ => continue,
            };
            self.tell(rule, effect, old, new, words);
        }
        self.rest_of_object(old, new, trail);
    }

    fn rest_of_object(&mut self, old: &View<'d>, new: &View<'d>, trail: &str) {
        let key = "additionalProperties";
        let schema = |view: &View<'d>| {
            let child = view.place.child(key)?;
            child
                .object()
                .is_some_and(|object| !object.is_empty())
                .then_some(child)
        };
        let closed = |view: &View<'d>| view.get(key) == Some(&Value::Bool(false));
        match (schema(old), schema(new)) {
            (Some(old), Some(new)) => self.inner.push(Pairing {
                old,
                new,
                trail: below(trail, "*"),
            }),
            (before, after) => {
                // 0: nothing else, 1: what fits a schema, 2: anything.
                let room = |schema: Option<_>, view| match (schema.is_some(), closed(view)) {
                    (true, _) => 1,
                    (false, true) => 0,
                    (false, false) => 2,
                };
                let (rule, effect) = match room(before, old).cmp(&room(after, new)) {
                    Ordering::Equal => return,
                    Ordering::Greater => (both!("other-properties-narrowed"), Effect::Narrows),
                    Ordering::Less => (both!("other-properties-widened"), Effect::UnsureInAnswers),
                };
                self.keyword(key, rule, effect, old, new);
            }
        }
    }

    pub(super) fn items(&mut self, old: &View<'d>, new: &View<'d>, trail: &str) {
        let items = |view: &View<'d>| {
            let child = view.place.child("items")?;
            let any = child.value == &Value::Bool(true)
                || child.object().is_some_and(|object| object.is_empty());
            (!any).then_some(child)
        };
        let (rule, effect) = match (items(old), items(new)) {
            (Some(old), Some(new)) => {
                let trail = format!("{trail}[]");
                return self.inner.push(Pairing { old, new, trail });
            }
            (None, None) => return,
            (None, Some(_)) => (both!("items-narrowed"), Effect::Narrows),
            (Some(_), None) => (both!("items-widened"), Effect::Widens),
        };
        let at = |view: &View<'d>| view.get("items").map(|_| join(&view.place.at, "items"));
        self.found.push(Found {
            rule,
            effect,
            old: at(old),
            new: at(new),
            words: match effect {
                Effect::Narrows => "items have to fit a schema now".into(),
                _ => "items may be anything now".into(),
            },
        });
    }

    /// What has to fit as well: part by part, if they are as many.
    pub(super) fn conjunctions(&mut self, old: &View<'d>, new: &View<'d>, trail: &str) {
        let (before, after) = (old.place.items("allOf"), new.place.items("allOf"));
        self.whole |= before.len() != after.len();
        if before.len() == after.len() {
            for (old, new) in before.into_iter().zip(after) {
                let trail = trail.to_owned();
                self.inner.push(Pairing { old, new, trail });
            }
        }
        match (old.place.referred(), new.place.referred()) {
            (Some(old), Some(new)) => self.inner.push(Pairing {
                old,
                new,
                trail: trail.to_owned(),
            }),
            (None, None) => {}
            _ => self.whole = true,
        }
    }
}

pub(super) fn below(trail: &str, name: &str) -> String {
    match trail {
        "" => name.to_owned(),
        trail => format!("{trail}.{name}"),
    }
}
