use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(ge = 1, ge = 2)] n: u32) {}

fn main() {}
