use switchback_sdk::prelude::*;

#[post("/login/")]
fn login(#[form] username: String, #[form] password: String) -> Value {
    let _ = password;
    json!({ "username": username })
}

plugin! { title: "FastAPI", routes: [login] }
