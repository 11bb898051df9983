use switchback_sdk::prelude::*;

#[get("/items/{id:i64}")]
fn read(id: u32) {}

fn main() {}
