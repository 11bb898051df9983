use switchback_sdk::prelude::*;

#[get("/items", response_model = String)]
fn list() {}

fn main() {}
