use switchback_sdk::prelude::*;

#[get("/items")]
fn list(range: (u32, u32)) {}

fn main() {}
