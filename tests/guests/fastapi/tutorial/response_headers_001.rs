use switchback_sdk::prelude::*;

#[get("/headers/")]
fn get_headers() -> With<Value> {
    With::new(json!({ "message": "Hello World" }))
        .header("x-cat-dog", "alone in the world")
        .header("content-language", "en-US")
}

plugin! { title: "FastAPI", routes: [get_headers] }
