use switchback_sdk::prelude::*;

#[post("/items")]
fn create(#[body] item: String) {}

fn main() {}
