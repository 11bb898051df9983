use switchback_sdk::prelude::*;

struct Item;

plugin! { routes: [Item] }

fn main() {}
