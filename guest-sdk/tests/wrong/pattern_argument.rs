use switchback_sdk::prelude::*;

#[get("/items")]
fn list((from, to): (u32, u32)) {}

fn main() {}
