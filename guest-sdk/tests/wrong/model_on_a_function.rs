use switchback_sdk::prelude::*;

#[model]
fn item() {}

fn main() {}
