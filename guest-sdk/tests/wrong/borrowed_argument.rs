use switchback_sdk::prelude::*;

#[get("/items")]
fn list(q: &str) {}

fn main() {}
