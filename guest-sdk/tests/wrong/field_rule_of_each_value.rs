use switchback_sdk::prelude::*;

#[model]
struct Item {
    #[field(pattern = "^[a-z]+$")]
    tags: Vec<String>,
}

fn main() {}
