use switchback_sdk::prelude::*;

mod orders {
    use switchback_sdk::prelude::*;

    #[get("/orders")]
    fn list(shop: u32) -> u32 { shop }

    router! { prefix: "/shops/{shop}", routes: [list] }
}

plugin! { routes: [orders::router()] }

fn main() {}
