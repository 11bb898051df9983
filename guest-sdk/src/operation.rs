//! One operation as data: what the attributes make of a function.

use schemars::{Schema, SchemaGenerator};

use crate::reader::Raw;
use crate::{Parameter, Problem, Request, Response};

/// One operation: `#[get]` and its like make it, [`plugin!`](crate::plugin) lists it.
pub struct Operation {
    /// `operationId` in the contract: by this the host calls it.
    pub id: &'static str,
    /// The method, in lower case as OpenAPI has it.
    pub method: &'static str,
    /// The path, with parameters as `{name}`.
    pub path: &'static str,
    /// One line.
    pub summary: &'static str,
    /// More lines, in Markdown; may be empty.
    pub description: &'static str,
    /// The groups it is shown under.
    pub tags: &'static [&'static str],
    /// Whether clients should leave it.
    pub deprecated: bool,
    /// Its parameters.
    pub arguments: &'static [Argument],
    /// The schema of its body, which is JSON.
    pub body: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// The status of its answer.
    pub status: u16,
    /// The schema of its answer, if that is JSON.
    pub answer: fn(&mut SchemaGenerator) -> Option<Schema>,
    /// Reads the arguments, calls the function, makes the answer.
    pub call: fn(&Request<'_>) -> Result<Response, Problem>,
}

/// A parameter that an operation declares.
pub struct Argument {
    /// `path` or `query`.
    pub place: &'static str,
    /// As it is called in the path or query.
    pub name: &'static str,
    /// In Markdown; may be empty.
    pub description: &'static str,
    /// Keywords of JSON Schema that hold beside the type's own. A `default` makes the parameter optional.
    pub rules: &'static [(&'static str, Rule)],
    /// The type's schema.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Whether it may be left out: [`is_optional`].
    pub optional: fn() -> bool,
}

/// The value of a keyword.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any number.
    Number(f64),
    /// A text.
    Text(&'static str),
}

/// The schema of a parameter of this type.
pub fn schema<T: Parameter>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Whether a parameter of this type may be left out: one that was not sent is read as `null`.
pub fn is_optional<T: Parameter>() -> bool {
    Raw("null").read::<T>().is_ok()
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
        summary: "",
        description: "",
        tags: &[],
        deprecated: false,
        arguments: &[],
        body: None,
        status: 500,
        answer: |_| None,
        call: |_| Ok(Response::new(500)),
    }
}
