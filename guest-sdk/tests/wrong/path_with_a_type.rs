use switchback_sdk::prelude::*;

#[get("/items/{id:int}")]
fn read(id: u32) {}

fn main() {}
