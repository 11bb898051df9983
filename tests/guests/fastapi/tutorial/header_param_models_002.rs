use switchback_sdk::prelude::*;

#[model]
#[serde(deny_unknown_fields)]
struct CommonHeaders {
    host: String,
    save_data: bool,
    if_modified_since: Option<String>,
    traceparent: Option<String>,
    #[serde(default)]
    x_tag: Vec<String>,
}

#[get("/items/")]
fn read_items(headers: Headers<CommonHeaders>) -> Value {
    json!(headers.0)
}

plugin! { title: "FastAPI", routes: [read_items] }
