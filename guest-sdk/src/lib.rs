//! Write a plugin for [Switchback](https://github.com/switchback-host/switchback): type a function, and the host
//! routes to it, checks each request before it arrives, and documents it.
//!
//! ```
//! use switchback_sdk::prelude::*;
//!
//! /// An item in the shop.
//! #[model]
//! struct Item {
//!     #[field(min_length = 1, max_length = 50)]
//!     name: String,
//!     #[field(gt = 0)]
//!     price: f64,
//! }
//!
//! /// What was created.
//! #[derive(Serialize, JsonSchema)]
//! struct Created {
//!     id: i64,
//!     q: Option<String>,
//!     item: Item,
//! }
//!
//! /// Create an item
//! ///
//! /// The first line is the summary, the rest the description, in Markdown.
//! #[post("/items/{id}", tags = ["items"])]
//! fn create_item(id: i64, #[query(max_length = 50)] q: Option<String>, item: Json<Item>) -> Json<Created> {
//!     Json(Created { id, q, item: item.0 })
//! }
//!
//! plugin! { title: "Items", routes: [create_item] }
//!
//! assert!(plugin().openapi().contains(r#""/items/{id}""#));
//! ```
//!
//! # From function to endpoint
//!
//! [`get`], [`post`], [`put`], [`patch`] and [`delete`] turn a function into an operation:
//!
//! - **An argument that the path names** is a path parameter; any other is a query parameter. Its type says what the
//!   host checks and documents ([`Parameter`]): `String`, `bool`, integers, floats, `Option<_>` for what may be left
//!   out, `Vec<_>` for what may be repeated. `#[query(max_length = 50)]` adds rules.
//!   `#[header]` and `#[cookie]` say that it stands elsewhere.
//! - **`Json<T>`** is the body, `Form<T>` and `#[form]` are forms, [`Upload`] is a file. `T` is a [`model`], or any serde
//!   type that also derives `JsonSchema`; what its schema says holds before the function is called, so the function does
//!   not check again.
//! - **The value returned** is the answer ([`Answer`]): any type that serialises and has a schema becomes JSON with
//!   status 200, [`Json<T>`](Json) says so aloud, `Option<T>` may be 404, [`JsonLines`], [`EventStream`] and [`Stream`]
//!   go out while they are made, [`Response`] is an answer made by hand, and `Result<T, E>` may fail with a [`Problem`] or an enum of the author's own ([`Responses`]).
//!
//! [`plugin!`] lists the operations, by [`router!`] those of modules, and makes the component. One function handles one request at a time; nothing is
//! async, and a call that waits (reading a stream) holds no thread of the host.
//!
//! # Around a function
//!
//! - [`Problem`], [`Responses`] and [`Violation`] are what it may fail with; [`With`] adds headers and [`Cookie`]s.
//! - [`State`] is kept from one call to the next; `on_start` and `on_stop` of [`plugin!`] run when an instance begins and ends; [`incoming`] tells the rest of the request; [`info!`] and its like
//!   ([`log`]) write to the host's log.
//! - `TestClient` (feature `test`) sends requests to the plugin in its own tests, through the host's checks.
//!
//! The [`book`] tells all of this at length, in eight short chapters.
//!
//! # Setting up a crate
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib", "rlib"]   # the component, and a library for native tests
//!
//! [dependencies]
//! switchback-sdk = "0.1"
//! serde = { version = "1", features = ["derive"] }    # the derives of the prelude name these two,
//! schemars = { version = "1", features = ["preserve_order"] }  # so a crate that derives needs them
//!
//! [dev-dependencies]
//! switchback-sdk = { version = "0.1", features = ["test"] }    # `TestClient`
//! ```
//!
//! `cargo build --release --target wasm32-wasip2` then makes the component. On the machine itself the crate compiles
//! as an ordinary library, so that `cargo test` can call the functions, and the plugin through `TestClient`.

#[cfg(any(test, all(target_arch = "wasm32", feature = "arena")))]
mod arena;
#[doc(hidden)]
pub mod bindings;

mod answer;
mod body;
#[cfg(any(doc, doctest))]
pub mod book;
mod contract;
mod cookie;
mod ends;
mod events;
mod export;
mod file;
pub mod incoming;
mod json_lines;
mod json_text;
mod lifecycle;
pub mod log;
pub mod operation;
mod outgoing;
mod params;
mod plugin;
mod problem;
mod reader;
mod request;
mod responses;
pub mod routers;
mod sent;
mod spelling;
mod state;
mod stream;
mod stream_body;
mod tagged;
#[cfg(all(feature = "test", not(target_arch = "wasm32")))]
mod test;
mod upload;
mod violation;

#[doc(hidden)]
pub use answer::Found as __Found;
pub use answer::{Answer, Html, Json, Redirect, Response, Text, With};
pub use body::{Body, Bytes, Form, FromBody};
pub use cookie::Cookie;
pub use events::{EventStream, EventWriter, ServerSentEvent};
#[doc(hidden)]
pub use export::handle as __handle;
pub use file::File;
pub use json_lines::{JsonLines, JsonLinesBody, JsonLinesWriter};
pub use json_text::JsonText;
#[doc(hidden)]
pub use lifecycle::Lifecycle as __Lifecycle;
pub use lifecycle::OnStart;
pub use operation::{Operation, Route};
pub use params::{Cookies, FromParameters, Headers, Parameter, Query};
pub use plugin::Plugin;
pub use problem::{Broken, OrProblem, Problem, ProblemDetails};
pub use request::Request;
pub use responses::{Answers, Responses};
#[doc(hidden)]
pub use responses::{Outcome as __Outcome, detailed as __detailed, said as __said};
pub use routers::Router;
pub use sent::Sent;
pub use state::State;
pub use stream::{Stream, StreamError, StreamWriter};
pub use stream_body::StreamBody;
pub use switchback_sdk_macros::{
    Responses, callback, delete, get, head, model, on_problem, options, patch, plugin, post, put,
    router, trace, webhook,
};
#[cfg(all(feature = "test", not(target_arch = "wasm32")))]
pub use test::{TestClient, TestEvent, TestRequest, TestResponse};
pub use upload::{Files, Upload};
pub use violation::Violation;
#[doc(hidden)]
pub use {schemars as __schemars, serde as __serde};

#[cfg(all(target_arch = "wasm32", feature = "arena"))]
#[global_allocator]
static ARENA: arena::Arena = arena::Arena::new();

/// What a plugin's source wants at hand: `use switchback_sdk::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Bytes, Cookie, Cookies, EventStream, File, Form, Headers, Html, Json, JsonLines,
        JsonLinesBody, JsonText, OrProblem, Parameter, Problem, ProblemDetails, Query, Redirect,
        Response, Responses, Sent, ServerSentEvent, State, Stream, StreamBody, StreamError, Text,
        Upload, Violation, With, callback, debug, delete, error, get, incoming, info, log, model,
        on_problem, patch, plugin, post, put, router, warn, webhook,
    };
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::{Value, json};
}
