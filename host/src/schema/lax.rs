//! JSON as FastAPI takes it: a value of another type becomes one of the type that the schema names, where pydantic makes
//! it one. `"1.5"` is a number, `1` is true, Unix time is a date.

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

use super::check::{Sent, Walk, parts, visits};
use super::graph::{Graph, Keys, Node, NodeId, Rest, Type, Union};
use super::scalar::fits_type;
use super::{decimal, spelling, text};
use crate::config::Limits;
use crate::json;
use crate::large::Large;
use crate::number::whole;
use crate::violations::Violations;

/// How near a value is to what it is read as: of the branches of a union pydantic takes the nearest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Near {
    /// Something has to be made of it: a date of a text, `1` of `1.0`.
    Made,
    /// An integer where a number is wanted, an object for a model.
    Alike,
    Same,
}

/// The same of a value by itself, without what is in it.
pub(super) fn near(node: &Node, large: &Large, value: &Value) -> Near {
    let lists = &node.array;
    match (&node.options, value) {
        _ if node.decimal.is_some() => Near::Made,
        // What stands beside it says more.
        (None, _) if node.types.any() && !(node.unions.is_empty() && node.all_of.is_empty()) => {
            Near::Same
        }
        (None, _) if node.types.any() => Near::Made,
        (Some(options), _) if options.class => Near::Made,
        (Some(_), _) => Near::Same,
        _ if !fits_type(node, value) => Near::Made,
        (None, Value::String(_)) => match node.string.format.as_ref() {
            _ if node.string.content.is_some() => Near::Made,
            Some((format, _)) if spelling::reads(format) => Near::Made,
            _ => Near::Same,
        },
        (None, Value::Number(number)) => {
            let has_point = number.is_f64() && large.digits(number).is_none();
            match has_point {
                true if !node.types.has(Type::Number) => Near::Made,
                false if !node.types.has(Type::Integer) => Near::Alike,
                _ => Near::Same,
            }
        }
        (None, Value::Array(_)) if lists.unique.is_some() || !lists.prefix.is_empty() => Near::Made,
        (None, Value::Object(_)) if !node.object.properties.is_empty() => Near::Alike,
        _ => Near::Same,
    }
}

/// Makes a value of what was sent; whether that changed anything.
pub(super) fn relax(graph: &Graph, large: &Large, value: &mut Value) -> bool {
    Relaxing::new(graph, large, true, value).of(graph.root(), value)
}

/// The same by the schema of a branch, in so many visits, of which those that are made are taken.
pub(super) fn relax_for(
    graph: &Graph,
    large: &Large,
    id: NodeId,
    value: &mut Value,
    visits: &mut usize,
) -> bool {
    let mut relaxing = Relaxing::new(graph, large, true, value);
    let most = relaxing.visits.min(*visits);
    relaxing.visits = most;
    relaxing.value(id, value);
    *visits -= most - relaxing.visits;
    relaxing.made.changed
}

/// The same for JSON that a text holds: the text written anew, if that changed anything.
pub(super) fn relax_content(graph: &Graph, content: NodeId, text: &str) -> Option<String> {
    let (mut value, large) = json::exactly(text).ok()?;
    let relaxing = Relaxing {
        in_text: true,
        ..Relaxing::new(graph, &large, true, &value)
    };
    let changed = relaxing.of(content, &mut value);
    changed.then(|| large.text(&value))
}

/// Makes integers of numbers like `1.0`, where nothing else is wanted; whether that changed anything.
pub(super) fn write_integers(graph: &Graph, large: &Large, value: &mut Value) -> bool {
    Relaxing::new(graph, large, false, value).of(graph.root(), value)
}

/// Of values that are equal, the first is kept.
pub(super) fn drop_twins(large: &Large, items: &mut Vec<Value>) -> bool {
    let mut known = HashSet::new();
    let before = items.len();
    items.retain(|item| {
        let integer = item.as_f64().filter(|_| item.is_f64()).and_then(whole);
        known.insert(integer.map_or_else(|| large.text(item), |integer| integer.to_string()))
    });
    items.len() < before
}

/// A key as a text: what was made of a member's name.
pub(super) fn key_text(large: &Large, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => large.text(other),
    }
}

struct Relaxing<'a> {
    graph: &'a Graph,
    large: &'a Large,
    /// Visits left: a union tries its branches, and so may those in it.
    visits: usize,
    /// Whether it is more than integers that are made.
    lax: bool,
    /// Whether it stands in a text: a text in that is no more than a text.
    in_text: bool,
    made: Made,
}

/// What was made of a value, as far as it was walked through.
#[derive(Clone, Copy)]
struct Made {
    changed: bool,
    near: Near,
    /// How many fields of models were sent, if there is one in it.
    fields: Option<usize>,
}

impl Made {
    const NOTHING: Made = Made {
        changed: false,
        near: Near::Same,
        fields: None,
    };

    fn with(self, part: Made) -> Made {
        Made {
            changed: self.changed | part.changed,
            near: self.near.min(part.near),
            fields: match (self.fields, part.fields) {
                (Some(some), Some(more)) => Some(some + more),
                (some, none) => some.or(none),
            },
        }
    }

    /// Whether it is to be preferred: by the fields of models, then by what is nearer; else the first is.
    fn beats(self, other: Made) -> bool {
        match (self.fields, other.fields) {
            (Some(own), Some(others)) if own != others => own > others,
            _ => self.near > other.near,
        }
    }
}

impl<'a> Relaxing<'a> {
    fn new(graph: &'a Graph, large: &'a Large, lax: bool, value: &Value) -> Relaxing<'a> {
        Relaxing {
            graph,
            large,
            visits: visits(value),
            lax,
            in_text: false,
            made: Made::NOTHING,
        }
    }

    fn of(mut self, id: NodeId, value: &mut Value) -> bool {
        self.value(id, value);
        self.made.changed
    }

    fn value(&mut self, id: NodeId, value: &mut Value) {
        match self.visits.checked_sub(1) {
            Some(left) => self.visits = left,
            None => return,
        }
        let graph = self.graph;
        let node = graph.node(id);
        let own = Made {
            changed: false,
            near: near(node, self.large, value),
            fields: sent_fields(node, value),
        };
        self.made = self.made.with(own);
        if node.decimal.is_some() {
            return self.decimal(value);
        }
        let integer = self.integer(node, value);
        let read = match (&node.options, &*value) {
            _ if integer.is_some() => integer,
            _ if node.strict || !self.lax => None,
            // An enum of integers takes what an integer would; a literal nothing else.
            (Some(options), _) if options.class && !options.values.contains(value) => self
                .convert(node, value)
                .filter(|made| options.values.contains(made)),
            (Some(options), _) => equal_to_python(&options.values, value),
            (None, Value::String(text)) if fits_type(node, value) => self.spelled(node, text),
            _ if fits_type(node, value) => None,
            _ => self.convert(node, value),
        };
        if let Some(read) = read {
            *value = read;
            self.made.changed = true;
        }
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let rule = node.array.prefix.get(index).copied();
                    if let Some(id) = rule.or(node.array.items) {
                        self.value(id, item);
                    }
                }
                self.set(node, items);
            }
            Value::Object(map) => {
                for (name, field) in &mut *map {
                    let known = node.object.properties.iter().find(|p| *p.name == **name);
                    match (known, &node.object.rest) {
                        (Some(property), _) => self.value(property.node, field),
                        (None, Some(Rest::Each(id))) => self.value(*id, field),
                        _ => {}
                    }
                }
                if let Some(keys) = node.object.keys.as_ref().filter(|_| self.lax) {
                    self.keys(keys, map);
                }
            }
            _ => {}
        }
        for part in &node.all_of {
            self.value(*part, value);
        }
        for union in &node.unions {
            self.union(union, value);
        }
    }

    /// The branch to which the value is nearest wins, of several the first; but of models the one of which most was sent.
    fn union(&mut self, union: &Union, value: &mut Value) {
        if let Some(discriminator) = &union.discriminator {
            let tag = value.get(&*discriminator.property).and_then(Value::as_str);
            let known = discriminator
                .tags
                .iter()
                .find(|(name, _)| tag == Some(&**name));
            if let Some((_, place)) = known {
                self.value(union.branches[*place].node, value);
            }
            return;
        }
        let is_null = |id: NodeId| self.graph.node(id).is_null();
        let branches = union.branches.iter().map(|branch| branch.node);
        if value.is_null() && branches.clone().any(is_null) {
            return;
        }
        // Of a list or an object nothing else is made.
        let scalar = !value.is_array() && !value.is_object();
        let could_be = |id: NodeId| {
            let node = self.graph.node(id);
            !node.is_null() && (scalar || node.types.any() || fits_type(node, value))
        };
        let branches: Vec<NodeId> = branches.filter(|id| could_be(*id)).collect();
        if let [only] = branches[..] {
            return self.value(only, value);
        }
        let before = std::mem::replace(&mut self.made, Made::NOTHING);
        let mut best: Option<(Made, Value)> = None;
        let parts = parts(value);
        for id in branches {
            // To copy it is to visit all of it, and so is to check what was made.
            match self.visits.checked_sub(2 * parts) {
                Some(left) => self.visits = left,
                None => break,
            }
            self.made = Made::NOTHING;
            let mut value = value.clone();
            self.value(id, &mut value);
            let made = self.made;
            if best.as_ref().is_none_or(|(other, _)| made.beats(*other)) && self.fits(id, &value) {
                best = Some((made, value));
                if made.near == Near::Same && made.fields.is_none() {
                    break;
                }
            }
        }
        self.made = before;
        if let Some((made, best)) = best {
            *value = best;
            self.made = self.made.with(made);
        }
    }

    /// The integer that a number is, where nothing but an integer is wanted.
    fn integer(&self, node: &Node, value: &Value) -> Option<Value> {
        if !value.is_f64() || node.strict && self.lax {
            return None;
        }
        let integer = Value::Number(self.whole(value.as_number()?)?);
        let wanted = match &node.options {
            Some(options) => options.values.contains(&integer),
            None => node.types.has(Type::Integer) && !node.types.has(Type::Number),
        };
        wanted.then_some(integer)
    }

    /// A float without a fraction as an integer; of what pydantic takes, it has one of 64 bits.
    fn whole(&self, number: &Number) -> Option<Number> {
        let float = number.as_f64()?;
        match self.lax {
            true => whole(float).filter(Number::is_i64),
            false if float.fract() != 0.0 || self.large.digits(number).is_some() => None,
            false => whole(float).or_else(|| Some(self.large.integer(&format!("{float:.0}")))),
        }
    }

    /// A decimal's text in its one spelling.
    fn decimal(&mut self, value: &mut Value) {
        if let Value::String(text) = &*value
            && self.lax
            && let Ok(read) = decimal::read(text)
            && read.written != *text
        {
            *value = read.written.into();
            self.made.changed = true;
        }
    }

    /// A text in another spelling of its format, in the one that guests get.
    fn spelled(&self, node: &Node, text: &str) -> Option<Value> {
        if let Some(content) = node.string.content.filter(|_| !self.in_text) {
            return relax_content(self.graph, content, text).map(Value::String);
        }
        let (format, _) = node.string.format.as_ref()?;
        spelling::of(format, text).ok().flatten().map(Value::String)
    }

    /// What a set has twice is dropped, once all of it fits: what does not is told by its place.
    fn set(&mut self, node: &Node, items: &mut Vec<Value>) {
        if !self.lax || node.array.unique.is_none() {
            return;
        }
        let mut all = items.iter().enumerate();
        let fit = all.all(|(index, item)| {
            let rule = node.array.prefix.get(index).copied().or(node.array.items);
            rule.is_none_or(|id| self.fits(id, item))
        });
        self.made.changed |= fit && drop_twins(self.large, items);
    }

    /// Names of members in the spelling of what they are read as.
    fn keys(&mut self, keys: &Keys, map: &mut Map<String, Value>) {
        let names: Vec<Option<String>> = map.keys().map(|name| self.key(keys, name)).collect();
        if names.iter().all(Option::is_none) {
            return;
        }
        let members = std::mem::take(map).into_iter().zip(names);
        map.extend(members.map(|((name, value), made)| (made.unwrap_or(name), value)));
        self.made.changed = true;
    }

    fn key(&self, keys: &Keys, name: &str) -> Option<String> {
        let made = match keys.parsed {
            true => {
                let mut unused = Violations::new(&Limits::default());
                let mut walk = Walk::new(self.graph, self.large, &[], &mut unused);
                walk.sent = Some(Sent::Text(name));
                walk.spelled = true;
                key_text(self.large, &walk.read(keys.node, name)?)
            }
            false => {
                let mut value = Value::from(name);
                Relaxing::new(self.graph, self.large, true, &value).of(keys.node, &mut value);
                key_text(self.large, &value)
            }
        };
        (made != name).then_some(made)
    }

    /// What pydantic makes of a value that is of none of the types.
    fn convert(&self, node: &Node, value: &Value) -> Option<Value> {
        let has = |kind| node.types.has(kind);
        let float = |float: f64| Number::from_f64(float).map(Value::Number);
        match value {
            Value::String(sent) => {
                let integer = || text::integer(sent, self.large).map(Value::Number);
                let boolean = || text::boolean(sent).map(Value::Bool);
                None.or_else(|| integer().filter(|_| has(Type::Integer)))
                    .or_else(|| float(text::float(sent)?).filter(|_| has(Type::Number)))
                    .or_else(|| boolean().filter(|_| has(Type::Boolean)))
            }
            Value::Bool(sent) if has(Type::Integer) => Some(u8::from(*sent).into()),
            Value::Bool(sent) if has(Type::Number) => float(u8::from(*sent).into()),
            Value::Number(sent) if has(Type::Boolean) => match sent.as_f64() {
                Some(0.0) => Some(false.into()),
                Some(1.0) => Some(true.into()),
                _ => None,
            },
            Value::Bool(_) | Value::Number(_) if has(Type::String) => {
                let (format, _) = node.string.format.as_ref()?;
                spelling::of_number(format, value).map(Value::String)
            }
            _ => None,
        }
    }

    fn fits(&self, id: NodeId, value: &Value) -> bool {
        let mut unused = Violations::new(&Limits::default());
        Walk::new(self.graph, self.large, &[], &mut unused).fits(id, value, self.visits)
    }
}

fn sent_fields(node: &Node, value: &Value) -> Option<usize> {
    let map = value.as_object()?;
    let fields = &node.object.properties;
    let sent = fields.iter().filter(|field| map.contains_key(&*field.name));
    (!fields.is_empty()).then(|| sent.count())
}

/// Of the values of a literal the one that Python takes for equal: `True` is 1.
fn equal_to_python(options: &[Value], value: &Value) -> Option<Value> {
    let number = |value: &Value| match value {
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        value => value.as_f64(),
    };
    if options.contains(value) {
        return None;
    }
    let sent = number(value)?;
    let equal = options.iter().find(|known| number(known) == Some(sent))?;
    Some(equal.clone())
}
