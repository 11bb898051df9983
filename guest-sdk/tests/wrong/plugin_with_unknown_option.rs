use switchback_sdk::prelude::*;

#[get("/")]
fn list() {}

plugin! { name: "Shop", routes: [list] }

fn main() {}
