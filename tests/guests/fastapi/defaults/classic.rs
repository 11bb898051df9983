//! A little of everything.

mod echo;
mod kinds;
mod python;

use echo::Untold;
use kinds::Letter;
use python::{Amount, Day, Id, Moment, Span};
use switchback_sdk::prelude::*;

#[model]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum XOrY {
    X,
    Y,
}

impl Parameter for XOrY {}

#[derive(Serialize)]
struct Read {
    id: i128,
    b: bool,
    l: Vec<i64>,
    d: Option<Moment>,
    dec: Option<Amount>,
    td: Option<Span>,
    u: Option<Id>,
    dt: Option<Day>,
    fl: Option<f64>,
}

#[get("/i/{id}")]
fn read(
    id: i128,
    q: Option<String>,
    #[query(default = false)] b: bool,
    e: Option<Letter>,
    #[query(default = [])] l: Vec<i64>,
    d: Option<Moment>,
    dec: Option<Amount>,
    td: Option<Span>,
    u: Option<Id>,
    dt: Option<Day>,
    fl: Option<f64>,
    lit: Option<XOrY>,
    #[query(ge = 1, le = 10, multiple_of = 3, default = 3)] m: i64,
) -> Untold<Read> {
    let _ = (q, e, lit, m);
    Untold(Read {
        id,
        b,
        l,
        d,
        dec,
        td,
        u,
        dt,
        fl,
    })
}

#[model]
struct Item {
    #[field(min_length = 2, max_length = 5, pattern = "^[a-z]+$")]
    name: String,
    #[field(gt = 0)]
    price: f64,
    #[serde(default)]
    tags: Vec<String>,
    n: Option<i64>,
}

#[post("/p")]
fn create(item: Json<Item>) -> Value {
    json!(item.0)
}

#[post("/two")]
fn two(it: Json<Item>, #[body] imp: i64) -> Value {
    json!({ "it": it.0, "imp": imp })
}

#[post("/form")]
fn form(#[form] a: i64, f: Upload) -> Value {
    json!({ "a": a, "n": f.file_name })
}

#[get("/h")]
fn head(#[header] x_list: Vec<String>, #[header] x_one: String) -> Value {
    json!([x_list, x_one])
}

#[get("/slash/")]
fn slash() -> Value {
    "slash".into()
}

#[get("/boom")]
fn boom() -> Value {
    panic!("boom")
}

plugin! { title: "FastAPI", routes: [read, create, two, form, head, slash, boom] }
