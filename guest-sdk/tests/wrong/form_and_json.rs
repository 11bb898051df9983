use switchback_sdk::prelude::*;

#[post("/login")]
fn login(#[form] user: String, note: Json<String>) {}

fn main() {}
