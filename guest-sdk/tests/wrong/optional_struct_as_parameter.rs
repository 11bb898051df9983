use switchback_sdk::prelude::*;

struct Filter;

#[get("/items")]
fn list(filter: Option<Filter>) -> bool {
    filter.is_some()
}

fn main() {}
