use switchback_sdk::prelude::*;

#[get("items")]
fn list() {}

fn main() {}
