use switchback_sdk::prelude::*;

#[get("/")]
fn root() -> Value {
    json!({ "message": "Hello World" })
}

plugin! { title: "FastAPI", routes: [root] }
