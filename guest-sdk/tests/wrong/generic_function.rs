use switchback_sdk::prelude::*;

#[get("/items")]
fn list<T>() {}

fn main() {}
