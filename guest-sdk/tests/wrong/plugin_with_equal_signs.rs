use switchback_sdk::prelude::*;

#[get("/")]
fn list() {}

plugin! { title = "Shop", routes = [list] }

fn main() {}
