use switchback_sdk::prelude::*;

#[post("/items")]
fn create(#[body("text/csv")] items: StreamBody) {}

fn main() {}
