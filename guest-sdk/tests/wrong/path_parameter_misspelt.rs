use switchback_sdk::prelude::*;

#[get("/items/{item_id}")]
fn read(item_id: u32, itemid: u32, #[path] id: u32) -> u32 { item_id + itemid + id }

plugin! { routes: [read] }

fn main() {}
