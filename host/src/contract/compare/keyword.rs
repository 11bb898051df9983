//! Two schemas side by side: bounds, patterns, formats, each a keyword of its own.

use std::cmp::Ordering;

use serde_json::Value;

use super::rules::{Effect, Pair, both};
use super::schema::{Found, Node, shown};
use super::view::View;
use crate::contract::outline::join;
use crate::number;

/// Bounds: the keyword, how much of it is the tighter one, and what holds without it.
const LIMITS: [(&str, Ordering, Option<u8>); 11] = [
    ("maximum", Ordering::Less, None),
    ("exclusiveMaximum", Ordering::Less, None),
    ("maxLength", Ordering::Less, None),
    ("maxItems", Ordering::Less, None),
    ("maxProperties", Ordering::Less, None),
    ("minimum", Ordering::Greater, None),
    ("exclusiveMinimum", Ordering::Greater, None),
    ("minLength", Ordering::Greater, Some(0)),
    ("minItems", Ordering::Greater, Some(0)),
    ("minProperties", Ordering::Greater, Some(0)),
    ("multipleOf", Ordering::Equal, None),
];

impl<'d> Node<'d> {
    pub(super) fn limits(&mut self, old: &View<'d>, new: &View<'d>) {
        for (key, tighter, without) in LIMITS {
            let without = without.map(Value::from);
            let read = |view: &View<'d>| {
                let limit = view.get(key).and_then(Value::as_number).cloned();
                limit.or_else(|| without.as_ref()?.as_number().cloned())
            };
            let (before, after) = (read(old), read(new));
            let tightened = match (&before, &after) {
                (Some(before), Some(after)) => match number::compare(after, before) {
                    Ordering::Equal => continue,
                    _ if tighter == Ordering::Equal => None,
                    order => Some(order == tighter),
                },
                (None, Some(_)) => Some(true),
                (Some(_), None) => Some(false),
                (None, None) => continue,
            };
            let (rule, effect) = match tightened {
                Some(true) => (both!("limit-tightened"), Effect::Narrows),
                Some(false) => (both!("limit-loosened"), Effect::Widens),
                None => (both!("limit-changed"), Effect::Either),
            };
            self.keyword(key, rule, effect, old, new);
        }
        let unique = |view: &View<'d>| view.place.is("uniqueItems");
        let (rule, effect) = match (unique(old), unique(new)) {
            (false, true) => (both!("limit-tightened"), Effect::Narrows),
            (true, false) => (both!("limit-loosened"), Effect::Widens),
            _ => return,
        };
        self.keyword("uniqueItems", rule, effect, old, new);
    }

    /// Patterns, formats, and what texts hold.
    pub(super) fn texts(&mut self, old: &View<'d>, new: &View<'d>) {
        let change = |key: &str| match (old.get(key), new.get(key)) {
            (old, new) if old == new => None,
            (None, _) => Some(Effect::Narrows),
            (_, None) => Some(Effect::Widens),
            _ => Some(Effect::Either),
        };
        if let Some(effect) = change("pattern") {
            let (rule, effect) = match effect {
                Effect::Narrows => (both!("pattern-added"), effect),
                Effect::Widens => (both!("pattern-removed"), effect),
                _ => (both!("pattern-changed"), Effect::UnsureOfValues),
            };
            self.keyword("pattern", rule, effect, old, new);
        }
        if let Some(effect) = change("format") {
            let rule = match effect {
                Effect::Narrows => both!("format-added"),
                Effect::Widens => both!("format-removed"),
                _ => both!("format-changed"),
            };
            self.keyword("format", rule, effect, old, new);
        }
        for key in ["contentEncoding", "contentMediaType", "contentSchema"] {
            if old.get(key) != new.get(key) {
                let rule = both!("content-changed");
                self.keyword(key, rule, Effect::Unsure, old, new);
            }
        }
    }

    /// A change of one keyword, told where it stands.
    pub(super) fn keyword(
        &mut self,
        key: &str,
        rule: Pair,
        effect: Effect,
        old: &View<'d>,
        new: &View<'d>,
    ) {
        let at = |view: &View<'d>| view.get(key).map(|_| join(&view.place.at, key));
        let told = |view: &View<'d>| match view.get(key) {
            Some(value) => shown(Some(value)),
            None => "not set".into(),
        };
        self.found.push(Found {
            rule,
            effect,
            old: at(old),
            new: at(new),
            words: format!("`{key}` is {} now, and was {}", told(new), told(old)),
        });
    }
}
