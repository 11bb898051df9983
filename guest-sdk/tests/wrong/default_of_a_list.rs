use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(default = "a")] tags: Vec<String>) {}

fn main() {}
