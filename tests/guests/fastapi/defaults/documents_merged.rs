//! One schema for what is sent and what is answered; pages elsewhere.

mod events;
mod python;

use switchback_sdk::prelude::*;

use events::Event;

#[post("/event", tags = ["t"])]
fn event(v: Json<Event>) -> Json<Event> {
    v
}

plugin! { title: "documents-merged", routes: [event] }
