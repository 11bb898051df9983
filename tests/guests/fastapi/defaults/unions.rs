//! One of several: which it is, and what is told where it is none.

mod echo;
mod kinds;
#[path = "unions/pets.rs"]
mod pets;
mod python;

use std::collections::{BTreeMap, BTreeSet};

use switchback_sdk::prelude::*;

use echo::echo;
use kinds::{Letter, Level};
use pets::{Cat, Dog, Tagged};
use python::{Amount, Clock, Day, Email, Id, Moment, Raw, Span, Url};

// One or the other.
#[model]
#[serde(untagged)]
#[schemars(inline)]
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Either<A, B> {
    A(A),
    B(B),
}

#[model]
struct Point {
    x: i64,
    #[field(default = 0)]
    y: i64,
}

#[model]
struct Vector {
    x: i64,
    #[field(default = 0)]
    y: i64,
    z: Option<i64>,
}

#[model]
struct Checked {
    #[field(default = 0)]
    a: i64,
    #[field(default = 0)]
    b: i64,
}

#[model]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum POrQ {
    P,
    Q,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
enum Many {
    Int(i64),
    Float(f64),
    Bool(bool),
    Short(#[schemars(length(max = 3))] String),
    Raw(Raw),
    Day(Day),
    Moment(Moment),
    Clock(Clock),
    Span(Span),
    Amount(Amount),
    Id(Id),
    Letter(Letter),
    POrQ(POrQ),
    Url(Url),
    Email(Email),
    Ints(Vec<i64>),
    Texts(Vec<String>),
    Pair((i64, String)),
    Counts(BTreeMap<String, i64>),
    Mixed(Vec<Either<i64, String>>),
    Point(Point),
    Points(Vec<Point>),
    Cats(BTreeMap<String, Cat>),
}

// A dictionary whose keys are integers or booleans.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("x-switchback-keys" = { "anyOf": [{ "type": "integer" }, { "type": "boolean" }] }))]
struct Parsed(BTreeMap<String, Either<i64, Vec<i64>>>);

macro_rules! echoes {
    ($($path:literal $name:ident $of:ty;)*) => {
        $(
            #[post($path)]
            fn $name(#[body(embed)] v: Json<$of>) -> Value {
                echo(v.0)
            }
        )*

        plugin! { title: "unions", routes: [$($name),*] }
    };
}

echoes! {
    "/int-str" int_str Either<i64, String>;
    "/str-int" str_int Either<String, i64>;
    "/int-float" int_float Either<i64, f64>;
    "/bool-int" bool_int Either<bool, i64>;
    "/float-date" float_date Either<f64, Day>;
    "/date-str" date_str Either<Day, String>;
    "/null-int-list" null_int_list Option<Either<i64, Vec<i64>>>;
    "/models" models Either<Point, Vector>;
    "/cat-dog" cat_dog Either<Cat, Dog>;
    "/tagged" tagged Tagged;
    "/model-list" model_list Either<Point, Vec<Point>>;
    "/list" list Vec<Either<i64, String>>;
    "/tagged-list" tagged_list Vec<Tagged>;
    "/tagged-map" tagged_map BTreeMap<String, Tagged>;
    "/many" many Option<Many>;
    "/optional-tagged" optional_tagged Option<Tagged>;
    "/called" called Either<i64, Vec<i64>>;
    "/enum-checked" enum_checked Either<Level, Checked>;
    "/set" set BTreeSet<Either<i64, String>>;
    "/tuple" tuple (Either<i64, String>, Either<Point, i64>);
    "/map-of-union" map_of_union Parsed;
}
