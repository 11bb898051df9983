//! Enums that several apps take.

#![allow(dead_code, reason = "no app uses all of them")]

use schemars::JsonSchema_repr;
use serde_repr::{Deserialize_repr, Serialize_repr};
use switchback_sdk::prelude::*;

#[model]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Letter {
    A,
    B,
}

impl Parameter for Letter {}

#[derive(Clone, Copy, Serialize_repr, Deserialize_repr, JsonSchema_repr)]
#[repr(u8)]
pub(crate) enum Level {
    Low = 1,
    High = 2,
}

impl Parameter for Level {}
