//! What a function may return, and how it goes out.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use crate::Problem;

/// JSON: of a body as an argument, of an answer as a result. The value is field `0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// An answer made by hand: any status, headers and bytes. The contract documents none of them.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// A page
/// #[get("/page")]
/// fn page() -> Response {
///     Response::new(200).header("content-type", "text/html; charset=utf-8").body("<h1>Hello</h1>")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// 200 to 599.
    pub status: u16,
    /// Names and values. `content-length`, `transfer-encoding` and `connection` are the host's.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without headers and body.
    pub fn new(status: u16) -> Self {
        Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// `value` as JSON. A value that JSON has no form for (a map with keys that are no texts) is answered with 500,
    /// and the log says why.
    pub fn json(status: u16, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Response {
                status,
                headers: vec![("content-type".into(), "application/json".into())],
                body,
            },
            Err(error) => Problem::internal(&format!("writing the answer: {error}")).into(),
        }
    }
}

/// A type that a function may return.
///
/// Every type that serialises and has a schema is one. So are [`Json`] and [`Response`]. A function may also return
/// `Result<_, E>` of these, where `E` is [`Problem`] or becomes one (`impl From<E> for Problem`); the attribute knows it
/// by the word `Result`, which may be an alias of that name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be answered",
    label = "not an answer",
    note = "derive `Serialize` and `JsonSchema` for it, or return `Response`, or a `Result<_, Problem>` of these, written as `Result`"
)]
pub trait Answer {
    /// The schema of the JSON that it carries, if it is JSON.
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema>;

    /// The answer; with `status` unless it knows better.
    fn answer(self, status: u16) -> Response;
}

impl<T: Serialize + JsonSchema> Answer for T {
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        Some(generator.subschema_for::<T>())
    }

    fn answer(self, status: u16) -> Response {
        if has_body(status) {
            Response::json(status, &self)
        } else {
            Response::new(status)
        }
    }
}

/// HTTP allows no body with these.
pub(crate) fn has_body(status: u16) -> bool {
    !matches!(status, 204 | 205 | 304)
}

impl<T: Serialize + JsonSchema> Answer for Json<T> {
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        T::schema(generator)
    }

    fn answer(self, status: u16) -> Response {
        self.0.answer(status)
    }
}

impl Answer for Response {
    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        None
    }

    fn answer(self, _: u16) -> Response {
        self
    }
}
