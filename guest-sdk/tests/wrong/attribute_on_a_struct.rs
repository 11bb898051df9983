use switchback_sdk::prelude::*;

#[get("/items")]
struct Items;

fn main() {}
