//! What is offered.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rust_decimal::Decimal;
use schemars::{Schema, SchemaGenerator, json_schema};
use switchback_sdk::prelude::*;

use crate::python::Url;

#[model]
pub(crate) struct Image {
    url: Url,
    name: String,
}

/// Written as a text, so that no digit is lost.
#[derive(Serialize, Deserialize)]
struct Price(Decimal);

impl JsonSchema for Price {
    fn schema_name() -> Cow<'static, str> {
        "Price".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["number", "string"],
            "exclusiveMinimum": 0,
            "pattern": r"^\d{1,4}(\.\d{1,2})?$",
        })
    }
}

#[model]
pub(crate) struct Offer {
    title: String,
    price: Price,
    images: Option<Vec<Image>>,
    #[serde(default)]
    extra_images: BTreeMap<String, Image>,
    cover: Option<Image>,
}
