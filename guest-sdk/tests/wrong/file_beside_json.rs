use switchback_sdk::prelude::*;

#[post("/files")]
fn upload(note: Json<String>, file: Upload) {}

fn main() {}
