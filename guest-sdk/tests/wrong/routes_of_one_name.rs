use switchback_sdk::prelude::*;

mod items {
    use switchback_sdk::prelude::*;

    #[get("/")]
    fn list() {}

    router! { prefix: "/items", routes: [list] }
}

#[get("/")]
fn list() {}

plugin! { routes: [list, items::router()] }

fn main() {}
