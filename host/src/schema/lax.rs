//! JSON as FastAPI takes it: a value of another type becomes one of the type that the schema names, where pydantic makes
//! it one. `"1.5"` is a number, `1` is true, Unix time is a date.

use serde_json::{Number, Value};

use super::check::{Walk, fits_type};
use super::graph::{Graph, Node, NodeId, Rest, Type, Union};
use super::{spelling, text};
use crate::config::Limits;
use crate::violations::Violations;

/// Makes a value of what was sent; whether that changed anything.
pub(super) fn relax(graph: &Graph, value: &mut Value, visits: usize) -> bool {
    let mut relaxing = Relaxing {
        graph,
        visits,
        changed: false,
    };
    relaxing.value(graph.root(), value);
    relaxing.changed
}

struct Relaxing<'a> {
    graph: &'a Graph,
    /// Visits left: a union tries its branches, and so may those in it.
    visits: usize,
    changed: bool,
}

impl Relaxing<'_> {
    fn value(&mut self, id: NodeId, value: &mut Value) {
        match self.visits.checked_sub(1) {
            Some(left) => self.visits = left,
            None => return,
        }
        let graph = self.graph;
        let node = graph.node(id);
        let read = match (&node.options, &*value) {
            // An enum of integers takes what an integer would; a literal nothing else.
            (Some(options), _) if options.class && !options.values.contains(value) => {
                convert(node, value).filter(|made| options.values.contains(made))
            }
            (Some(_), _) => None,
            (None, Value::String(text)) if fits_type(node, value) => spelled(node, text),
            _ if fits_type(node, value) => None,
            _ => convert(node, value),
        };
        if let Some(read) = read {
            *value = read;
            self.changed = true;
        }
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let rule = node.array.prefix.get(index).copied();
                    if let Some(id) = rule.or(node.array.items) {
                        self.value(id, item);
                    }
                }
            }
            Value::Object(map) => {
                for (name, field) in map {
                    let known = node.object.properties.iter().find(|p| *p.name == **name);
                    match (known, &node.object.rest) {
                        (Some(property), _) => self.value(property.node, field),
                        (None, Some(Rest::Each(id))) => self.value(*id, field),
                        _ => {}
                    }
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

    /// A branch that takes the value as it is wins, else the first that can be made of it.
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
        let mut branches = union.branches.iter();
        if let Some(branch) = branches.find(|branch| self.fits(branch.node, value)) {
            // What is in it may be spelt otherwise all the same.
            return self.value(branch.node, value);
        }
        for branch in &union.branches {
            let (before, mut made) = (self.changed, value.clone());
            self.value(branch.node, &mut made);
            if self.fits(branch.node, &made) {
                *value = made;
                return;
            }
            self.changed = before;
        }
    }

    fn fits(&self, id: NodeId, value: &Value) -> bool {
        let mut unused = Violations::new(&Limits::default());
        Walk::new(self.graph, &[], &mut unused).fits(id, value, self.visits)
    }
}

/// A text in another spelling of its format, in the one that guests get.
fn spelled(node: &Node, text: &str) -> Option<Value> {
    let (format, _) = node.string.format.as_ref()?;
    spelling::of(format, text).ok().flatten().map(Value::String)
}

/// What pydantic makes of a value that is of none of the types.
fn convert(node: &Node, value: &Value) -> Option<Value> {
    let has = |kind| node.types.has(kind);
    let float = |float: f64| Number::from_f64(float).map(Value::Number);
    match value {
        Value::String(sent) => {
            let integer = || text::integer(sent).map(Value::Number);
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
