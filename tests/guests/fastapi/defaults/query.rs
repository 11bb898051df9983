//! One required parameter of each type.

mod echo;
mod kinds;
mod python;

use std::collections::BTreeSet;

use schemars::JsonSchema_repr;
use serde_repr::{Deserialize_repr, Serialize_repr};
use switchback_sdk::prelude::*;

use echo::{Untold, V, echo};
use kinds::{Letter, Level};
use python::{Amount, Clock, Day, Email, Id, Moment, Raw, Span, Url, WebUrl};

#[get("/int")]
fn int(v: i128) -> Untold<V<i128>> {
    Untold(V { v })
}

#[get("/float")]
fn float(v: f64) -> Value {
    echo(v)
}

/// Bool
#[get("/bool")]
fn boolean(v: bool) -> Value {
    echo(v)
}

/// Str
#[get("/str")]
fn text(v: String) -> Value {
    echo(v)
}

#[get("/short")]
fn short(#[query(min_length = 2, max_length = 4)] v: String) -> Value {
    echo(v)
}

#[get("/code")]
fn code(#[query(pattern = r"^[a-z]{2}-\d+$")] v: String) -> Value {
    echo(v)
}

#[get("/part")]
fn part(#[query(pattern = "b+")] v: String) -> Value {
    echo(v)
}

#[get("/both")]
fn both(#[query(min_length = 2, max_length = 3, pattern = "^x")] v: String) -> Value {
    echo(v)
}

#[get("/date")]
fn date(v: Day) -> Value {
    echo(v)
}

#[get("/datetime")]
fn datetime(v: Moment) -> Value {
    echo(v)
}

#[get("/time")]
fn time(v: Clock) -> Value {
    echo(v)
}

#[get("/timedelta")]
fn timedelta(v: Span) -> Value {
    echo(v)
}

#[get("/decimal")]
fn decimal(v: Amount) -> Value {
    echo(v)
}

#[get("/money")]
fn money(#[query(max_digits = 5, decimal_places = 2)] v: Amount) -> Value {
    echo(v)
}

#[get("/uuid")]
fn uuid(v: Id) -> Value {
    echo(v)
}

#[get("/letter")]
fn letter(v: Letter) -> Value {
    echo(v)
}

#[get("/level")]
fn level(v: Level) -> Value {
    echo(v)
}

#[model]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Mode {
    On,
    Off,
}

impl Parameter for Mode {}

#[get("/mode")]
fn mode(v: Mode) -> Value {
    echo(v)
}

// `Literal[1, 2]`, which takes no text.
#[derive(Serialize_repr, Deserialize_repr, JsonSchema_repr)]
#[schemars(inline, extend("x-switchback-strict" = true))]
#[repr(u8)]
enum Size {
    One = 1,
    Two = 2,
}

impl Parameter for Size {}

#[get("/size")]
fn size(v: Size) -> Value {
    echo(v)
}

#[get("/bytes")]
fn bytes(v: Raw) -> Value {
    echo(v)
}

#[get("/url")]
fn url(v: Url) -> Value {
    echo(v)
}

#[get("/http")]
fn http(v: WebUrl) -> Value {
    echo(v)
}

#[get("/email")]
fn email(v: Email) -> Value {
    echo(v)
}

#[get("/ints")]
fn ints(v: Vec<i64>) -> Value {
    echo(v)
}

#[get("/tags")]
fn tags(v: BTreeSet<String>) -> Value {
    echo(v)
}

#[get("/pair")]
fn pair(v: Query<V<(i64, String)>>) -> Value {
    json!(v.0)
}

#[get("/few")]
fn few(#[query(min_items = 2, max_items = 3)] v: Vec<i64>) -> Value {
    echo(v)
}

#[get("/closed")]
fn closed(#[query(ge = 1, le = 10)] v: i64) -> Value {
    echo(v)
}

#[get("/open")]
fn open(#[query(gt = 0, lt = 1)] v: f64) -> Value {
    echo(v)
}

#[get("/five")]
fn five(#[query(multiple_of = 5)] v: i64) -> Value {
    echo(v)
}

#[get("/half")]
fn half(#[query(multiple_of = 0.5)] v: f64) -> Value {
    echo(v)
}

#[get("/strict")]
fn strict(#[query(strict)] v: i64) -> Value {
    echo(v)
}

#[get("/json")]
fn json(v: JsonText<Vec<i64>>) -> Value {
    echo(v.0)
}

#[model]
#[serde(untagged)]
enum Either {
    Int(i64),
    Bool(bool),
}

#[get("/either")]
fn either(v: Query<V<Either>>) -> Value {
    json!(v.0)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum DayOrNumber {
    Day(Day),
    Number(i64),
}

#[get("/day")]
fn day(v: Query<V<DayOrNumber>>) -> Value {
    json!(v.0)
}

#[get("/even")]
fn even(v: i64) -> Result<Value, Violation> {
    if v % 2 != 0 {
        return Err(Violation::at("query.v", "odd").input(&v.to_string()));
    }
    Ok(echo(v))
}

plugin! {
    title: "query",
    routes: [
        int, float, boolean, text, short, code, part, both, date, datetime, time, timedelta, decimal, money, uuid, letter,
        level, mode, size, bytes, url, http, email, ints, tags, pair, few, closed, open, five, half, strict, json,
        either, day, even,
    ],
}
