use switchback_sdk::prelude::*;

mod items {
    use switchback_sdk::prelude::*;

    #[get("")]
    fn all() {}

    router! { prefix: "/items", routes: [all] }
}

#[get("/items")]
fn list() {}

plugin! { routes: [list, items::router()] }

fn main() {}
