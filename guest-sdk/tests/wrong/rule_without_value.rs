use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(max_length)] q: String) {}

fn main() {}
