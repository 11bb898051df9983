use switchback_sdk::prelude::*;

#[get("/items")]
fn list(q: String, #[query(name = "q")] other: String) {}

fn main() {}
