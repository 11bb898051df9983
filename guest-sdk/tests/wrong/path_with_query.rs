use switchback_sdk::prelude::*;

#[get("/items?q={q}")]
fn list(q: String) {}

fn main() {}
