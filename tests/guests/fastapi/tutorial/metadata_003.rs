use switchback_sdk::prelude::*;

#[get("/items/")]
fn read_items() -> Value {
    json!([{ "name": "Foo" }])
}

plugin! { title: "FastAPI", routes: [read_items] }
