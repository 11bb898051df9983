use switchback_sdk::prelude::*;

#[get("/items/")]
fn read_items(#[query(default = ["foo", "bar"])] q: Vec<String>) -> Value {
    json!({ "q": q })
}

plugin! { title: "FastAPI", routes: [read_items] }
