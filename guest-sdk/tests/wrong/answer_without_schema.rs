use switchback_sdk::prelude::*;

struct Item;

#[get("/items")]
fn read() -> Item {
    Item
}

fn main() {}
