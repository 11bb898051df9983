use switchback_sdk::prelude::*;

#[model]
struct Item {
    name: String,
    description: Option<String>,
}

fn items() -> impl Iterator<Item = Item> {
    let items = [
        ("Plumbus", "A multi-purpose household device."),
        ("Portal Gun", "A portal opening device."),
        ("Meeseeks Box", "A box that summons a Meeseeks."),
    ];
    items.into_iter().map(|(name, description)| Item {
        name: name.into(),
        description: Some(description.into()),
    })
}

#[get("/items/stream")]
fn stream_items() -> JsonLines<Item> {
    JsonLines::new(items())
}

#[get("/items/stream-no-async")]
fn stream_items_no_async() -> JsonLines<Item> {
    JsonLines::new(items())
}

#[get("/items/stream-no-annotation")]
fn stream_items_no_annotation() -> JsonLines<Value> {
    JsonLines::new(items().map(|item| json!(item)))
}

#[get("/items/stream-no-async-no-annotation")]
fn stream_items_no_async_no_annotation() -> JsonLines<Value> {
    JsonLines::new(items().map(|item| json!(item)))
}

plugin! {
    title: "FastAPI",
    routes: [
        stream_items,
        stream_items_no_async,
        stream_items_no_annotation,
        stream_items_no_async_no_annotation,
    ],
}
