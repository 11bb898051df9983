use switchback_sdk::prelude::*;

#[derive(Serialize, JsonSchema)]
struct Item {
    id: &'static str,
    value: &'static str,
}

#[get("/items/{item_id}")]
fn read_item(item_id: String, img: Option<bool>) -> Response {
    let _ = item_id;
    if img == Some(true) {
        return Response::new(200)
            .header("content-type", "image/png")
            .body(include_bytes!("image.png"));
    }
    Response::json(
        200,
        &Item {
            id: "foo",
            value: "there goes my hero",
        },
    )
}

plugin! {
    title: "FastAPI",
    responses: {
        404: "Item not found",
        302: "The item was moved",
        403: "Not enough privileges",
    },
    routes: [read_item],
}
