//! An item in, an item out: parameters, a body, and rules for all of them.

use switchback_sdk::prelude::*;

/// An item in the shop.
#[model]
struct Item {
    #[field(min_length = 1, max_length = 50)]
    name: String,
    #[field(gt = 0)]
    price: f64,
    #[field(default = true)]
    in_stock: bool,
    #[field(default = [], max_length = 10)]
    tags: Vec<String>,
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
