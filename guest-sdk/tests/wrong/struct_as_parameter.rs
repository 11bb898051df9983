use switchback_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Filter {
    name: String,
}

#[get("/items")]
fn list(filter: Filter) -> String {
    filter.name
}

fn main() {}
