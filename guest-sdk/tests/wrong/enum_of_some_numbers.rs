use switchback_sdk::prelude::*;

#[model]
enum Level {
    Low = 1,
    High,
}

fn main() {}
