use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(default = 300)] limit: u8) {}

fn main() {}
