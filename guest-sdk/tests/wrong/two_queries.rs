use switchback_sdk::prelude::*;

#[model]
struct Filter {
    name: String,
}

#[get("/items")]
fn list(filter: Query<Filter>, other: Query<Filter>) {}

fn main() {}
