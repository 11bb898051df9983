//! One operation as data: what the attributes make of a function.

use schemars::{Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::contract::constant;
#[doc(hidden)]
pub use crate::contract::{add_examples, add_rules, embedded, form};

use crate::{Answers, Problem, Request, Response};

/// One operation: `#[get]` and its like make it, [`plugin!`](crate::plugin) lists it.
#[derive(Clone, Copy)]
pub struct Operation {
    /// `operationId` in the contract: by this the host calls it.
    pub id: &'static str,
    /// The method, in lower case as OpenAPI has it.
    pub method: &'static str,
    /// The path, with parameters as `{name}`.
    pub path: &'static str,
    /// The same without names, with what of its parameters decides whether a path fits: `/items/{int}`.
    pub shape: &'static str,
    /// What else the contract says of it that is constant: `operationId`, `summary`.
    pub about: &'static [(&'static str, Rule)],
    /// The groups it is shown under.
    pub tags: &'static [&'static str],
    /// Its parameters.
    pub arguments: &'static [Argument],
    /// Which of them are in the prefix of a router around it.
    pub outer: &'static [&'static str],
    /// Add to the operation what the contract says of parameters that one type takes.
    pub models: &'static [fn(&mut SchemaGenerator, &mut Value)],
    /// What the contract says of its body, if it takes one.
    pub body: Option<fn(&mut SchemaGenerator) -> Value>,
    /// What is sent because of it.
    pub callbacks: &'static [&'static Operation],
    /// What else the contract says of it, merged into the rest.
    pub extra: Option<Rule>,
    /// Adds its answers to the contract.
    pub answers: fn(&mut Answers<'_>),
    /// Reads the arguments, calls the function, makes the answer.
    pub call: fn(&Request<'_>) -> Result<Response, Problem>,
}

/// A parameter that an operation declares, or a field of its form.
#[derive(Clone, Copy)]
pub struct Argument {
    /// As clients write it.
    pub name: &'static str,
    /// What the contract says beside its schema; of a field, in its schema.
    pub about: &'static [(&'static str, Rule)],
    /// Keywords of JSON Schema that hold beside the type's own. A `default` makes the parameter optional.
    pub rules: &'static [(&'static str, Rule)],
    /// The same, for each value of a list.
    pub rules_of_each: &'static [(&'static str, Rule)],
    /// The type's schema.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Whether it may be left out.
    pub optional: fn() -> bool,
}

/// JSON that is known when the plugin is compiled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any number.
    Number(f64),
    /// A text.
    Text(&'static str),
    /// A list.
    List(&'static [Rule]),
    /// An object. An entry whose text is empty is left out.
    Object(&'static [(&'static str, Rule)]),
}

/// What an attribute says, as JSON.
#[doc(hidden)]
pub fn json(rule: &Rule) -> Value {
    constant(rule)
}

/// A schema that an attribute says.
#[doc(hidden)]
pub fn schema(rule: &Rule) -> Schema {
    Schema::try_from(constant(rule)).expect("an object is a schema")
}

/// The default that an attribute says, of a type that is read from JSON.
///
/// # Panics
/// If it is none of that type: when the contract is made, which has each default.
#[doc(hidden)]
pub fn made<T: DeserializeOwned>(rule: &Rule) -> T {
    let text = constant(rule).to_string();
    serde_json::from_str(&text).unwrap_or_else(|error| {
        let name = std::any::type_name::<T>();
        panic!("the default {text} is no `{name}`: {error}")
    })
}

/// Something that has an operation. The attribute on `fn hello` makes a type `hello` of the same name, which is what
/// `routes: [hello]` means.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a route",
    note = "put `#[get(\"/path\")]`, `#[post(…)]`, `#[put(…)]`, `#[patch(…)]` or `#[delete(…)]` on the function"
)]
pub trait Route {
    /// The operation.
    const OPERATION: Operation;
}

/// What stands for an operation whose attribute or signature did not compile.
#[doc(hidden)]
pub const fn broken(name: &'static str) -> Operation {
    Operation {
        id: name,
        method: "",
        path: name,
        shape: name,
        about: &[],
        tags: &[],
        arguments: &[],
        outer: &[],
        models: &[],
        body: None,
        callbacks: &[],
        extra: None,
        answers: |_| (),
        call: |_| Ok(Response::new(500)),
    }
}
