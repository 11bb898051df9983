use switchback_sdk::prelude::*;

#[derive(Responses)]
enum ShopError {
    /// There is no such item
    NotFound,
}

fn main() {
    let _ = ShopError::NotFound;
}
