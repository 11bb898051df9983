use switchback_sdk::prelude::*;

// What is left out is as by default.
#[derive(Serialize, JsonSchema)]
struct Item {
    name: &'static str,
    price: f64,
    // Given, it may be null.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Option<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
}

#[get("/items/{item_id}")]
fn read_item(item_id: String) -> Option<Item> {
    let set = |name, price| Item {
        name,
        price,
        description: None,
        tax: None,
        tags: None,
    };
    match item_id.as_str() {
        "foo" => Some(set("Foo", 50.2)),
        "bar" => Some(Item {
            description: Some(Some("The bartenders")),
            tax: Some(20.2),
            ..set("Bar", 62.0)
        }),
        "baz" => Some(Item {
            description: Some(None),
            tax: Some(10.5),
            tags: Some(vec![]),
            ..set("Baz", 50.2)
        }),
        _ => None,
    }
}

plugin! { title: "FastAPI", routes: [read_item] }
