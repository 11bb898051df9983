use switchback_sdk::prelude::*;

#[get("/users/", tags = ["users"])]
fn get_users() -> Value {
    json!([{ "name": "Harry" }, { "name": "Ron" }])
}

#[get("/items/", tags = ["items"])]
fn get_items() -> Value {
    json!([{ "name": "wand" }, { "name": "flying broom" }])
}

plugin! {
    title: "FastAPI",
    openapi_tags: {
        "users": "Operations with users. The **login** logic is also here.",
        "items": (
            "Manage items. So _fancy_ they have their own docs.",
            "https://fastapi.tiangolo.com/",
            "Items external docs",
        ),
    },
    routes: [get_users, get_items],
}
