//! Walking a value along its schema, in the order in which pydantic tells errors.

use serde_json::{Map, Value};

use super::graph::{
    ArrayRules, Discriminator, Graph, Keys, Node, NodeId, ObjectRules, Rest, Union,
};
use super::scalar::fits_type;
use super::secret::{HIDDEN, shown};
use super::{lax, words};
use crate::large::Large;
use crate::number;
use crate::problem::Loc;
use crate::violations::{Rule, Violations, shorten, shorten_text};

/// How many schemas may visit one and the same part of a value, on average, where a schema applies itself many times
/// over: twice as many at each level. Beyond it the value is refused.
const MOST_VISITS: usize = 100;

pub(super) struct Walk<'a, 'o> {
    pub(super) graph: &'a Graph,
    /// The large integers of the value.
    pub(super) large: &'a Large,
    pub(super) prefix: &'a [Loc],
    pub(super) out: &'o mut Violations,
    /// The way to the value, and of each step whether it leads into the value: those of branches and keys do not.
    loc: Vec<(Step<'a>, bool)>,
    /// Where the way begins from the value that is checked whole.
    start: usize,
    /// What the value was read from: told instead of the value.
    pub(super) sent: Option<Sent<'a>>,
    /// The same for the whole of a body.
    pub(super) original: Option<&'a dyn Fn() -> &'a Value>,
    /// Whether [`spelling`] has read the texts, and so decided about their formats.
    pub(super) spelled: bool,
    /// Whether it stands in a text that holds JSON.
    pub(super) in_text: bool,
    /// Whether what is wrong is told, and not only whether something is.
    tells: bool,
    pub(super) secret: bool,
    /// Visits left.
    visits: usize,
}

#[derive(Clone, Copy)]
pub(super) enum Sent<'a> {
    Text(&'a str),
    List(&'a [&'a str]),
}

#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a, 'o> Walk<'a, 'o> {
    pub(super) fn new(
        graph: &'a Graph,
        large: &'a Large,
        prefix: &'a [Loc],
        out: &'o mut Violations,
    ) -> Self {
        Walk {
            graph,
            large,
            prefix,
            out,
            loc: Vec::new(),
            start: 0,
            sent: None,
            original: None,
            spelled: false,
            in_text: false,
            tells: true,
            secret: false,
            visits: usize::MAX,
        }
    }

    /// A walk that goes on from here, along a value that lives shorter.
    pub(super) fn here(&mut self) -> Walk<'_, '_> {
        Walk {
            graph: self.graph,
            large: self.large,
            prefix: self.prefix,
            out: self.out,
            loc: self.loc.clone(),
            start: self.loc.len(),
            sent: self.sent,
            original: None,
            spelled: self.spelled,
            in_text: self.in_text,
            tells: self.tells,
            secret: self.secret,
            visits: self.visits,
        }
    }

    /// Tells what is wrong with a value that does not fit.
    pub(super) fn tell_all(mut self, value: &'a Value) {
        let before = self.out.len();
        self.value(self.graph.root(), value);
        if self.out.len() == before {
            self.tell(words::mismatch(), value);
        }
    }

    /// The same for a value of which it is not known yet whether it fits, in bounded time.
    pub(super) fn judge(mut self, value: &'a Value) {
        self.visits = visits(value);
        let before = self.out.len();
        if !self.value(self.graph.root(), value) && self.out.len() == before {
            self.tell(words::mismatch(), value);
        }
    }

    /// Whether a value fits whose texts [`spelling`] has read, in so many visits.
    pub(super) fn fits(mut self, id: NodeId, value: &'a Value, visits: usize) -> bool {
        self.visits = visits;
        self.spelled = true;
        self.tells = false;
        self.value(id, value)
    }

    /// Checks one value; `false` if it does not fit. Once the list is full it stops at the first rule broken.
    pub(super) fn value(&mut self, id: NodeId, value: &'a Value) -> bool {
        match self.visits.checked_sub(1) {
            Some(left) => self.visits = left,
            None => return false,
        }
        let node = self.graph.node(id);
        let secret = self.secret;
        self.secret |= node.secret;
        let fits = self.rules(node, value);
        self.secret = secret;
        fits
    }

    fn rules(&mut self, node: &'a Node, value: &'a Value) -> bool {
        if node.never {
            return self.tell(words::never(), value);
        }
        if let Some(rules) = &node.decimal {
            return self.decimal(rules, value);
        }
        if let Some(options) = &node.options
            && !options
                .values
                .iter()
                .any(|known| number::equal(known, value, self.large))
        {
            return self.tell(words::options(&options.expected, options.class), value);
        }
        if !fits_type(node, value) {
            return match node.embeds {
                true => self.no_parameters(&node.object, value),
                false => self.wrong_type(node, value),
            };
        }
        let mut fits = match value {
            Value::String(text) => self.string(node, text, value),
            Value::Number(number) => self.number(node, number, value),
            Value::Array(items) => self.array(&node.array, items, value),
            Value::Object(map) => self.object(node, map, value),
            Value::Null | Value::Bool(_) => true,
        };
        for part in &node.all_of {
            if !fits && self.out.is_full() {
                return false;
            }
            fits &= self.value(*part, value);
        }
        for union in &node.unions {
            if !fits && self.out.is_full() {
                return false;
            }
            fits &= self.union(union, value);
        }
        match &node.other {
            Some(other) if fits && !other.validator.is_valid(value) => {
                self.tell(words::other(other.keyword), value)
            }
            _ => fits,
        }
    }

    fn array(&mut self, rules: &'a ArrayRules, items: &'a [Value], value: &'a Value) -> bool {
        if rules.unique.is_none() && self.too_many_items(rules, items.len(), value) {
            return false;
        }
        let mut fits = true;
        for (index, item) in items.iter().enumerate() {
            let Some(id) = rules.prefix.get(index).copied().or(rules.items) else {
                break;
            };
            fits &= self.inside(Step::Index(index), |walk| walk.value(id, item));
            if !fits && self.out.is_full() {
                return false;
            }
        }
        let least = rules.min.unwrap_or(0);
        if (items.len() as u64) < least && !rules.prefix.is_empty() {
            for index in items.len()..rules.prefix.len().min(least as usize) {
                fits = self.within(Some(Step::Index(index)), |walk| {
                    walk.tell(Rule::missing(), value)
                });
            }
        }
        if !fits || rules.unique.is_some() && self.too_many_items(rules, items.len(), value) {
            return false;
        }
        if (items.len() as u64) < least {
            let rule = words::too_few(words::collection(rules), least, items.len());
            return self.tell(rule, value);
        }
        match &rules.unique {
            Some(unique) if !unique.is_valid(value) => self.tell(words::not_unique(), value),
            _ => true,
        }
    }

    /// Too many hides what is wrong with the items.
    pub(super) fn too_many_items(
        &mut self,
        rules: &ArrayRules,
        count: usize,
        value: &Value,
    ) -> bool {
        match rules.max.filter(|most| count as u64 > *most) {
            Some(most) => {
                let rule = words::too_many(words::collection(rules), most, count);
                !self.tell(rule, value)
            }
            None => false,
        }
    }

    /// Of several body parameters, sent as something else than an object, each is missing, even one that may be.
    fn no_parameters(&mut self, rules: &'a ObjectRules, value: &Value) -> bool {
        if rules.properties.is_empty() {
            return self.tell(words::not_a_model(), value);
        }
        for property in &rules.properties {
            self.within(Some(Step::Name(&property.name)), |walk| {
                walk.tell_of(Rule::missing(), &Value::Null)
            });
        }
        false
    }

    fn object(&mut self, node: &'a Node, map: &'a Map<String, Value>, value: &'a Value) -> bool {
        let rules = &node.object;
        let mut fits = true;
        for property in &rules.properties {
            let step = Some(Step::Name(&property.name));
            match map.get(&*property.name) {
                Some(field) => {
                    let step = Step::Name(&property.name);
                    fits &= self.inside(step, |walk| walk.value(property.node, field));
                }
                None if property.required => {
                    fits = self.within(step, |walk| match node.embeds {
                        true => walk.tell_of(Rule::missing(), &Value::Null),
                        false => walk.tell(Rule::missing(), value),
                    });
                }
                None => {}
            }
            if !fits && self.out.is_full() {
                return false;
            }
        }
        for name in &rules.required {
            if !map.contains_key(&**name) {
                let step = Some(Step::Name(name));
                fits = self.within(step, |walk| walk.tell(Rule::missing(), value));
            }
        }
        if rules.rest.is_some() || !rules.patterns.is_empty() || rules.keys.is_some() {
            for (name, field) in map {
                if let Some(keys) = &rules.keys {
                    fits &= self.key(keys, name);
                }
                fits &= self.inside(Step::Name(name), |walk| walk.extra(rules, name, field));
                if !fits && self.out.is_full() {
                    return false;
                }
            }
        }
        if !fits {
            return false;
        }
        let count = map.len() as u64;
        if let Some(most) = rules.max.filter(|most| count > *most) {
            return self.tell(words::too_many("Dictionary", most, map.len()), value);
        }
        match rules.min.filter(|least| count < *least) {
            Some(least) => self.tell(words::too_few("Dictionary", least, map.len()), value),
            None => true,
        }
    }

    /// The name of a member, which has a step of its own behind the member's.
    fn key(&mut self, keys: &'a Keys, name: &'a str) -> bool {
        self.within(Some(Step::Name(name)), |walk| {
            walk.within(Some(Step::Name("[key]")), |walk| {
                if !keys.parsed {
                    let name = Value::String(name.to_owned());
                    return walk.here().value(keys.node, &name);
                }
                let around = walk.sent.replace(Sent::Text(name));
                let read = walk.read(keys.node, name);
                // A guest reads a key in its usual spelling only.
                let fits = match read.map(|value| lax::key_text(walk.large, &value)) {
                    Some(text) if text != name && !walk.spelled => {
                        walk.tell(words::int_type(), &Value::Null)
                    }
                    read => read.is_some(),
                };
                walk.sent = around;
                fits
            })
        })
    }

    fn extra(&mut self, rules: &'a ObjectRules, name: &'a str, field: &'a Value) -> bool {
        let mut known = rules.knows(name);
        let mut fits = true;
        if !rules.patterns.is_empty() {
            let name = Value::String(name.to_owned());
            for (pattern, id) in &rules.patterns {
                if pattern.is_valid(&name) {
                    known = true;
                    fits &= self.value(*id, field);
                }
            }
        }
        match rules.rest {
            Some(Rest::Forbidden) if !known => self.tell(words::extra(), field),
            Some(Rest::Each(id)) if !known => self.value(id, field),
            _ => fits,
        }
    }

    fn union(&mut self, union: &'a Union, value: &'a Value) -> bool {
        let null = |id: NodeId| self.graph.node(id).is_null();
        if value.is_null() && union.branches.iter().any(|branch| null(branch.node)) {
            return true;
        }
        if let Some(discriminator) = &union.discriminator {
            return self.tagged(union, discriminator, value);
        }
        let before = self.out.len();
        let mut fitting = 0;
        for branch in &union.branches {
            if self.graph.node(branch.node).is_null() {
                continue;
            }
            let label = branch.label.as_deref().map(Step::Name);
            if self.within(label, |walk| walk.value(branch.node, value)) {
                fitting += 1;
                if !union.one {
                    break;
                }
            }
        }
        if fitting > 0 {
            self.out.truncate(before);
        } else if self.tells && self.spelled && self.sent.is_none() {
            self.out.truncate(before);
            self.tell_made(union, value);
        }
        match fitting {
            0 => false,
            1 => true,
            _ => self.tell(words::more_than_one(), value),
        }
    }

    /// Tells of each branch what is wrong with what would be made of the value for it.
    fn tell_made(&mut self, union: &'a Union, value: &'a Value) {
        for branch in &union.branches {
            if self.graph.node(branch.node).is_null() || self.out.is_full() {
                continue;
            }
            let label = branch.label.as_deref().map(Step::Name);
            self.within(label, |walk| {
                let mut made = value.clone();
                if !lax::relax_for(
                    walk.graph,
                    walk.large,
                    branch.node,
                    &mut made,
                    &mut walk.visits,
                ) {
                    return walk.value(branch.node, value);
                }
                let sent = walk.as_sent().unwrap_or(value);
                let sent = || sent;
                let mut inner = walk.here();
                inner.original = Some(&sent);
                let fits = inner.value(branch.node, &made);
                walk.visits = inner.visits;
                fits
            });
        }
    }

    fn tagged(
        &mut self,
        union: &'a Union,
        discriminator: &'a Discriminator,
        value: &'a Value,
    ) -> bool {
        let Value::Object(map) = value else {
            return self.tell(words::not_a_model(), value);
        };
        let Some(tag) = map.get(&*discriminator.property) else {
            return self.tell(words::tag_missing(&discriminator.property), value);
        };
        let known = discriminator
            .tags
            .iter()
            .find(|(name, _)| tag.as_str() == Some(&**name));
        match known {
            Some((name, place)) => {
                let id = union.branches[*place].node;
                self.within(Some(Step::Name(name)), |walk| walk.value(id, value))
            }
            None => {
                let tags: Vec<String> = discriminator
                    .tags
                    .iter()
                    .map(|(name, _)| format!("'{name}'"))
                    .collect();
                let rule = words::tag_unknown(&discriminator.property, tag, &tags.join(", "));
                self.tell(rule, value)
            }
        }
    }

    /// Within a part of the value.
    fn inside<T>(&mut self, step: Step<'a>, visit: impl FnOnce(&mut Self) -> T) -> T {
        self.loc.push((step, true));
        let result = visit(self);
        self.loc.pop();
        result
    }

    pub(super) fn within<T>(
        &mut self,
        step: Option<Step<'a>>,
        visit: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let depth = self.loc.len();
        self.loc.extend(step.map(|step| (step, false)));
        let result = visit(self);
        self.loc.truncate(depth);
        result
    }

    /// Tells a broken rule here, and shows what was sent. Always `false`, as the value does not fit.
    pub(super) fn tell(&mut self, rule: Rule, value: &Value) -> bool {
        match self.sent {
            Some(Sent::Text(text)) => self.push(rule, |most| shorten_text(text, most)),
            Some(Sent::List(texts)) => {
                let sent = texts.iter().copied().collect();
                self.push(rule, |most| shorten(&sent, &Large::default(), most))
            }
            None => match self.as_sent() {
                Some(sent) => self.tell_of(rule, sent),
                None => self.tell_of(rule, value),
            },
        }
    }

    /// The same, and shows this value, whatever was sent.
    pub(super) fn tell_of(&mut self, rule: Rule, value: &Value) -> bool {
        let (graph, large) = (self.graph, self.large);
        self.push(rule, |most| shown(graph, value, large, most))
    }

    fn push(&mut self, rule: Rule, input: impl FnOnce(usize) -> Value) -> bool {
        let input = |most| match self.secret {
            true => HIDDEN.into(),
            false => input(most),
        };
        self.out.push(rule, || place(self.prefix, &self.loc), input);
        false
    }

    /// What the value was before anything was made of it, where that is known.
    fn as_sent(&self) -> Option<&'a Value> {
        let mut steps = self.loc[self.start..].iter().filter(|(_, into)| *into);
        steps.try_fold(self.original?(), |value, (step, _)| match step {
            Step::Name(name) => value.get(*name),
            Step::Index(index) => value.get(*index),
        })
    }
}

fn place(prefix: &[Loc], steps: &[(Step<'_>, bool)]) -> Vec<Loc> {
    let steps = steps.iter().map(|(step, _)| match step {
        Step::Name(name) => Loc::Name((*name).to_owned().into()),
        Step::Index(index) => Loc::Index(*index),
    });
    prefix.iter().cloned().chain(steps).collect()
}

/// How often the parts of a value may be looked at, in all.
pub(super) fn visits(value: &Value) -> usize {
    MOST_VISITS.saturating_mul(parts(value))
}

/// How many values a value is made of.
pub(super) fn parts(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(parts).sum(),
        Value::Object(map) => map.values().map(parts).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}
