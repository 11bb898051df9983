use switchback_sdk::prelude::*;

#[get("/items/{id}")]
fn read(#[query(ge = 1)] id: u32) {}

fn main() {}
