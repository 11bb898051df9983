use switchback_sdk::prelude::*;

#[get("/items/{item_id}")]
fn read_items(
    #[path(title = "The ID of the item to get", ge = 0, le = 1000)] item_id: i64,
    q: String,
    #[query(gt = 0, lt = 10.5)] size: f64,
) -> Value {
    let mut results = json!({ "item_id": item_id });
    if !q.is_empty() {
        results["q"] = q.into();
    }
    if size != 0.0 {
        results["size"] = size.into();
    }
    results
}

plugin! { title: "FastAPI", routes: [read_items] }
