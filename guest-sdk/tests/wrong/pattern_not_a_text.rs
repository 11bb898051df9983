use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(pattern = 5)] q: String) {}

fn main() {}
