use switchback_sdk::prelude::*;

#[get("/")]
fn list() {}

router! { prefix: "/items/", routes: [list] }

fn main() {}
