use switchback_sdk::prelude::*;

#[get("/items", status = 99)]
fn list() {}

fn main() {}
