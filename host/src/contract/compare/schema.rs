//! Two schemas side by side, keyword by keyword. Of what takes values from somebody by the looks of a keyword, it is asked
//! whether the schema as a whole does.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::place::Place;
use super::rules::{Effect, Pair, Way, both};
use super::view::View;
use super::{Judge, Verdict};
use crate::contract::outline::join;
use crate::number;
use crate::schema::Contained;

/// How many pairs of schemas are looked at in one comparison.
pub(super) const STEPS: usize = 200_000;
/// How deep schemas are followed into one another.
const DEPTH: usize = 100;

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

/// Keywords of which only the whole schema tells what their change does.
const WHOLE: [&str; 14] = [
    "not",
    "if",
    "then",
    "else",
    "contains",
    "minContains",
    "maxContains",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "prefixItems",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// A change of a schema, before it is said whom it breaks.
pub(super) struct Found {
    rule: Pair,
    effect: Effect,
    old: Option<String>,
    new: Option<String>,
    words: String,
}

/// A pair of schemas, and where it is in words.
pub(super) struct Pairing<'d> {
    pub(super) old: Place<'d>,
    pub(super) new: Place<'d>,
    pub(super) trail: String,
}

/// What is compared from one schema of an operation on.
pub(super) struct Walk {
    way: Way,
    /// "the query parameter `limit`", "the body"
    part: String,
    seen: HashSet<(String, String)>,
}

/// What one pair of schemas comes to.
pub(super) struct Node<'d> {
    pub(super) found: Vec<Found>,
    pub(super) inner: Vec<Pairing<'d>>,
    /// Whether something differs that only the whole schema tells of.
    pub(super) whole: bool,
}

impl<'d> Judge<'d> {
    /// Compares what is under `schema` in both places.
    pub(super) fn schemas(&mut self, way: Way, part: &str, old: &Place<'d>, new: &Place<'d>) {
        // Without one, anything goes.
        const ANY: &Value = &Value::Bool(true);
        let of = |place: &Place<'d>, document| {
            let any = || Place::new(document, &place.at, ANY);
            place.child("schema").unwrap_or_else(any)
        };
        let pair = Pairing {
            old: of(old, self.old),
            new: of(new, self.new),
            trail: String::new(),
        };
        let mut walk = Walk {
            way,
            part: part.to_owned(),
            seen: HashSet::new(),
        };
        let before = (self.changes.len(), self.docs.is_some());
        self.walk(&mut walk, &pair, 0);
        if before == (self.changes.len(), self.docs.is_some()) && !before.1 && self.steps > 0 {
            self.same.extend(walk.seen);
        }
    }

    fn walk(&mut self, walk: &mut Walk, pair: &Pairing<'d>, depth: usize) {
        let Pairing { old, new, trail } = pair;
        if self.same_components && old.value == new.value {
            return;
        }
        let key = (old.at.clone(), new.at.clone());
        if self.same.contains(&key) || !walk.seen.insert(key) {
            return;
        }
        if depth > DEPTH || self.steps == 0 {
            let words = "schemas are too many or too deep to be compared further";
            let told = |change: &super::ContractChange| change.rule == "too-large";
            if !self.changes.iter().any(told) {
                let (old, new) = (Some(&*old.at), Some(&*new.at));
                self.tell("too-large", Verdict::Unknown, old, new, words.into());
            }
            return;
        }
        self.steps -= 1;
        let (seen_old, seen_new) = (View::of(old), View::of(new));
        let mut node = Node::of(&seen_old, &seen_new, trail);
        self.annotations(walk.way, &seen_old, &seen_new, &mut node);
        self.weigh(walk.way, old, new, &mut node);
        for found in node.found {
            let words = match trail.as_str() {
                "" => format!("{}: {}", walk.part, found.words),
                trail => format!("{}, at `{trail}`: {}", walk.part, found.words),
            };
            self.tell(
                found.rule[walk.way as usize],
                found.effect.verdict(walk.way),
                found.old.as_deref(),
                found.new.as_deref(),
                words,
            );
        }
        for inner in node.inner {
            self.walk(walk, &inner, depth + 1);
        }
    }

    /// What no value is refused for.
    fn annotations(&mut self, way: Way, old: &View<'d>, new: &View<'d>, node: &mut Node<'d>) {
        if old.words() != new.words() {
            self.reads_differently(&old.place.at, &new.place.at);
        }
        for (key, rule) in [
            ("readOnly", both!("access-changed")),
            ("writeOnly", both!("access-changed")),
            ("discriminator", both!("discriminator-changed")),
        ] {
            let (old_word, new_word) = (old.annotations.get(key), new.annotations.get(key));
            let is_off = |word: Option<&&Value>| word.is_none_or(|word| **word == false);
            if old_word != new_word && !(is_off(old_word) && is_off(new_word)) {
                let words = format!("`{key}` differs");
                node.tell(rule, Effect::Unsure, old, new, words);
            }
        }
        let default = |view: &View<'d>| view.annotations.get("default").copied();
        let (before, after) = (default(old), default(new));
        if before == after {
            return;
        }
        if way == Way::Answer {
            return self.reads_differently(&old.place.at, &new.place.at);
        }
        let (rule, effect) = match (before, after) {
            (Some(_), Some(_)) => (both!("default-changed"), Effect::Breaks),
            (None, _) => (both!("default-added"), Effect::Unsure),
            (_, None) => (both!("default-removed"), Effect::Unsure),
        };
        let words = format!(
            "what is left out counts as {} now, and as {} before",
            shown(after),
            shown(before)
        );
        node.tell(rule, effect, old, new, words);
    }

    /// Asks whether what looks like a change of the values that fit is one, and what comes of what only the whole tells.
    fn weigh(&mut self, way: Way, old: &Place<'d>, new: &Place<'d>, node: &mut Node<'d>) {
        if !node.whole && !node.found.iter().any(|found| found.effect.is_of_values()) {
            return;
        }
        let Contained {
            old_in_new,
            new_in_old,
        } = self.containment.of(&old.at, &new.at);
        let (safe, back) = match way {
            Way::Request => (old_in_new, new_in_old),
            Way::Answer => (new_in_old, old_in_new),
        };
        if safe == Some(true) {
            if back == Some(true) {
                node.found.retain(|found| !found.effect.is_of_values());
            }
            for found in &mut node.found {
                if found.effect.is_of_values() {
                    found.effect = Effect::Harmless;
                }
            }
        } else if safe == Some(false) {
            for found in &mut node.found {
                if found.effect == Effect::Either {
                    found.effect = Effect::Breaks;
                }
            }
        }
        if !node.whole {
            return;
        }
        let narrower = (both!("schema-narrowed"), Effect::Narrows);
        let wider = (both!("schema-widened"), Effect::Widens);
        let (harms, helps) = match way {
            Way::Request => (narrower, wider),
            Way::Answer => (wider, narrower),
        };
        let (rule, effect) = match (safe, back) {
            (Some(true), Some(true)) => return,
            (Some(true), _) => helps,
            (Some(false), _) => harms,
            (None, _) => (both!("schema-undecided"), Effect::Unsure),
        };
        let words = match effect {
            Effect::Narrows => "fewer values fit than before".into(),
            Effect::Widens => "more values fit than before".into(),
            _ => "whether the same values fit as before cannot be told".into(),
        };
        node.found.push(Found {
            rule,
            effect,
            old: Some(old.at.clone()),
            new: Some(new.at.clone()),
            words,
        });
    }
}

impl<'d> Node<'d> {
    fn of(old: &View<'d>, new: &View<'d>, trail: &str) -> Node<'d> {
        let mut node = Node {
            found: Vec::new(),
            inner: Vec::new(),
            whole: false,
        };
        if old.place.object().is_none() || new.place.object().is_none() {
            // true or false, on one side at least.
            let fits = |view: &View<'d>| view.place.value != &Value::Bool(false);
            let any = |view: &View<'d>| {
                view.place.value == &Value::Bool(true)
                    || view.place.object().is_some_and(|object| object.is_empty())
            };
            node.whole = (fits(old), any(old)) != (fits(new), any(new));
            return node;
        }
        node.nulls(old, new);
        if old.union().is_some() || new.union().is_some() {
            let is_alone = |view: &View<'d>| view.union().is_none() || view.is_bare_union();
            let alike =
                ["anyOf", "oneOf"].map(|key| old.get(key).is_some() == new.get(key).is_some());
            match (is_alone(old) && is_alone(new), alike == [true, true]) {
                (true, alike) => {
                    node.whole = !alike && old.union().is_some() && new.union().is_some();
                    return node.with_variants(old, new, trail);
                }
                (false, true) => node = node.with_variants(old, new, trail),
                (false, false) => node.whole = true,
            }
        }
        node.types(old, new);
        node.values(old, new);
        node.limits(old, new);
        node.texts(old, new);
        node.object(old, new, trail);
        node.items(old, new, trail);
        node.conjunctions(old, new, trail);
        node.whole |= WHOLE.iter().any(|key| old.get(key) != new.get(key));
        node
    }

    pub(super) fn tell(
        &mut self,
        rule: Pair,
        effect: Effect,
        old: &View<'d>,
        new: &View<'d>,
        words: String,
    ) {
        self.found.push(Found {
            rule,
            effect,
            old: Some(old.place.at.clone()),
            new: Some(new.place.at.clone()),
            words,
        });
    }

    fn nulls(&mut self, old: &View<'d>, new: &View<'d>) {
        match (old.takes_null(), new.takes_null()) {
            (Some(true), Some(false)) => {
                let words = "null fits no more".into();
                self.tell(both!("null-removed"), Effect::Narrows, old, new, words);
            }
            (Some(false), Some(true)) => {
                let words = "it may be null now".into();
                self.tell(both!("null-added"), Effect::Widens, old, new, words);
            }
            _ => {}
        }
    }

    fn types(&mut self, old: &View<'d>, new: &View<'d>) {
        let (before, after) = (old.types(), new.types());
        let named = |types: &Option<BTreeSet<&str>>| match types {
            Some(types) => types.iter().copied().collect::<Vec<_>>().join(" or "),
            None => "anything".into(),
        };
        let takes = |types: &Option<BTreeSet<&str>>, name: &str| {
            types.as_ref().is_none_or(|types| {
                types.contains(name) || (name == "integer" && types.contains("number"))
            })
        };
        let lost = match &before {
            Some(before) => before.iter().any(|name| !takes(&after, name)),
            None => after.is_some(),
        };
        let gained = match &after {
            Some(after) => after.iter().any(|name| !takes(&before, name)),
            None => before.is_some(),
        };
        let (rule, effect) = match (lost, gained) {
            (false, false) => return,
            (true, false) => (both!("type-narrowed"), Effect::Narrows),
            (false, true) => (both!("type-widened"), Effect::Widens),
            (true, true) => (both!("type-changed"), Effect::Either),
        };
        let words = format!(
            "the type is {} now, and was {}",
            named(&after),
            named(&before)
        );
        self.tell(rule, effect, old, new, words);
    }

    fn values(&mut self, old: &View<'d>, new: &View<'d>) {
        match (old.values(), new.values()) {
            (Some(before), Some(after)) => {
                for value in before.iter().filter(|value| !after.contains(value)) {
                    let words = format!("{} is no value of it any more", shown(Some(value)));
                    self.tell(both!("value-removed"), Effect::Narrows, old, new, words);
                }
                for value in after.iter().filter(|value| !before.contains(value)) {
                    let words = format!("{} is a value of it now", shown(Some(value)));
                    self.tell(both!("value-added"), Effect::Widens, old, new, words);
                }
            }
            (None, Some(after)) => {
                let words = format!("only {} values fit now", after.len());
                self.tell(both!("values-listed"), Effect::Narrows, old, new, words);
            }
            (Some(before), None) => {
                let words = format!("not only its {} values fit now", before.len());
                self.tell(both!("values-unlisted"), Effect::Widens, old, new, words);
            }
            (None, None) => {}
        }
    }

    fn limits(&mut self, old: &View<'d>, new: &View<'d>) {
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
    fn texts(&mut self, old: &View<'d>, new: &View<'d>) {
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
    fn keyword(&mut self, key: &str, rule: Pair, effect: Effect, old: &View<'d>, new: &View<'d>) {
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

    fn object(&mut self, old: &View<'d>, new: &View<'d>, trail: &str) {
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

    fn items(&mut self, old: &View<'d>, new: &View<'d>, trail: &str) {
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
    fn conjunctions(&mut self, old: &View<'d>, new: &View<'d>, trail: &str) {
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

    pub(super) fn found(
        &mut self,
        rule: Pair,
        effect: Effect,
        old: Option<&Place<'d>>,
        new: Option<&Place<'d>>,
        words: String,
    ) {
        let at = |place: Option<&Place<'d>>| place.map(|place| place.at.clone());
        self.found.push(Found {
            rule,
            effect,
            old: at(old),
            new: at(new),
            words,
        });
    }
}

fn below(trail: &str, name: &str) -> String {
    match trail {
        "" => name.to_owned(),
        trail => format!("{trail}.{name}"),
    }
}

/// A value in a sentence.
fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".into(),
        Some(value) => crate::contract::refs::excerpt(value),
    }
}
