use switchback_sdk::prelude::*;

#[get("/items", tags = "items")]
fn list() {}

fn main() {}
