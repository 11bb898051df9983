//! A plugin as data: its operations, what they say and how they answer.

use crate::contract;
use crate::{Body, Describe, Problem, Request, Response};

/// One operation: `#[get]` and its like make it, [`plugin!`](crate::plugin) lists it.
pub struct Operation {
    /// `operationId` in the contract: by this the host calls it.
    pub id: &'static str,
    /// The method, in lower case as OpenAPI has it.
    pub method: &'static str,
    /// The path, with parameters as `{name}`.
    pub path: &'static str,
    /// Writes it into the contract.
    pub describe: fn(&mut Describe<'_>),
    /// Reads its arguments, calls the function, makes the answer.
    pub call: fn(&Request<'_>) -> Result<Response, Problem>,
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

/// A whole plugin. [`plugin!`](crate::plugin) makes one.
pub struct Plugin {
    title: &'static str,
    version: &'static str,
    description: &'static str,
    operations: &'static [Operation],
}

impl Plugin {
    /// A plugin of these operations. At most one may have an `operationId`, and at most one a method and path.
    ///
    /// # Panics
    /// At compile time, if two operations share what must be their own.
    pub const fn new(
        title: &'static str,
        version: &'static str,
        description: &'static str,
        operations: &'static [Operation],
    ) -> Self {
        let mut i = 0;
        while i < operations.len() {
            let mut j = 0;
            while j < i {
                let (one, other) = (&operations[i], &operations[j]);
                if same(one.id, other.id) {
                    panic!(
                        "two routes have the same operation id (the function's name): give one `operation_id = \"…\"`"
                    );
                }
                if same(one.method, other.method) && same(one.path, other.path) {
                    panic!("two routes have the same method and path");
                }
                j += 1;
            }
            i += 1;
        }
        Plugin {
            title,
            version,
            description,
            operations,
        }
    }

    /// The contract: an OpenAPI 3.1 document in JSON.
    pub fn openapi(&self) -> String {
        contract::document(self.title, self.version, self.description, self.operations).to_string()
    }

    /// Answers a request as the component does, without the host's checks.
    ///
    /// ```
    /// use switchback_sdk::prelude::*;
    /// use switchback_sdk::Body;
    ///
    /// /// Say hello
    /// #[get("/hello/{name}")]
    /// fn hello(name: String) -> String {
    ///     format!("Hello {name}")
    /// }
    ///
    /// plugin! { title: "Hello", routes: [hello] }
    ///
    /// let params = r#"{"path":{"name":"World"},"query":{},"header":{},"cookie":{}}"#;
    /// let response = plugin().handle("hello", params, &Body::Empty);
    /// assert_eq!(response.body, br#""Hello World""#);
    /// ```
    pub fn handle(&self, operation: &str, params: &str, body: &Body) -> Response {
        let Some(found) = self.operations.iter().find(|known| known.id == operation) else {
            return Problem::internal(&format!(
                "the host called `{operation}`, which is not in the contract"
            ))
            .into();
        };
        match Request::new(params, body).and_then(|request| (found.call)(&request)) {
            Ok(response) => response,
            Err(problem) => problem.into(),
        }
    }
}

/// `==` of texts, which is not const yet.
const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut i = 0;
    while i < one.len() {
        if one[i] != other[i] {
            return false;
        }
        i += 1;
    }
    true
}
