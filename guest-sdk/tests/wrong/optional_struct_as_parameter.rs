use switchback_sdk::prelude::*;

struct Filter;

#[get("/items")]
fn list(filter: Option<Filter>) {}

fn main() {}
