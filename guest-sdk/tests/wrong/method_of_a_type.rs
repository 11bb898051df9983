use switchback_sdk::prelude::*;

#[get("/items")]
fn list(&self) {}

fn main() {}
