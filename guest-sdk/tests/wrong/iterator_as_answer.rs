use switchback_sdk::prelude::*;

#[get("/numbers")]
fn numbers() -> impl Iterator<Item = u32> {
    0..3
}

fn main() {}
