use switchback_sdk::prelude::*;

#[derive(Responses)]
enum ShopError {
    #[status(NOT_FOUND)]
    NotFound,
}

fn main() {
    let _ = ShopError::NotFound;
}
