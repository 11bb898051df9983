//! One required parameter of each type.

mod echo;
mod kinds;
mod python;

use std::collections::BTreeSet;

use schemars::JsonSchema_repr;
use serde_repr::{Deserialize_repr, Serialize_repr};
use switchback_sdk::prelude::*;

use echo::{V, echo};
use kinds::{Letter, Level};
use python::{Amount, Clock, Day, Email, Id, Moment, Raw, Span, Url, limited, number};

#[get("/int")]
fn int(v: i64) -> Value {
    echo(v)
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
fn decimal(v: Amount) -> Result<Value, Violation> {
    Ok(echo(number(v.at("query.v")?)))
}

#[get("/money")]
fn money(v: Amount) -> Result<Value, Violation> {
    let value = v.at("query.v")?;
    limited(value, 5, 2, |message| {
        Violation::at("query.v", message).input(&v.0)
    })?;
    Ok(echo(number(value)))
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

#[derive(Serialize_repr, Deserialize_repr, JsonSchema_repr)]
#[schemars(inline)]
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
fn http(v: Url) -> Result<Value, Violation> {
    let broken = |message: &str| Violation::at("query.v", message).input(&v);
    if v.0.len() > 2083 {
        let broken = broken("URL should have at most 2083 characters").kind("url_too_long");
        return Err(broken.ctx(&json!({ "max_length": 2083 })));
    }
    if !v.0.starts_with("http://") && !v.0.starts_with("https://") {
        let broken = broken("URL scheme should be 'http' or 'https'").kind("url_scheme");
        return Err(broken.ctx(&json!({ "expected_schemes": "'http' or 'https'" })));
    }
    Ok(echo(v))
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
fn tags(v: Vec<String>) -> Value {
    echo(v.into_iter().collect::<BTreeSet<_>>())
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
fn strict(v: i64) -> Value {
    echo(v)
}

#[get("/json")]
fn json(v: String) -> Result<Value, Violation> {
    let list = serde_json::from_str::<Vec<i64>>(&v).map_err(|error| {
        Violation::at("query.v", format!("Invalid JSON: {error}"))
            .kind("json_invalid")
            .ctx(&json!({ "error": error.to_string() }))
            .input(&v)
    })?;
    Ok(echo(list))
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
