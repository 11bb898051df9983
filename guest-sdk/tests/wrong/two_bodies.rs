use switchback_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Item {
    name: String,
}

#[post("/items")]
fn create(item: Json<Item>, other: Bytes) {}

fn main() {}
