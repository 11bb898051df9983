use switchback_sdk::prelude::*;

#[model]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
#[derive(Default)]
enum OrderBy {
    #[default]
    CreatedAt,
    UpdatedAt,
}

#[model]
#[serde(deny_unknown_fields)]
struct FilterParams {
    #[field(gt = 0, le = 100, default = 100)]
    limit: i64,
    #[field(ge = 0, default = 0)]
    offset: i64,
    #[serde(default)]
    order_by: OrderBy,
    #[serde(default)]
    tags: Vec<String>,
}

#[get("/items/")]
fn read_items(filter_query: Query<FilterParams>) -> Value {
    json!(filter_query.0)
}

plugin! { title: "FastAPI", routes: [read_items] }
