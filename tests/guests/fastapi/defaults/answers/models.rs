//! Models: which of their fields are written, and how.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rust_decimal::Decimal;
use schemars::{Schema, SchemaGenerator};
use switchback_sdk::prelude::*;

use crate::kinds::Level;
use crate::python::{Moment, Span, number};

#[derive(Serialize, JsonSchema)]
struct User {
    name: String,
    email: Option<String>,
    #[serde(rename = "years")]
    #[schemars(extend("default" = 3))]
    age: i64,
    #[schemars(extend("default" = []))]
    tags: Vec<String>,
    #[schemars(extend("readOnly" = true))]
    upper: String,
}

impl User {
    fn named(name: &str) -> User {
        User {
            name: name.into(),
            email: None,
            age: 3,
            tags: vec![],
            upper: name.to_uppercase(),
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct Secret {
    #[serde(flatten)]
    user: User,
    #[schemars(extend("default" = "s"))]
    password: String,
}

/// A user of whom some fields are left out when it is answered: the model is the same.
#[derive(Serialize)]
struct Part {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    years: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
    upper: String,
}

impl JsonSchema for Part {
    fn schema_name() -> Cow<'static, str> {
        User::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        User::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        User::json_schema(generator)
    }
}

impl Part {
    fn named(name: &str) -> Part {
        let (name, upper) = (name.to_owned(), name.to_uppercase());
        Part {
            name,
            email: None,
            age: None,
            years: None,
            tags: None,
            upper,
        }
    }
}

#[get("/user/model")]
fn user_model() -> User {
    User::named("n")
}

#[get("/user/unset")]
fn user_unset() -> Part {
    Part {
        email: Some(None),
        tags: Some(vec![]),
        ..Part::named("n")
    }
}

#[get("/user/nulls")]
fn user_nulls() -> Part {
    Part {
        years: Some(3),
        tags: Some(vec![]),
        ..Part::named("n")
    }
}

#[get("/user/defaults")]
fn user_defaults() -> Part {
    Part::named("n")
}

#[get("/user/names")]
fn user_names() -> Part {
    Part {
        email: Some(None),
        age: Some(3),
        tags: Some(vec![]),
        ..Part::named("n")
    }
}

#[get("/user/include")]
fn user_include() -> Part {
    Part::named("n")
}

#[get("/user/exclude")]
fn user_exclude() -> Part {
    Part {
        email: Some(None),
        years: Some(3),
        ..Part::named("n")
    }
}

#[get("/user/free")]
fn user_free() -> Value {
    json!(Secret {
        user: User::named("n"),
        password: "s".into(),
    })
}

#[get("/user/dict")]
fn user_dict() -> User {
    User::named("d")
}

#[get("/user/list")]
fn user_list() -> Vec<User> {
    vec![User::named("n"), User::named("e")]
}

#[get("/user/bad")]
fn user_bad() -> User {
    panic!("what was found is no user")
}

#[get("/user/none")]
fn user_none() -> User {
    panic!("there is no user")
}

#[get("/user/optional")]
fn user_optional() -> Json<Option<User>> {
    Json(None)
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "it is documented")]
enum SecretOrUser {
    Secret(Secret),
    User(User),
}

#[get("/user/union")]
fn user_union() -> SecretOrUser {
    SecretOrUser::Secret(Secret {
        user: User::named("n"),
        password: "p".into(),
    })
}

#[get("/user/dict-of")]
fn user_dict_of() -> BTreeMap<String, User> {
    BTreeMap::from([("k".into(), User::named("n"))])
}

#[derive(Serialize, JsonSchema)]
struct Kinds {
    #[schemars(extend("default" = "1.50"))]
    dec: Decimal,
    #[schemars(extend("format" = "duration", "default" = SPAN))]
    td: &'static str,
    #[schemars(extend("format" = "date-time", "default" = "2024-01-02T03:04:05"))]
    dt: &'static str,
    #[schemars(extend("format" = "date-time", "default" = UTC))]
    utc: &'static str,
    #[schemars(extend("format" = "date", "default" = "2024-01-02"))]
    day: &'static str,
    #[schemars(extend("format" = "time", "default" = "03:04:00"))]
    clock: &'static str,
    #[schemars(extend("default" = 1))]
    level: Level,
    #[schemars(extend("contentMediaType" = "application/octet-stream", "default" = "abc"))]
    raw: &'static str,
    #[schemars(extend("format" = "uri", "minLength" = 1, "default" = "http://a.b/"))]
    url: &'static str,
    #[schemars(extend("default" = 1.0))]
    one: f64,
    #[schemars(extend("default" = 1e16))]
    big: f64,
    #[schemars(extend("default" = 1e-7))]
    tiny: f64,
    #[schemars(extend("default" = { "1": true }))]
    keys: BTreeMap<i64, bool>,
    #[schemars(extend("default" = TEXT))]
    text: &'static str,
}

const TEXT: &str = "\u{e9}\u{2028}</x>\u{7f}\0\"";
const SPAN: &str = "P1DT2H0.000005S";
const UTC: &str = "2024-01-02T03:04:05.120000Z";

fn kinds() -> Kinds {
    Kinds {
        dec: Decimal::new(150, 2),
        td: SPAN,
        dt: "2024-01-02T03:04:05",
        utc: UTC,
        day: "2024-01-02",
        clock: "03:04:00",
        level: Level::Low,
        raw: "abc",
        url: "http://a.b/",
        one: 1.0,
        big: 1e16,
        tiny: 1e-7,
        keys: BTreeMap::from([(1, true)]),
        text: TEXT,
    }
}

#[get("/kinds/model")]
fn kinds_model() -> Kinds {
    kinds()
}

#[get("/kinds/free")]
fn kinds_free() -> Value {
    json!(kinds())
}

#[get("/kinds/response-class")]
fn kinds_response_class() -> Kinds {
    kinds()
}

#[get("/kinds/dict")]
fn kinds_dict() -> Value {
    let mut dict = json!(kinds());
    dict["dec"] = number(Decimal::new(150, 2));
    dict["td"] = json!(Span(SPAN.into()));
    dict["utc"] = json!(Moment(UTC.into()));
    dict
}

#[derive(Serialize, JsonSchema)]
struct Odd {
    nan: f64,
    inf: f64,
}

#[get("/odd/model")]
fn odd_model() -> Odd {
    Odd {
        nan: f64::NAN,
        inf: f64::INFINITY,
    }
}

#[get("/odd/free")]
fn odd_free() -> Value {
    json!(odd_model())
}

#[get("/odd/dict")]
fn odd_dict() -> BTreeMap<String, f64> {
    BTreeMap::from([("nan".into(), f64::NAN)])
}

router! {
    routes: [
        user_model, user_unset, user_nulls, user_defaults, user_names, user_include, user_exclude, user_free,
        user_dict, user_list, user_bad, user_none, user_optional, user_union, user_dict_of, kinds_model, kinds_free,
        odd_model, odd_free, odd_dict, kinds_dict, kinds_response_class,
    ],
}
