use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(ge = 1)] q: Option<String>) {}

fn main() {}
