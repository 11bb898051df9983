use switchback_sdk::prelude::*;

#[post("/items", status_code = 201)]
fn create() {}

fn main() {}
