use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query(default = "ten")] limit: u32) {}

fn main() {}
