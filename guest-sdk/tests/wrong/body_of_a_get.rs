use switchback_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Item {
    name: String,
}

#[get("/items")]
fn list(item: Json<Item>) {}

fn main() {}
