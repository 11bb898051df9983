use switchback_sdk::prelude::*;

enum ShopError {
    NotFound,
}

#[get("/items/{id}")]
fn read(id: u32) -> Result<String, ShopError> {
    match id {
        1 => Ok("one".into()),
        _ => Err(ShopError::NotFound),
    }
}

plugin! { routes: [read] }

fn main() {}
