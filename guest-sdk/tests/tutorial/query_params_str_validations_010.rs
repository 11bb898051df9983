use switchback_sdk::prelude::*;

#[get("/items/")]
fn read_items(
    /// Query string for the items to search in the database that have a good match
    #[query(
        name = "item-query",
        title = "Query string",
        min_length = 3,
        max_length = 50,
        pattern = "^fixedquery$",
        deprecated
    )]
    q: Option<String>,
) -> Value {
    let mut results = json!({ "items": [{ "item_id": "Foo" }, { "item_id": "Bar" }] });
    if let Some(q) = q {
        results["q"] = q.into();
    }
    results
}

plugin! { title: "FastAPI", routes: [read_items] }
