use std::borrow::Cow;

use schemars::{Schema, SchemaGenerator};
use switchback_sdk::prelude::*;

// The model.
#[derive(JsonSchema)]
#[allow(dead_code, reason = "it is documented")]
struct Item {
    name: String,
    price: f64,
    description: Option<String>,
    #[schemars(extend("default" = 10.5))]
    tax: f64,
    #[schemars(extend("default" = []))]
    tags: Vec<String>,
}

// What is left out is as by default.
#[derive(Serialize)]
struct Set {
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

impl JsonSchema for Set {
    fn schema_name() -> Cow<'static, str> {
        Item::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Item::json_schema(generator)
    }
}

#[get("/items/{item_id}")]
fn read_item(item_id: String) -> Result<Set, Problem> {
    let set = |name, price| Set {
        name,
        price,
        description: None,
        tax: None,
        tags: None,
    };
    match item_id.as_str() {
        "foo" => Ok(set("Foo", 50.2)),
        "bar" => Ok(Set {
            description: Some(Some("The bartenders")),
            tax: Some(20.2),
            ..set("Bar", 62.0)
        }),
        "baz" => Ok(Set {
            description: Some(None),
            tax: Some(10.5),
            tags: Some(vec![]),
            ..set("Baz", 50.2)
        }),
        _ => Err(Problem::new(404, "Not Found")),
    }
}

plugin! { title: "FastAPI", routes: [read_item] }
