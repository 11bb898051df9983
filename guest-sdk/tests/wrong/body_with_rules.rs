use switchback_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Item {
    name: String,
}

#[post("/items")]
fn create(#[query(max_length = 5)] item: Json<Item>) {}

fn main() {}
