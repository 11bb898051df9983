use switchback_sdk::prelude::*;

#[derive(Responses)]
enum ShopError {
    #[status(409)]
    Taken(String, u32),
}

fn main() {
    let _ = ShopError::Taken(String::new(), 1);
}
