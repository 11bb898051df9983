use switchback_sdk::prelude::*;

#[post("/items")]
fn create(#[body(media_type = "text/csv")] item: Json<u32>) {}

fn main() {}
