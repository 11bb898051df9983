use switchback_sdk::prelude::*;

#[post("/files")]
fn upload(#[query] file: Upload) {}

fn main() {}
