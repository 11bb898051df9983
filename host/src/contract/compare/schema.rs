//! Two schemas side by side, keyword by keyword. Of what takes values from somebody by the looks of a keyword, it is asked
//! whether the schema as a whole does.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::place::Place;
use super::rules::{Effect, Pair, Way, both};
use super::view::View;
use super::{Judge, Verdict};
use crate::schema::Contained;

/// How many pairs of schemas are looked at in one comparison.
pub(super) const STEPS: usize = 200_000;
/// How deep schemas are followed into one another.
const DEPTH: usize = 100;

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
    pub(super) rule: Pair,
    pub(super) effect: Effect,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    pub(super) words: String,
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
        node.own_words(old, new, trail);
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

/// A value in a sentence.
pub(super) fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".into(),
        Some(value) => crate::contract::refs::excerpt(value),
    }
}
