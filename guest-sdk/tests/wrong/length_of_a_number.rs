use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(max_length = 5)] n: u32) {}

fn main() {}
