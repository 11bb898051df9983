use switchback_sdk::prelude::*;

#[get("/items/")]
fn read_items(#[cookie] ads_id: Option<String>) -> Value {
    json!({ "ads_id": ads_id })
}

plugin! { title: "FastAPI", routes: [read_items] }
