//! Parameters of the path, headers and cookies; names, defaults, models, several places at once.

mod echo;
mod kinds;
mod python;

use switchback_sdk::prelude::*;

use echo::{Untold, V, echo};
use kinds::Letter;
use python::{Day, Id};

#[get("/path/int/{v}")]
fn path_int(v: i128) -> Untold<V<i128>> {
    Untold(V { v })
}

#[get("/path/float/{v}")]
fn path_float(v: f64) -> Value {
    echo(v)
}

#[get("/path/bool/{v}")]
fn path_bool(v: bool) -> Value {
    echo(v)
}

#[get("/path/date/{v}")]
fn path_date(v: Day) -> Value {
    echo(v)
}

#[get("/path/uuid/{v}")]
fn path_uuid(v: Id) -> Value {
    echo(v)
}

#[get("/path/letter/{v}")]
fn path_letter(v: Letter) -> Value {
    echo(v)
}

#[get("/path/str/{v}")]
fn path_str(#[path(min_length = 2)] v: String) -> Value {
    echo(v)
}

#[get("/rest/{v:path}")]
fn rest(v: String) -> Value {
    echo(v)
}

#[get("/header/int")]
fn header_int(#[header] v: i64) -> Value {
    echo(v)
}

#[get("/header/ints")]
fn header_ints(#[header] v: Vec<i64>) -> Value {
    echo(v)
}

#[get("/header/date")]
fn header_date(#[header(name = "x-v")] v: Day) -> Value {
    echo(v)
}

// What may be null and has no default has to be sent, and a text is never null.
#[get("/header/optional")]
fn header_optional(#[header] v: i64) -> Value {
    echo(v)
}

#[get("/cookie/int")]
fn cookie_int(#[cookie] v: i64) -> Value {
    echo(v)
}

#[get("/cookie/bool")]
fn cookie_bool(#[cookie] v: bool) -> Value {
    echo(v)
}

#[get("/cookie/optional")]
fn cookie_optional(#[cookie] v: i64) -> Value {
    echo(v)
}

#[get("/defaults")]
fn defaults(
    must_null: i64,
    #[query(default = 5)] with_default: i64,
    #[query(name = "null")] none: Option<i64>,
    texts: Option<Vec<String>>,
    #[query(
        name = "old-name",
        deprecated,
        title = "Old",
        description = "Do not use"
    )]
    old: Option<String>,
    #[query(default = 0, include_in_schema = false)] hidden: i64,
    #[query(ge = 1, examples = [3], default = 0)] limit: i64,
) -> Value {
    json!({
        "must_null": must_null, "with_default": with_default, "null": none, "texts": texts, "old": old,
        "hidden": hidden, "limit": limit,
    })
}

#[model]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[derive(Default)]
enum Sort {
    #[default]
    Up,
    Down,
}

#[model]
#[serde(deny_unknown_fields)]
struct Page {
    #[field(gt = 0, le = 100, default = 10)]
    size: i64,
    #[serde(default)]
    sort: Sort,
    #[serde(default)]
    tag: Vec<String>,
}

#[get("/page")]
fn page(p: Query<Page>) -> Value {
    json!(p.0)
}

#[model]
struct Trace {
    x_id: i64,
    #[field(default = false)]
    save_data: bool,
}

#[get("/trace")]
fn trace(t: Headers<Trace>) -> Value {
    json!(t.0)
}

#[get("/trace-query")]
fn trace_query(v: Query<Trace>) -> Value {
    echo(v.0)
}

#[model]
struct Note {
    #[field(min_length = 1)]
    text: String,
    #[field(ge = 0, le = 5)]
    stars: i64,
}

#[put("/all/{id}")]
fn everything(
    #[header(dependency = 1)] x_token: i64,
    #[query(dependency = 1, ge = 1)] page_no: i64,
    body: Json<Note>,
    #[path(ge = 1)] id: i64,
    #[cookie] c: i64,
    #[header] h: i64,
    b: i64,
    a: i64,
) -> Value {
    let _ = page_no;
    json!([id, a, b, h, c, x_token, body.0])
}

plugin! {
    title: "places",
    routes: [
        path_int, path_float, path_bool, path_date, path_uuid, path_letter, path_str, rest, header_int, header_ints,
        header_date, header_optional, cookie_int, cookie_bool, cookie_optional, defaults, page, trace, trace_query,
        everything,
    ],
}
