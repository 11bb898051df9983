use switchback_sdk::prelude::*;

#[get("")]
fn list() {}

plugin! { routes: [list] }

fn main() {}
