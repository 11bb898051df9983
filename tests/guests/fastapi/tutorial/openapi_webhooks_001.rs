use switchback_sdk::prelude::*;

#[get("/users/")]
fn read_users() -> Value {
    json!(["Rick", "Morty"])
}

plugin! { title: "FastAPI", routes: [read_users] }
