use switchback_sdk::prelude::*;

#[derive(Deserialize)]
struct Filter {
    name: String,
}

#[get("/items")]
fn list(filter: Query<Filter>) -> String {
    filter.0.name
}

fn main() {}
