use switchback_sdk::prelude::*;

#[get("/items/{id}")]
fn read(id: u32) {}

#[get("/items/{name}")]
fn find(name: String) {}

plugin! { routes: [read, find] }

fn main() {}
