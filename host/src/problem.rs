//! What a client is told when something is wrong: one error body, in two wire shapes.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// One step on the way to the value that broke a rule: a name, or an index of an array.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Loc {
    /// `path`, `query`, `body`, or the name of a parameter or field.
    Name(Cow<'static, str>),
    /// A place in an array, from 0; in `json_invalid` the place in the text.
    Index(usize),
}

/// One broken rule: where, which, and in words. Serialised as FastAPI does:
/// `{"type", "loc", "msg", "input", "ctx"}`, `ctx` only where there is one.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Violation {
    /// The rule, by pydantic's name (`missing`, `string_too_short`).
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// Where: `["body", "price"]`.
    pub loc: Vec<Loc>,
    /// In words, for a person.
    pub msg: Cow<'static, str>,
    /// What was sent there, shortened if it is large.
    pub input: Value,
    /// The rule's own figures (`{"min_length": 1}`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ctx: Option<Map<String, Value>>,
}
