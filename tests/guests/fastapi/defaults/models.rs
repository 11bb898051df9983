//! Models in models, limits, names, rules of the application.

mod echo;
mod python;
#[path = "models/shop.rs"]
mod shop;

use std::collections::{BTreeMap, BTreeSet};

use switchback_sdk::prelude::*;

use echo::echo;
use python::{Day, Raw};
use shop::{Image, Offer};

#[model]
struct Node {
    id: i64,
    #[serde(default)]
    children: Vec<Node>,
    parent: Option<Box<Node>>,
}

#[model]
#[serde(deny_unknown_fields)]
struct Closed {
    a: i64,
}

#[model]
struct Open {
    #[field(default = 1)]
    a: i64,
    #[serde(flatten)]
    more: BTreeMap<String, i64>,
}

#[model]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[derive(Default)]
enum K {
    #[default]
    K,
}

#[model]
#[serde(default)]
struct Limits {
    #[field(min_length = 1, max_length = 2)]
    some: Vec<i64>,
    #[schemars(extend("maxProperties" = 1))]
    keys: BTreeMap<String, i64>,
    #[schemars(length(min = 2))]
    uniq: BTreeSet<i64>,
    two: (i64, String),
    r#const: K,
    #[field(ge = 0, lt = 1)]
    ratio: f64,
    #[field(multiple_of = 4)]
    step: i64,
    #[schemars(extend("minLength" = 2, "maxLength" = 3))]
    blob: Raw,
    #[field(ge = "2024-01-01")]
    born: Day,
    #[field(format = "duration", le = "PT1H")]
    wait: String,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            some: vec![1],
            keys: BTreeMap::new(),
            uniq: BTreeSet::from([1]),
            two: (1, "a".into()),
            r#const: K::K,
            ratio: 0.5,
            step: 0,
            blob: Raw("ab".into()),
            born: Day("2024-01-01".into()),
            wait: "PT0S".into(),
        }
    }
}

#[model]
struct Renamed {
    #[field(name = "firstName")]
    first: i64,
    #[serde(rename(deserialize = "in_second", serialize = "out_second"))]
    second: i64,
    #[field(name = "third-name", default = 3)]
    third: i64,
}

#[model]
struct Checked {
    #[field(default = 0)]
    a: i64,
    #[field(default = 0)]
    b: i64,
}

impl Checked {
    fn check(&self) -> Result<(), Violation> {
        if self.a == 13 {
            let broken = Violation::at("body.a", "Assertion failed, unlucky");
            return Err(broken
                .kind("assertion_error")
                .ctx(&json!({ "error": {} }))
                .input(&self.a));
        }
        if self.a > self.b {
            return Err(Violation::at("body", "a after b").input(self));
        }
        Ok(())
    }
}

#[post("/offer")]
fn offer(v: Json<Offer>) -> Value {
    echo(v.0)
}

#[post("/offers")]
fn offers(v: Json<Vec<Offer>>) -> Value {
    echo(v.0)
}

#[post("/images")]
fn images(v: Json<BTreeMap<String, Image>>) -> Value {
    echo(v.0)
}

#[post("/node")]
fn node(v: Json<Node>) -> Value {
    echo(v.0)
}

#[post("/closed")]
fn closed(v: Json<Closed>) -> Value {
    echo(v.0)
}

#[post("/open")]
fn open(v: Json<Open>) -> Value {
    echo(v.0)
}

#[post("/limits")]
fn limits(v: Json<Limits>) -> Value {
    echo(v.0)
}

#[post("/renamed")]
fn renamed(v: Json<Renamed>) -> Value {
    echo(v.0)
}

#[post("/checked")]
fn checked(v: Json<Checked>) -> Result<Value, Violation> {
    v.check()?;
    Ok(echo(v.0))
}

#[post("/maybe")]
fn maybe(v: Json<Option<Image>>) -> Value {
    echo(v.0)
}

#[post("/number")]
fn number(v: Json<i64>) -> Value {
    echo(v.0)
}

#[post("/string")]
fn string(v: Json<String>) -> Value {
    echo(v.0)
}

#[post("/ints")]
fn ints(v: Json<Vec<i64>>) -> Value {
    echo(v.0)
}

#[post("/object")]
fn object(v: Json<BTreeMap<String, i64>>) -> Value {
    echo(v.0)
}

#[post("/anything")]
fn anything(v: Json<Value>) -> Value {
    echo(v.0)
}

#[post("/embed")]
fn embed(#[body(embed)] v: Json<Image>) -> Value {
    echo(v.0)
}

#[post("/embed-int")]
fn embed_int(#[body(gt = 0)] v: i64) -> Value {
    echo(v)
}

#[post("/pair/{id}")]
fn pair(
    id: i64,
    first: Json<Image>,
    second: Option<Json<Closed>>,
    #[body(max_length = 3)] note: Option<String>,
    #[query(default = 0)] q: i64,
) -> Value {
    json!([id, first.0, second.map(|second| second.0), note, q])
}

plugin! {
    title: "models",
    routes: [
        offer, offers, images, node, closed, open, limits, renamed, checked, maybe, number, string, ints, object,
        anything, embed, embed_int, pair,
    ],
}
