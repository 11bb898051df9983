//! An item in, an item out: parameters, a body, and rules for all of them.

use switchback_sdk::prelude::*;

/// An item in the shop.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Item {
    #[schemars(length(min = 1, max = 50))]
    name: String,
    #[schemars(extend("exclusiveMinimum" = 0))]
    price: f64,
    #[serde(default = "yes")]
    in_stock: bool,
    #[serde(default)]
    #[schemars(length(max = 10))]
    tags: Vec<String>,
}

fn yes() -> bool {
    true
}

/// An item as it was understood.
#[derive(Serialize, JsonSchema)]
struct Created {
    id: i64,
    q: Option<String>,
    item: Item,
}

/// Create an item
///
/// Answers with what was sent, defaults filled in; nothing is kept.
#[post("/items/{id}", tags = ["items"])]
fn create_item(
    id: i64,
    #[query(max_length = 50)] q: Option<String>,
    item: Json<Item>,
) -> Json<Created> {
    Json(Created {
        id,
        q,
        item: item.0,
    })
}

plugin! { title: "Items", routes: [create_item] }
