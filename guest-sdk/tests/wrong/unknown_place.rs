use switchback_sdk::prelude::*;

#[post("/items")]
fn create(#[json] item: String) {}

fn main() {}
