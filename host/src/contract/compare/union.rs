//! Unions (`anyOf`, `oneOf`): which of the new variants is which of the old ones.

use serde_json::Value;

use super::place::Place;
use super::rules::{Effect, both};
use super::schema::{Node, Pairing};
use super::view::View;

impl<'d> Node<'d> {
    /// Pairs variants; what is no union is one of a single variant.
    pub(super) fn with_variants(mut self, old: &View<'d>, new: &View<'d>, trail: &str) -> Self {
        let variants = |view: &View<'d>| match view.union() {
            Some((variants, _)) => variants,
            None => vec![view.place.clone()],
        };
        let (mut before, mut after) = (variants(old), variants(new));
        for alike in [same_reference, same_title, same_constant, same_type, any] {
            let mut rest = Vec::new();
            let is_last = before.len() == 1 && after.len() == 1;
            for one in before {
                let like = |other: &&Place<'d>| alike(&one, other, is_last);
                // Of several alike, nothing tells which is meant.
                let mut candidates = after.iter().enumerate().filter(|(_, other)| like(other));
                match (candidates.next(), candidates.next()) {
                    (Some((at, _)), None) => self.inner.push(Pairing {
                        old: one.clone(),
                        new: after.remove(at),
                        trail: trail.to_owned(),
                    }),
                    _ => rest.push(one),
                }
            }
            before = rest;
        }
        for one in &before {
            let words = format!("{} fits no more", named(one));
            let rule = both!("variant-removed");
            self.found(rule, Effect::Narrows, Some(one), None, words);
        }
        for one in &after {
            let words = format!("{} fits now, too", named(one));
            let rule = both!("variant-added");
            self.found(rule, Effect::Widens, None, Some(one), words);
        }
        self
    }
}

fn named(variant: &Place<'_>) -> String {
    let view = View::of(variant);
    match view.place.text("title").or(view.place.text("type")) {
        Some(name) => format!("the variant `{name}`"),
        None => "a variant".into(),
    }
}

fn same_reference(old: &Place<'_>, new: &Place<'_>, _: bool) -> bool {
    match (old.get("$ref"), new.get("$ref")) {
        (Some(old), Some(new)) => old == new,
        _ => old.value == new.value,
    }
}

fn same_title(old: &Place<'_>, new: &Place<'_>, _: bool) -> bool {
    let title = |place: &Place<'_>| View::of(place).place.text("title").map(str::to_owned);
    let old = title(old);
    old.is_some() && old == title(new)
}

/// By a property that is always the same value, as a discriminator is.
fn same_constant(old: &Place<'_>, new: &Place<'_>, _: bool) -> bool {
    let constants = |place: &Place<'_>| -> Vec<(String, Value)> {
        let properties = View::of(place).place.entries("properties");
        let constant = |(name, place): (&String, Place<'_>)| {
            let values = View::of(&place).values()?;
            (values.len() == 1).then(|| (name.clone(), values[0].clone()))
        };
        properties.into_iter().filter_map(constant).collect()
    };
    let old = constants(old);
    !old.is_empty() && old == constants(new)
}

/// Objects differ in more than their type.
fn same_type(old: &Place<'_>, new: &Place<'_>, _: bool) -> bool {
    let (old, new) = (View::of(old).types(), View::of(new).types());
    old.is_some() && old == new && old != Some(["object"].into())
}

fn any(_: &Place<'_>, _: &Place<'_>, is_last: bool) -> bool {
    is_last
}
