use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(regex = "^a")] q: String) {}

fn main() {}
