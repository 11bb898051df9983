use switchback_sdk::prelude::*;

use std::collections::HashMap;

#[get("/items")]
fn list(filters: HashMap<String, String>) {}

fn main() {}
