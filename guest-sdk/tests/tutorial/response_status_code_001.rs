use switchback_sdk::prelude::*;

#[post("/items/", status = 201)]
fn create_item(name: String) -> Value {
    json!({ "name": name })
}

plugin! { title: "FastAPI", routes: [create_item] }
