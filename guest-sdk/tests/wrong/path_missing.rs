use switchback_sdk::prelude::*;

#[get]
fn list() {}

fn main() {}
