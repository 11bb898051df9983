use switchback_sdk::prelude::*;

#[model]
struct Item {
    name: String,
    price: f64,
}

#[post("/items/")]
fn create_item(item: Json<Item>) -> Item {
    item.0
}

plugin! { title: "FastAPI", strict_content_type: false, routes: [create_item] }
