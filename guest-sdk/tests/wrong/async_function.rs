use switchback_sdk::prelude::*;

#[get("/items")]
async fn list() {}

fn main() {}
