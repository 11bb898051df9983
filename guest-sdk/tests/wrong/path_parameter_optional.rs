use switchback_sdk::prelude::*;

#[get("/items/{id}")]
fn read(id: Option<u32>) {}

fn main() {}
