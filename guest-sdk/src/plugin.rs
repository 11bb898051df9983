//! A plugin as a whole: its operations, its contract, its answers.

use crate::lifecycle::Lifecycle;
use crate::operation::{Operation, Rule};
use crate::routers::Listed;
use crate::{Body, Problem, Request, Response, contract};

/// A whole plugin. [`plugin!`](crate::plugin) makes one.
#[derive(Clone, Copy)]
pub struct Plugin {
    /// What the contract says of the whole.
    root: &'static [(&'static str, Rule)],
    operations: &'static [Listed],
    /// What it sends to whoever has subscribed.
    webhooks: &'static [&'static Operation],
    lifecycle: Option<&'static Lifecycle>,
}

impl Plugin {
    #[doc(hidden)]
    pub const fn new(
        root: &'static [(&'static str, Rule)],
        operations: &'static [Listed],
        webhooks: &'static [&'static Operation],
    ) -> Self {
        Plugin {
            root,
            operations,
            webhooks,
            lifecycle: None,
        }
    }

    #[doc(hidden)]
    pub const fn living(self, lifecycle: &'static Lifecycle) -> Self {
        Plugin {
            lifecycle: Some(lifecycle),
            ..self
        }
    }

    /// Does what a new instance does before its first call: `on_start` of [`plugin!`](crate::plugin).
    ///
    /// # Errors
    /// It failed; in words.
    pub fn start(&self) -> Result<(), String> {
        self.lifecycle
            .map_or(Ok(()), |lifecycle| (lifecycle.start)())
    }

    /// Does what an instance does after its last call: `on_stop` of [`plugin!`](crate::plugin).
    pub fn stop(&self) {
        if let Some(lifecycle) = self.lifecycle {
            (lifecycle.stop)();
        }
    }

    /// The contract: an OpenAPI 3.1 document in JSON.
    pub fn openapi(&self) -> String {
        contract::document(self.root, self.operations, self.webhooks)
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
    /// let params = r#"{"path":{"name":"World"}}"#;
    /// let response = plugin().handle("hello", params, &Body::Empty);
    /// assert_eq!(response.body, br#""Hello World""#);
    /// ```
    #[inline]
    pub fn handle(&self, operation: &str, params: &str, body: &Body) -> Response {
        let mut operations = self.operations.iter().map(|listed| listed.operation);
        let Some(found) = operations.find(|known| known.id == operation) else {
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
