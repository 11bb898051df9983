use switchback_sdk::prelude::*;

#[get("/")]
fn list() {}

plugin! { prefix: "/shop", routes: [list] }

fn main() {}
