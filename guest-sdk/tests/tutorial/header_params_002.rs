use switchback_sdk::prelude::*;

#[get("/items/")]
fn read_items(#[header(name = "strange_header")] strange_header: Option<String>) -> Value {
    json!({ "strange_header": strange_header })
}

plugin! { title: "FastAPI", routes: [read_items] }
