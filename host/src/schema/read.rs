//! Reading texts (of a path or a query) by their schema, as leniently as pydantic does.

use serde_json::Value;

use super::check::{Sent, Step, Walk};
use super::graph::{Node, NodeId, Type, Union};
use super::lax::{self, Near};
use super::{decimal, spelling, text, words};
use crate::violations::Rule;

impl<'a> Walk<'a, '_> {
    /// Reads a text by the root schema.
    pub(super) fn text(mut self, sent: &'a str) -> Option<Value> {
        self.sent = Some(Sent::Text(sent));
        self.spelled = true;
        self.read(self.graph.root(), sent)
    }

    /// Reads each text by the schema of the root's items.
    pub(super) fn list(mut self, texts: &'a [&'a str]) -> Option<Value> {
        let id = self.graph.list()?;
        let rules = &self.graph.node(id).array;
        self.sent = Some(Sent::List(texts));
        self.spelled = true;
        if rules.unique.is_none() && self.too_many_items(rules, texts.len(), &Value::Null) {
            return None;
        }
        let mut values = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let value = match rules.prefix.get(index).copied().or(rules.items) {
                Some(item) => self.within(Some(Step::Index(index)), |walk| {
                    walk.sent = Some(Sent::Text(text));
                    walk.read(item, text)
                }),
                None => Some((*text).into()),
            };
            values.extend(value);
            if self.out.is_full() {
                return None;
            }
        }
        if values.len() < texts.len() {
            return None;
        }
        // The items are fine by now; what is left are the rules on the list itself.
        if rules.unique.is_some() {
            lax::drop_twins(self.large, &mut values);
        }
        let values = Value::Array(values);
        let mut walk = Walk::new(self.graph, self.large, self.prefix, self.out);
        walk.sent = Some(Sent::List(texts));
        walk.spelled = true;
        walk.value(id, &values).then_some(values)
    }

    pub(super) fn read(&mut self, id: NodeId, sent: &'a str) -> Option<Value> {
        let node = self.graph.node(id);
        if node.decimal.is_some() {
            let written = decimal::read(sent).map_or_else(|_| sent.to_owned(), |read| read.written);
            return self.also(id, written.into());
        }
        if node.types.any()
            && node.options.is_none()
            && let Some(union) = node.unions.first()
        {
            let value = self.read_union(union, sent)?;
            return self.also(id, value);
        }
        if node.types.any()
            && node.options.is_none()
            && let [part] = node.all_of[..]
        {
            let value = self.read(part, sent)?;
            return self.also(id, value);
        }
        let value = match self.coerce(node, sent) {
            Ok(value) => value,
            Err(rule) => {
                self.tell(rule, &Value::Null);
                return None;
            }
        };
        self.also(id, value)
    }

    /// The value, if it also fits what stands beside the schema by which it was read.
    fn also(&mut self, id: NodeId, value: Value) -> Option<Value> {
        self.here().value(id, &value).then_some(value)
    }

    /// A text stays a text where a branch takes just that; else the first branch that can read it wins.
    fn read_union(&mut self, union: &'a Union, sent: &'a str) -> Option<Value> {
        let before = self.out.len();
        let text = Value::from(sent);
        let (first, then): (Vec<_>, Vec<_>) = union
            .branches
            .iter()
            .filter(|branch| !self.graph.node(branch.node).is_null())
            .partition(|branch| {
                lax::near(self.graph.node(branch.node), self.large, &text) == Near::Same
            });
        for branch in first.into_iter().chain(then) {
            let found = self.read(branch.node, sent);
            self.out.truncate(before);
            if found.is_some() {
                return found;
            }
        }
        for branch in &union.branches {
            if !self.graph.node(branch.node).is_null() {
                let label = branch.label.as_deref();
                self.within(label.map(Step::Name), |walk| walk.read(branch.node, sent));
            }
        }
        None
    }

    /// The text as the type that the schema names.
    fn coerce(&self, node: &Node, sent: &str) -> Result<Value, Rule> {
        if node.types.has(Type::String) || node.types.any() && node.options.is_none() {
            if let Some(content) = node.string.content {
                let made = lax::relax_content(self.graph, content, sent);
                return Ok(made.as_deref().unwrap_or(sent).into());
            }
            return match &node.string.format {
                Some((format, _)) => Ok(spelling::of(format, sent)?
                    .as_deref()
                    .unwrap_or(sent)
                    .into()),
                None => Ok(sent.into()),
            };
        }
        if let Some(options) = &node.options {
            let read = if node.strict || options.values.iter().any(Value::is_string) {
                None
            } else if node.types.has(Type::Boolean) {
                text::boolean(sent).map(Value::Bool)
            } else {
                text::integer(sent, self.large)
                    .map(Value::Number)
                    .or_else(|| text::number(text::float(sent)?))
            };
            return Ok(read.unwrap_or_else(|| sent.into()));
        }
        if node.strict {
            return Ok(sent.into());
        }
        if node.types.has(Type::Integer)
            && let Some(number) = text::integer(sent, self.large)
        {
            return Ok(number.into());
        }
        if node.types.has(Type::Number)
            && let Some(float) = text::float(sent)
        {
            return text::number(float).ok_or_else(words::finite_number);
        }
        if node.types.has(Type::Boolean)
            && let Some(boolean) = text::boolean(sent)
        {
            return Ok(boolean.into());
        }
        // A text that no type can be read from: the value check tells why.
        Ok(sent.into())
    }
}
