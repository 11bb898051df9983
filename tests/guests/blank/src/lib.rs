//! The guest that tests fill in: its contract, its version and how it describes itself lie in its data, as slots that
//! the harness patches (`guests::blank`), so that a test has any guest at once, without a compiler.
//!
//! As built it has a contract with `GET /NAME` for each behaviour below.

mod behaviour;
mod describe;
mod script;
mod slot;

#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    reason = "generated code"
)]
mod bindings {
    use super::Blank;

    wit_bindgen::generate!({ path: "../../../wit", world: "plugin" });
    export!(Blank with_types_in self);
}

use bindings::exports::switchback::plugin::{contract, handler};

struct Blank;

impl contract::Guest for Blank {
    fn openapi() -> String {
        describe::openapi()
    }
}

impl handler::Guest for Blank {
    fn handle(request: handler::Request) -> handler::Answer {
        behaviour::answer(&request)
    }
}
