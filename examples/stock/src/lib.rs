//! Items in stock, with a page of their own: the operations are here, the page is in `web/`, and both are one plugin.

use std::collections::BTreeMap;

use switchback_sdk::prelude::*;

/// What is kept of an item.
#[derive(Clone)]
#[model]
struct Item {
    #[field(min_length = 1, max_length = 50)]
    name: String,
    #[field(gt = 0, le = 1_000_000)]
    price: f64,
    #[field(default = true)]
    in_stock: bool,
}

/// An item under its number.
#[derive(Serialize, JsonSchema)]
struct Kept {
    id: u32,
    #[serde(flatten)]
    item: Item,
}

#[derive(Responses)]
enum ItemError {
    /// There is no such item
    #[status(404)]
    NotFound,
    /// There are as many as can be kept
    #[status(409)]
    Full,
}

/// As many are kept; the oldest have to be deleted for more.
const MOST: usize = 1_000;

static STOCK: State<Stock> = State::new(Stock::default);

#[derive(Default)]
struct Stock {
    by_id: BTreeMap<u32, Item>,
    last_id: u32,
}

/// List items
#[get("/api/items", tags = ["stock"])]
fn list_items() -> Json<Vec<Kept>> {
    let stock = STOCK.borrow();
    let items = stock.by_id.iter();
    Json(
        items
            .map(|(id, item)| Kept {
                id: *id,
                item: item.clone(),
            })
            .collect(),
    )
}

/// Add an item
#[post("/api/items", tags = ["stock"], status = 201)]
fn add_item(item: Json<Item>) -> Result<Json<Kept>, ItemError> {
    let mut stock = STOCK.borrow_mut();
    if stock.by_id.len() >= MOST {
        return Err(ItemError::Full);
    }
    stock.last_id += 1;
    let (id, Json(item)) = (stock.last_id, item);
    stock.by_id.insert(id, item.clone());
    Ok(Json(Kept { id, item }))
}

/// Read an item
#[get("/api/items/{id}", tags = ["stock"])]
fn read_item(id: u32) -> Result<Json<Kept>, ItemError> {
    match STOCK.borrow().by_id.get(&id) {
        Some(item) => Ok(Json(Kept {
            id,
            item: item.clone(),
        })),
        None => Err(ItemError::NotFound),
    }
}

/// Delete an item
#[delete("/api/items/{id}", tags = ["stock"], status = 204)]
fn delete_item(id: u32) -> Result<(), ItemError> {
    match STOCK.borrow_mut().by_id.remove(&id) {
        Some(_) => Ok(()),
        None => Err(ItemError::NotFound),
    }
}

plugin! { title: "Stock", instances: 1, routes: [list_items, add_item, read_item, delete_item] }
