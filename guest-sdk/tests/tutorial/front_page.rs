use switchback_sdk::prelude::*;

#[model]
struct Item {
    name: String,
    price: f64,
    is_offer: Option<bool>,
}

#[get("/")]
fn read_root() -> Value {
    json!({ "Hello": "World" })
}

#[get("/items/{item_id}")]
fn read_item(item_id: i64, q: Option<String>) -> Value {
    json!({ "item_id": item_id, "q": q })
}

#[put("/items/{item_id}")]
fn update_item(item_id: i64, item: Json<Item>) -> Value {
    json!({ "item_name": item.name, "item_id": item_id })
}

plugin! { title: "FastAPI", routes: [read_root, read_item, update_item] }
