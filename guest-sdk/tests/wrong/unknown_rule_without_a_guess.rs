use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(lenient = true)] q: String) {}

fn main() {}
