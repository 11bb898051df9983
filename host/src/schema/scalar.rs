//! The rules of single values: texts, numbers and decimals, and what is told of a value of another type.

use std::cmp::Ordering;

use jsonschema::Validator;
use serde_json::{Number, Value};

use super::check::{Step, Walk};
use super::decimal::{self, DecimalRules};
use super::graph::{Node, NodeId, Type};
use super::when::Broken;
use super::{label, python, spelling, words};
use crate::json;
use crate::number;
use crate::violations::Rule;

impl<'a> Walk<'a, '_> {
    pub(super) fn decimal(&mut self, rules: &'a DecimalRules, value: &Value) -> bool {
        let read = match value {
            Value::Null if rules.nullable => return true,
            Value::Number(number) => match self.large.digits(number) {
                Some(digits) => decimal::read(&digits),
                None => decimal::read(&number.to_string()),
            },
            Value::String(text) => {
                decimal::read(text).and_then(|read| match self.spelled || read.written == *text {
                    true => Ok(read),
                    false => Err(words::decimal_parsing()),
                })
            }
            _ => Err(words::decimal_type()),
        };
        let limits = rules.number.map(|id| &self.graph.node(id).number);
        let broken = match read {
            Ok(read) => read.broken(rules, limits),
            Err(rule) => Some(rule),
        };
        broken.is_none_or(|rule| self.tell(rule, value))
    }

    pub(super) fn wrong_type(&mut self, node: &'a Node, value: &Value) -> bool {
        if self.spelled
            && node.types.has(Type::String)
            && let Some((format, _)) = &node.string.format
            && let Some(rule) = spelling::no_number(format, value)
        {
            return self.tell(rule, value);
        }
        let kinds: Vec<Type> = node.types.named().collect();
        // A body that should be an object, sent as a text: the secret may be anywhere in it.
        let secret = self.secret;
        self.secret |=
            value.is_string() && self.graph.has_secrets() && node.types.has(Type::Object);
        match kinds[..] {
            [] => self.tell(words::wrong_type(node, Type::Null, value), value),
            [kind] => self.tell(words::wrong_type(node, kind, value), value),
            // A union in all but name.
            _ => kinds.into_iter().fold(false, |_, kind| {
                let label = Step::Name(label::type_name(kind));
                self.within(Some(label), |walk| {
                    walk.tell(words::wrong_type(node, kind, value), value)
                })
            }),
        };
        self.secret = secret;
        false
    }

    pub(super) fn string(&mut self, node: &'a Node, text: &str, value: &Value) -> bool {
        let rules = &node.string;
        if let Some(content) = rules.content.filter(|_| self.spelled && !self.in_text) {
            return self.json_in(content, text, value);
        }
        let format = rules.format.as_ref().map_or("", |(name, _)| &**name);
        // Lengths count code points, which are never more than bytes; those of bytes count bytes.
        let bytes = text.len() as u64;
        let short = |min: &u64| bytes < *min || format != "binary" && length(text) < *min;
        let long = |max: &u64| bytes > *max && (format == "binary" || length(text) > *max);
        let ill_formed = || match &rules.format {
            Some((name, _)) if spelling::decides(name, self.spelled) => {
                spelling::of(name, text).err()
            }
            Some((name, Some(rule))) if !rule.is_valid(value) => Some(words::format(name, text)),
            _ => None,
        };
        let broken = if format == "uri"
            && let Some(ill_formed) = ill_formed()
        {
            ill_formed
        } else if let Some(min) = rules.min.filter(short) {
            words::too_short(format, min)
        } else if let Some(max) = rules.max.filter(long) {
            words::too_long(format, max)
        } else if let Some(expected) = wrong_scheme(&rules.schemes, text) {
            words::scheme(&expected)
        } else if let Some((pattern, _)) = rules
            .pattern
            .as_ref()
            .filter(|(_, rule)| !rule.is_valid(value))
        {
            words::pattern(pattern)
        } else if let Some(ill_formed) = ill_formed() {
            ill_formed
        } else {
            let time = rules.time.as_ref();
            return match time.and_then(|time| time.broken(format, text)) {
                None => true,
                Some(Broken { rule, input: None }) => self.tell(rule, value),
                Some(Broken {
                    rule,
                    input: Some(input),
                }) => self.tell_of(rule, &input),
            };
        };
        self.tell(broken, value)
    }

    /// A text that holds JSON. What is in it was made by then into what its schema wants.
    fn json_in(&mut self, content: NodeId, text: &str, value: &Value) -> bool {
        match json::exactly(text) {
            Err(error) => self.tell(words::json_invalid(&error), value),
            Ok((inner, large)) => {
                let mut walk = self.here();
                walk.large = &large;
                walk.sent = None;
                // One text in another would be read over and over.
                walk.in_text = true;
                walk.value(content, &inner)
            }
        }
    }

    /// Why a number is none that its type takes, though JSON Schema has it among them.
    fn misfit(&self, node: &Node, number: &Number, large: Option<&str>) -> Option<Rule> {
        let takes = |kind| node.types.has(kind);
        match (takes(Type::Integer), takes(Type::Number), large) {
            (true, false, None) if self.spelled && number.is_f64() => {
                let whole = number.as_f64().and_then(number::whole);
                let has_no_integer = !whole.is_some_and(|whole| whole.is_i64());
                match node.strict {
                    true => Some(words::int_type()),
                    false => has_no_integer.then(words::int_parsing_size),
                }
            }
            (false, true, Some(digits)) => {
                let float = digits.parse::<f64>().unwrap_or(f64::INFINITY);
                float.is_infinite().then(words::float_type)
            }
            _ => None,
        }
    }

    pub(super) fn number(&mut self, node: &Node, number: &Number, value: &Value) -> bool {
        let rules = &node.number;
        let large = self.large.digits(number);
        if let Some(rule) = self.misfit(node, number, large.as_deref()) {
            return self.tell(rule, value);
        }
        let compare = |limit: &Number| match &large {
            Some(digits) => number::compare_digits(digits, limit),
            None => number::compare(number, limit),
        };
        let breaks = |limit: &&Number, allowed: &[Ordering]| !allowed.contains(&compare(limit));
        let divides = |multiple: &Number, rule: &Validator| match (&large, multiple.as_u64()) {
            (Some(digits), Some(multiple)) => number::is_multiple(digits, multiple),
            _ => rule.is_valid(value),
        };
        use Ordering::{Equal, Greater, Less};
        let broken = if let Some((multiple, rule)) = &rules.multiple
            && !divides(multiple, rule)
        {
            words::limit("multiple_of", "multiple_of", "a multiple of", multiple)
        } else if let Some(max) = rules.max.as_ref().filter(|max| breaks(max, &[Less, Equal])) {
            words::limit("less_than_equal", "le", "less than or equal to", max)
        } else if let Some(below) = rules.below.as_ref().filter(|below| breaks(below, &[Less])) {
            words::limit("less_than", "lt", "less than", below)
        } else if let Some(min) = rules
            .min
            .as_ref()
            .filter(|min| breaks(min, &[Greater, Equal]))
        {
            words::limit("greater_than_equal", "ge", "greater than or equal to", min)
        } else if let Some(above) = rules
            .above
            .as_ref()
            .filter(|above| breaks(above, &[Greater]))
        {
            words::limit("greater_than", "gt", "greater than", above)
        } else {
            return true;
        };
        self.tell(broken, value)
    }
}

pub(super) fn fits_type(node: &Node, value: &Value) -> bool {
    let types = node.types;
    types.any()
        || match value {
            Value::Null => types.has(Type::Null),
            Value::Bool(_) => types.has(Type::Boolean),
            Value::Number(number) => {
                types.has(Type::Number) || types.has(Type::Integer) && number::is_integer(number)
            }
            Value::String(_) => types.has(Type::String),
            Value::Array(_) => types.has(Type::Array),
            Value::Object(_) => types.has(Type::Object),
        }
}

/// The schemes that are expected, where a URL has another.
fn wrong_scheme(schemes: &[Value], text: &str) -> Option<String> {
    if schemes.is_empty() {
        return None;
    }
    let (scheme, _) = text.split_once(':').unwrap_or_default();
    let fits = |known: &Value| {
        known
            .as_str()
            .is_some_and(|known| known.eq_ignore_ascii_case(scheme))
    };
    (!schemes.iter().any(fits)).then(|| python::expected(schemes))
}

fn length(text: &str) -> u64 {
    text.chars().count() as u64
}
