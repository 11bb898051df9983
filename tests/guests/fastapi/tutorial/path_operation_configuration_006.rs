use switchback_sdk::prelude::*;

#[get("/items/", tags = ["items"])]
fn read_items() -> Value {
    json!([{ "name": "Foo", "price": 42 }])
}

#[get("/users/", tags = ["users"])]
fn read_users() -> Value {
    json!([{ "username": "johndoe" }])
}

#[get("/elements/", tags = ["items"], deprecated)]
fn read_elements() -> Value {
    json!([{ "item_id": "Foo" }])
}

plugin! { title: "FastAPI", routes: [read_items, read_users, read_elements] }
