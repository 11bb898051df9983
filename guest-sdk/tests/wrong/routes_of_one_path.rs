use switchback_sdk::prelude::*;

#[get("/items/{id}")]
fn read(id: u32) -> u32 {
    id
}

#[get("/items/{name}")]
fn find(name: String) -> String {
    name
}

plugin! { routes: [read, find] }

fn main() {}
