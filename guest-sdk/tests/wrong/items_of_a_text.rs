use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(max_items = 5)] q: String) {}

fn main() {}
