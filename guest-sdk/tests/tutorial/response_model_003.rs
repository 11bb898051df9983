use switchback_sdk::prelude::*;

#[model]
struct UserIn {
    username: String,
    password: String,
    #[schemars(email)]
    email: String,
    full_name: Option<String>,
}

#[model]
struct UserOut {
    username: String,
    #[schemars(email)]
    email: String,
    full_name: Option<String>,
}

#[post("/user/")]
fn create_user(user: Json<UserIn>) -> UserOut {
    let Json(UserIn {
        username,
        email,
        full_name,
        ..
    }) = user;
    UserOut {
        username,
        email,
        full_name,
    }
}

plugin! { title: "FastAPI", routes: [create_user] }
