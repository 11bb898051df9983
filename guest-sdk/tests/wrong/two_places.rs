use switchback_sdk::prelude::*;

#[get("/items")]
fn list(#[query] #[header] token: String) {}

fn main() {}
