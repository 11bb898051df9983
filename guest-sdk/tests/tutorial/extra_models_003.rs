use switchback_sdk::prelude::*;

#[model]
struct PlaneItem {
    description: String,
    #[field(default = "plane")]
    r#type: String,
    size: i64,
}

#[model]
struct CarItem {
    description: String,
    #[field(default = "car")]
    r#type: String,
}

#[model]
#[serde(untagged)]
enum AnyItem {
    Plane(PlaneItem),
    Car(CarItem),
}

#[get("/items/{item_id}")]
fn read_item(item_id: String) -> Option<AnyItem> {
    match item_id.as_str() {
        "item1" => Some(AnyItem::Car(CarItem {
            description: "All my friends drive a low rider".into(),
            r#type: "car".into(),
        })),
        "item2" => Some(AnyItem::Plane(PlaneItem {
            description: "Music is my aeroplane, it's my aeroplane".into(),
            r#type: "plane".into(),
            size: 5,
        })),
        _ => None,
    }
}

plugin! { title: "FastAPI", routes: [read_item] }
