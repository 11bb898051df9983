//! What leaves.

mod kinds;
#[path = "answers/models.rs"]
mod models;
#[path = "answers/plain.rs"]
mod plain;
mod python;
#[path = "answers/rest.rs"]
mod rest;

use switchback_sdk::prelude::*;

plugin! { title: "answers", routes: [models::router(), plain::router(), rest::router()] }
