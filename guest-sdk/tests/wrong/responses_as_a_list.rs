use switchback_sdk::prelude::*;

#[get("/")]
fn list() {}

router! { prefix: "/items", responses: [404], routes: [list] }

fn main() {}
