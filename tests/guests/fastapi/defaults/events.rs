//! What the apps about documents tell of.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use switchback_sdk::prelude::*;

use crate::python::Moment;

#[path = "unions/pets.rs"]
mod pets;

use pets::Tagged;

#[model]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum AOrB {
    A,
    B,
}

#[model]
#[serde(untagged)]
#[schemars(inline)]
enum Choice {
    Text(AOrB),
    Number(i64),
}

impl Default for Choice {
    fn default() -> Choice {
        Choice::Number(1)
    }
}

fn cost() -> Decimal {
    Decimal::new(15, 1)
}

/// What happened.
#[model]
#[schemars(example = json!({ "id": 1 }))]
pub(crate) struct Event {
    /// Running number
    #[field(title = "No.", examples = [1, 2], ge = 1)]
    id: i64,
    #[field(default = "", max_length = 9, deprecated)]
    note: String,
    at: Option<Moment>,
    kind: Option<Tagged>,
    #[serde(default)]
    extra: BTreeMap<String, Value>,
    #[serde(default)]
    choice: Choice,
    #[serde(default = "cost")]
    cost: Decimal,
}
