use switchback_sdk::prelude::*;

#[get("/items/{id}")]
fn read(#[path(default = 1)] id: u32) {}

fn main() {}
