use switchback_sdk::prelude::*;

#[get("/")]
fn list() {}

plugin! { instances: 4, routes: [list] }

fn main() {}
