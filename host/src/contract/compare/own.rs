//! Two schemas side by side: what they say in words of our own, for which JSON Schema has none. The schemas as wholes cannot
//! be asked of these.

use std::cmp::Ordering;

use serde_json::Value;

use super::inside::below;
use super::rules::{Effect, Pair, both};
use super::schema::{Node, Pairing, shown};
use super::view::View;
use crate::schema::compare_times;

const STRICT: &str = "x-switchback-strict";
const DECIMAL: &str = "x-switchback-decimal";
const KEYS: &str = "x-switchback-keys";
const SCHEMES: &str = "x-switchback-schemes";
const TIME: &str = "x-switchback-time";

/// All of them.
pub(super) const OWN: [&str; 5] = [STRICT, DECIMAL, KEYS, SCHEMES, TIME];

/// What becomes of the values that fit.
#[derive(Clone, Copy)]
enum Turn {
    Fewer,
    More,
    Others,
}

impl Turn {
    fn effect(self) -> Effect {
        match self {
            Turn::Fewer => Effect::BreaksRequestsOnly,
            Turn::More => Effect::BreaksAnswersOnly,
            Turn::Others => Effect::Breaks,
        }
    }

    /// Of a limit.
    fn rule(self) -> Pair {
        match self {
            Turn::Fewer => both!("limit-tightened"),
            Turn::More => both!("limit-loosened"),
            Turn::Others => both!("limit-changed"),
        }
    }

    /// Of something that is said or not.
    fn said<T>(old: Option<&T>, new: Option<&T>) -> Option<Turn> {
        match (old, new) {
            (None, Some(_)) => Some(Turn::Fewer),
            (Some(_), None) => Some(Turn::More),
            _ => None,
        }
    }
}

impl<'d> Node<'d> {
    pub(super) fn own_words(&mut self, old: &View<'d>, new: &View<'d>, trail: &str) {
        self.strict(old, new);
        self.decimal(old, new);
        self.keys(old, new, trail);
        self.schemes(old, new);
        self.time(old, new);
    }

    /// What is answered is of its type in any case.
    fn strict(&mut self, old: &View<'d>, new: &View<'d>) {
        let is = |view: &View<'d>| said(view, STRICT) == Some(&Value::Bool(true));
        match (is(old), is(new)) {
            (false, true) => {
                let words = "nothing but its own type is taken now".into();
                self.tell(
                    both!("strict-added"),
                    Effect::BreaksRequestsOnly,
                    old,
                    new,
                    words,
                );
            }
            (true, false) => {
                let words = "what can be made into its type is taken now".into();
                self.tell(both!("strict-removed"), Effect::Harmless, old, new, words);
            }
            _ => {}
        }
    }

    fn decimal(&mut self, old: &View<'d>, new: &View<'d>) {
        let (before, after) = (said(old, DECIMAL), said(new, DECIMAL));
        match Turn::said(before, after) {
            Some(turn @ Turn::Fewer) => {
                let words = "a text has to be a decimal now".into();
                self.tell(both!("decimal-added"), turn.effect(), old, new, words);
            }
            Some(turn) => {
                let words = "a text may be anything now, not only a decimal".into();
                self.tell(both!("decimal-removed"), turn.effect(), old, new, words);
            }
            None => {}
        }
        for key in ["max_digits", "decimal_places"] {
            let limit = |said: Option<&'d Value>| said?.get(key);
            let turn = |before: &Value, after: &Value| {
                let order = after.as_u64()?.cmp(&before.as_u64()?);
                Some(if order == Ordering::Less {
                    Turn::Fewer
                } else {
                    Turn::More
                })
            };
            self.limit(DECIMAL, key, limit(before), limit(after), turn, (old, new));
        }
    }

    fn keys(&mut self, old: &View<'d>, new: &View<'d>, trail: &str) {
        let below = below(trail, "[key]");
        let (before, after) = (under(old, KEYS), under(new, KEYS));
        if let (Some(old), Some(new)) = (&before, &after) {
            self.inner.push(Pairing {
                old: old.clone(),
                new: new.clone(),
                trail: below,
            });
            return;
        }
        match Turn::said(before.as_ref(), after.as_ref()) {
            Some(turn @ Turn::Fewer) => {
                let words = "names of properties have to fit a schema now".into();
                self.tell(both!("keys-added"), turn.effect(), old, new, words);
            }
            Some(turn) => {
                let words = "properties may have any name now".into();
                self.tell(both!("keys-removed"), turn.effect(), old, new, words);
            }
            None => {}
        }
    }

    fn schemes(&mut self, old: &View<'d>, new: &View<'d>) {
        let turn = |before: &Value, after: &Value| {
            let (before, after) = (before.as_array()?, after.as_array()?);
            let all_in =
                |these: &[Value], those: &[Value]| these.iter().all(|one| those.contains(one));
            match (all_in(after, before), all_in(before, after)) {
                (true, true) => None,
                (true, false) => Some(Turn::Fewer),
                (false, true) => Some(Turn::More),
                (false, false) => Some(Turn::Others),
            }
        };
        let (before, after) = (said(old, SCHEMES), said(new, SCHEMES));
        self.limit(SCHEMES, "", before, after, turn, (old, new));
    }

    fn time(&mut self, old: &View<'d>, new: &View<'d>) {
        let format = |view: &View<'d>| view.get("format").and_then(Value::as_str);
        for (key, tighter) in [
            ("gt", Ordering::Greater),
            ("ge", Ordering::Greater),
            ("lt", Ordering::Less),
            ("le", Ordering::Less),
            ("now", Ordering::Equal),
            ("zone", Ordering::Equal),
        ] {
            let turn = |before: &Value, after: &Value| {
                let order = match (tighter, format(old) == format(new)) {
                    (Ordering::Equal, _) => return Some(Turn::Others),
                    (_, true) => compare_times(format(new)?, after.as_str()?, before.as_str()?),
                    (_, false) => None,
                };
                match order {
                    None => Some(Turn::Others),
                    Some(Ordering::Equal) => None,
                    Some(order) if order == tighter => Some(Turn::Fewer),
                    Some(_) => Some(Turn::More),
                }
            };
            let limit = |view: &View<'d>| said(view, TIME)?.get(key);
            self.limit(TIME, key, limit(old), limit(new), turn, (old, new));
        }
    }

    /// A limit that is set, gone, or another one.
    fn limit(
        &mut self,
        word: &str,
        key: &str,
        before: Option<&Value>,
        after: Option<&Value>,
        turn: impl Fn(&Value, &Value) -> Option<Turn>,
        (old, new): (&View<'d>, &View<'d>),
    ) {
        let turn = match (before, after) {
            (before, after) if before == after => None,
            (Some(before), Some(after)) => turn(before, after),
            _ => Turn::said(before, after),
        };
        let Some(turn) = turn else { return };
        let name = if key.is_empty() { word } else { key };
        let told = |value: Option<&Value>| match value {
            Some(value) => shown(Some(value)),
            None => "not set".into(),
        };
        let words = format!("`{name}` is {} now, and was {}", told(after), told(before));
        self.tell(turn.rule(), turn.effect(), old, new, words);
    }
}

/// What is said by a word of our own, wherever around the schema.
fn said<'d>(view: &View<'d>, key: &str) -> Option<&'d Value> {
    view.annotations.get(key).copied()
}

/// A schema under such a word.
fn under<'d>(view: &View<'d>, key: &str) -> Option<super::place::Place<'d>> {
    view.place.child(key)
}
