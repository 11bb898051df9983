use switchback_sdk::prelude::*;

#[model]
struct Item {
    name: String,
    description: Option<String>,
    price: f64,
    tax: Option<f64>,
}

#[model]
struct User {
    username: String,
    full_name: Option<String>,
}

#[put("/items/{item_id}")]
fn update_item(item_id: i64, item: Json<Item>, user: Json<User>, #[body] importance: i64) -> Value {
    json!({ "item_id": item_id, "item": item.0, "user": user.0, "importance": importance })
}

plugin! { title: "FastAPI", routes: [update_item] }
