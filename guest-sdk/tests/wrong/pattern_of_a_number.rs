use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[header(pattern = "^[0-9]+$")] n: u32) {}

fn main() {}
