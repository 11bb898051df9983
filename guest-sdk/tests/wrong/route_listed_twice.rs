use switchback_sdk::prelude::*;

#[get("/items")]
fn list() {}

plugin! { routes: [list, list] }

fn main() {}
