use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(le = "100")] n: u32) {}

fn main() {}
