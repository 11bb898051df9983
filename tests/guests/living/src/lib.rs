//! A guest that asks its test what to do when it begins, when it is called and when it ends. `GET /name` answers the name
//! that it was given at its beginning.

#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    reason = "generated code"
)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit", "wit"],
        world: "test:living/living@1.0.0",
        generate_all,
    });
    export!(Living with_types_in self);
    use super::Living;
}

use std::cell::RefCell;
use std::hint::black_box;
use std::time::Duration;

use bindings::exports::switchback::plugin::{contract, handler, lifecycle};
use bindings::switchback::plugin::log;
use bindings::switchback::plugin::types::{Answer, Payload, Response};
use bindings::test::living::script;

struct Living;

thread_local! {
    static NAME: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Asks what to do, and does it.
fn obey(step: &str) -> Result<String, String> {
    log::write(log::Level::Info, &format!("at its {step}"), "");
    let order = script::ask(step, &NAME.with_borrow(String::clone));
    match order.split_once(' ').unwrap_or((&order, "")) {
        ("refuse", why) => Err(why.into()),
        ("name", name) => Ok(name.into()),
        ("trap", _) => panic!("told to trap"),
        ("spin", _) => loop {
            black_box(());
        },
        ("wait", _) => loop {
            std::thread::sleep(Duration::from_secs(3600));
        },
        _ => Ok(String::new()),
    }
}

impl contract::Guest for Living {
    fn openapi() -> String {
        r#"{"openapi": "3.1.0", "info": {"title": "Living", "version": "1"}, "paths": {"/name": {"get": {
            "operationId": "name", "responses": {"200": {"description": "Its name"}}}}}}"#
            .into()
    }
}

impl handler::Guest for Living {
    fn handle(_: handler::Request) -> Answer {
        let name = NAME.with_borrow(String::clone);
        obey("handle").expect("a call refuses nothing");
        Answer::Full(Response {
            status: 200,
            headers: vec![("content-type".into(), "text/plain".into())],
            body: Payload::Text(name),
        })
    }
}

impl lifecycle::Guest for Living {
    fn on_start() -> Result<(), String> {
        let name = obey("start")?;
        NAME.set(name);
        Ok(())
    }

    fn on_stop() {
        let _ = obey("stop");
    }
}
