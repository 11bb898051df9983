//! What is offered.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rust_decimal::Decimal;
use schemars::{Schema, SchemaGenerator, json_schema};
use switchback_sdk::prelude::*;

use crate::python::{Url, limited, number};

#[model]
pub(crate) struct Image {
    #[schemars(extend("maxLength" = 2083))]
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
            "pattern": r"^\d+(\.\d+)?$",
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

impl Offer {
    /// Of a price at most six digits are written, two of them behind the point.
    pub(crate) fn check(&self, place: &str) -> Result<(), Violation> {
        let price = self.price.0;
        limited(price, 6, 2, |message| {
            Violation::at(&format!("{place}.price"), message).input(&number(price))
        })
    }
}
