use switchback_sdk::prelude::*;

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum AnyItem {
    Plane {
        description: &'static str,
        r#type: &'static str,
        size: u32,
    },
    Car {
        description: &'static str,
        r#type: &'static str,
    },
}

#[get("/items/{item_id}")]
fn read_item(item_id: String) -> Option<AnyItem> {
    match item_id.as_str() {
        "item1" => Some(AnyItem::Car {
            description: "All my friends drive a low rider",
            r#type: "car",
        }),
        "item2" => Some(AnyItem::Plane {
            description: "Music is my aeroplane, it's my aeroplane",
            r#type: "plane",
            size: 5,
        }),
        _ => None,
    }
}

plugin! { title: "FastAPI", routes: [read_item] }
