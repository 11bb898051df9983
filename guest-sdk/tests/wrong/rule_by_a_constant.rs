use switchback_sdk::prelude::*;

const LIMIT: u32 = 5;

#[get("/items")]
fn list(#[query(max_length = LIMIT)] q: String) {}

fn main() {}
