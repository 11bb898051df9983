use switchback_sdk::prelude::*;

#[derive(Deserialize)]
struct Item {
    name: String,
}

#[post("/items")]
fn create(item: Json<Item>) -> String {
    item.0.name
}

fn main() {}
