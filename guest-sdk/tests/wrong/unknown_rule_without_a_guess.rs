use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(strict = true)] q: String) {}

fn main() {}
