use switchback_sdk::prelude::*;

#[get("/items", status = "201")]
fn list() {}

fn main() {}
