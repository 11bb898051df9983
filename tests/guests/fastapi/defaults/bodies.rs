//! Lists of each type, as JSON.

mod echo;
mod kinds;
mod python;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schemars::{Schema, SchemaGenerator, json_schema};
use switchback_sdk::prelude::*;

use echo::{Untold, V};
use kinds::{Letter, Level};
use python::{Amount, Clock, Day, Email, Id, Moment, Raw, Span, Url};

/// `Literal["a", 1, True, None]`.
#[derive(Serialize, Deserialize)]
struct Literal(Value);

impl JsonSchema for Literal {
    fn schema_name() -> Cow<'static, str> {
        "Literal".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["a", 1, true, null] })
    }
}

// An integer, and nothing that could be one.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("x-switchback-strict" = true))]
struct Strict(i64);

macro_rules! echoes {
    ($($path:literal $name:ident $of:ty;)*) => {
        $(
            #[post($path)]
            fn $name(v: Json<Vec<$of>>) -> Untold<V<Vec<$of>>> {
                Untold(V { v: v.0 })
            }
        )*

        plugin! { title: "bodies", routes: [$($name),*] }
    };
}

echoes! {
    "/each/int" each_int i128;
    "/each/float" each_float f64;
    "/each/bool" each_bool bool;
    "/each/str" each_str String;
    "/each/date" each_date Day;
    "/each/datetime" each_datetime Moment;
    "/each/time" each_time Clock;
    "/each/timedelta" each_timedelta Span;
    "/each/decimal" each_decimal Amount;
    "/each/uuid" each_uuid Id;
    "/each/letter" each_letter Letter;
    "/each/level" each_level Level;
    "/each/literal" each_literal Literal;
    "/each/bytes" each_bytes Raw;
    "/each/url" each_url Url;
    "/each/email" each_email Email;
    "/each/none" each_none ();
    "/each/any" each_any Value;
    "/each/ints" each_ints Vec<i64>;
    "/each/set" each_set BTreeSet<i64>;
    "/each/pair" each_pair (i64, String);
    "/each/spread" each_spread Vec<i64>;
    "/each/dict" each_dict BTreeMap<String, i64>;
    "/each/intkeys" each_intkeys BTreeMap<i64, f64>;
    "/each/nullable" each_nullable Option<i64>;
    "/each/strict" each_strict Strict;
}
