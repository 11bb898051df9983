use switchback_sdk::prelude::*;

#[get("/items/{item_id}")]
fn read_item(item_id: String, q: Option<String>, #[query(default = false)] short: bool) -> Value {
    let mut item = json!({ "item_id": item_id });
    if let Some(q) = q {
        item["q"] = q.into();
    }
    if !short {
        item["description"] = "This is an amazing item that has a long description".into();
    }
    item
}

plugin! { title: "FastAPI", routes: [read_item] }
