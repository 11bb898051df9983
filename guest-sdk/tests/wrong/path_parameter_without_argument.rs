use switchback_sdk::prelude::*;

#[get("/items/{id}")]
fn read() {}

fn main() {}
