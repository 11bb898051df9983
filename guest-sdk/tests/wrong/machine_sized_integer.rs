use switchback_sdk::prelude::*;

#[get("/items")]
fn list(limit: usize) {}

fn main() {}
