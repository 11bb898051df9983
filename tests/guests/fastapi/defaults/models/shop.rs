//! What is offered.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use switchback_sdk::prelude::*;

use crate::python::WebUrl;

#[model]
pub(crate) struct Image {
    url: WebUrl,
    name: String,
}

#[model]
pub(crate) struct Offer {
    title: String,
    #[field(gt = 0, max_digits = 6, decimal_places = 2)]
    price: Decimal,
    images: Option<Vec<Image>>,
    #[serde(default)]
    extra_images: BTreeMap<String, Image>,
    cover: Option<Image>,
}
