use switchback_sdk::prelude::*;

#[get("/items/")]
fn read_items(
    #[query(min_length = 3, max_length = 50, pattern = "^fixedquery$")] q: Option<String>,
) -> Value {
    let mut results = json!({ "items": [{ "item_id": "Foo" }, { "item_id": "Bar" }] });
    if let Some(q) = q {
        results["q"] = q.into();
    }
    results
}

plugin! { title: "FastAPI", routes: [read_items] }
