//! A plugin as a whole: its operations, its contract, its answers.

use crate::{Body, Operation, Problem, Request, Response, contract};

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
        contract::document(self.title, self.version, self.description, self.operations)
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
    #[inline]
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
