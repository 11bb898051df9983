#![allow(
    clippy::needless_pass_by_value,
    reason = "tests: JSON is written where it is used"
)]

use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};

use super::Parameters;
use crate::config::Limits;
use crate::schema::{SchemaError, Schemas};
use crate::violations::Violations;

/// One operation at `/{p}`.
struct Operation(Parameters);

impl Operation {
    fn new(parameters: Value, models: Value) -> Result<Operation, SchemaError> {
        let count = parameters.as_array().unwrap().len();
        let document = json!({ "parameters": parameters });
        let schemas = Schemas::new(&document).unwrap();
        let pointers: Vec<_> = (0..count).map(|at| format!("/parameters/{at}")).collect();
        let models = Some(&models).filter(|models| !models.is_null());
        Parameters::compile(&schemas, &["p"], &pointers, models)
            .map(|compiled| Operation(compiled.parameters))
    }

    /// What the guest gets; or of each violation type, loc and input.
    fn read(&self, path: &str, query: &str, headers: &[(&str, &str)]) -> Value {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let mut violations = Violations::new(&Limits::default());
        let read = self.0.read(&[path], Some(query), &map, &mut violations);
        match violations.is_empty() {
            true => serde_json::from_str(&read).unwrap(),
            false => violations
                .into_vec()
                .into_iter()
                .map(|told| json!([told.kind, told.loc, told.input]))
                .collect(),
        }
    }
}

fn one(parameter: Value) -> Operation {
    Operation::new(json!([parameter]), Value::Null).unwrap()
}

fn numbers() -> Value {
    json!({ "type": "array", "items": { "type": "integer" } })
}

fn color() -> Value {
    json!({
        "type": "object",
        "required": ["R"],
        "properties": { "R": { "type": "integer" }, "G": { "type": "integer", "default": 5 } },
    })
}

#[test]
fn lists_are_written_in_each_style_of_openapi() {
    for (style, explode, query) in [
        ("form", true, "v=1&v=2"),
        ("form", false, "v=1,2"),
        ("spaceDelimited", false, "v=1%202"),
        ("spaceDelimited", false, "v=1+2"),
        ("spaceDelimited", true, "v=1&v=2"),
        ("pipeDelimited", false, "v=1|2"),
        ("pipeDelimited", false, "v=1%7C2"),
    ] {
        let operation = one(json!({
            "name": "v", "in": "query", "style": style, "explode": explode, "schema": numbers(),
        }));
        let read = operation.read("", query, &[]);
        assert_eq!(read, json!({ "query": { "v": [1, 2] } }), "{style} {query}");
    }
    let path = one(json!({ "name": "p", "in": "path", "required": true, "schema": numbers() }));
    assert_eq!(path.read("1,2", "", &[])["path"]["p"], json!([1, 2]));
    let wrong = path.read("1,x", "", &[]);
    assert_eq!(wrong, json!([["int_parsing", ["path", "p", 1], "x"]]));
    let cookie = one(json!({ "name": "c", "in": "cookie", "explode": false, "schema": numbers() }));
    assert_eq!(
        cookie.read("", "", &[("cookie", "c=1,2")])["cookie"]["c"],
        json!([1, 2])
    );
}

#[test]
fn objects_are_written_in_each_style_of_openapi() {
    for (place, style, explode, sent) in [
        ("query", "deepObject", true, "c[R]=100&c[G]=7"),
        ("query", "deepObject", true, "c%5BR%5D=100&c[G]=7"),
        ("query", "form", true, "R=100&G=7"),
        ("query", "form", false, "c=R,100,G,7"),
        ("query", "spaceDelimited", false, "c=R%20100%20G%207"),
        ("query", "pipeDelimited", false, "c=R|100|G|7"),
        ("header", "simple", false, "R,100, G,7"),
        ("header", "simple", true, "R=100,G=7"),
        ("cookie", "form", false, "c=R,100,G,7"),
    ] {
        let operation = one(json!({
            "name": "c", "in": place, "style": style, "explode": explode, "schema": color(),
        }));
        let read = match place {
            "query" => operation.read("", sent, &[]),
            "header" => operation.read("", "", &[("c", sent)]),
            _ => operation.read("", "", &[("cookie", sent)]),
        };
        let wanted = json!({ place: { "c": { "R": 100, "G": 7 } } });
        assert_eq!(read, wanted, "{place} {style} {sent}");
    }
    let path =
        json!({ "name": "p", "in": "path", "required": true, "explode": true, "schema": color() });
    assert_eq!(
        one(path).read("R=100,G=7", "", &[])["path"]["p"],
        json!({ "R": 100, "G": 7 })
    );
}

#[test]
fn what_is_wrong_in_an_object_is_told_where_the_client_wrote_it() {
    let mut closed = color();
    closed["additionalProperties"] = false.into();
    let object = |style: &str, required: bool| {
        one(json!({
            "name": "c", "in": "query", "style": style, "required": required, "schema": closed,
        }))
    };
    let deep = object("deepObject", true);
    assert_eq!(
        deep.read("", "c[R]=x&c[G]=1", &[]),
        json!([["int_parsing", ["query", "c", "R"], "x"]])
    );
    assert_eq!(
        deep.read("", "c[G]=1", &[]),
        json!([["missing", ["query", "c", "R"], { "G": "1" }]])
    );
    assert_eq!(
        deep.read("", "c[R]=1&c[B]=2", &[]),
        json!([["extra_forbidden", ["query", "c", "B"], "2"]])
    );
    assert_eq!(
        deep.read("", "", &[]),
        json!([["missing", ["query", "c"], null]])
    );
    let apart = object("form", true);
    assert_eq!(
        apart.read("", "B=1&B=2&G=x", &[]),
        json!([
            ["missing", ["query", "R"], { "G": "x" }],
            ["int_parsing", ["query", "G"], "x"],
            ["extra_forbidden", ["query", "B"], ["1", "2"]],
        ])
    );
    assert_eq!(
        object("deepObject", false).read("", "", &[]),
        json!({ "query": {} })
    );
}

#[test]
fn an_object_that_may_be_null_is_written_like_any_other() {
    let schema = json!({ "anyOf": [color(), { "type": "null" }] });
    let operation =
        one(json!({ "name": "c", "in": "query", "style": "deepObject", "schema": schema }));
    assert_eq!(
        operation.read("", "c[R]=1", &[])["query"]["c"],
        json!({ "R": 1, "G": 5 })
    );
}

#[test]
fn a_parameter_of_json_is_parsed_and_checked() {
    let operation = one(json!({
        "name": "f", "in": "query", "content": { "application/json": { "schema": color() } },
    }));
    let sent = "f=%7B%22R%22:1%7D";
    assert_eq!(
        operation.read("", sent, &[])["query"]["f"],
        json!({ "R": 1 })
    );
    assert_eq!(
        operation.read("", "f=%7B%22R%22:true%7D", &[]),
        json!([["int_type", ["query", "f", "R"], true]])
    );
    assert_eq!(
        operation.read("", "f=%7B", &[]),
        json!([["json_invalid", ["query", "f"], "{"]])
    );
}

#[test]
fn parameters_that_are_a_model_refuse_more_and_show_what_was_sent() {
    let parameters = json!([
        { "name": "size", "in": "query", "required": true, "schema": { "type": "integer" } },
        { "name": "X-Id", "in": "header", "required": true, "schema": { "type": "integer" } },
        { "name": "sid", "in": "cookie", "schema": { "type": "string" } },
    ]);
    let models = json!({ "query": "ignore", "header": "forbid", "cookie": "forbid" });
    let operation = Operation::new(parameters, models).unwrap();
    let headers = [
        ("host", "a"),
        ("user-agent", "b"),
        ("x-more", "1"),
        ("x-more", "2"),
        ("cookie", "sid=1; tool=x"),
    ];
    assert_eq!(
        operation.read("", "a=1&a=2&b=3", &headers),
        json!([
            ["missing", ["query", "size"], { "a": ["1", "2"], "b": "3" }],
            ["missing", ["header", "X-Id"], null],
            ["extra_forbidden", ["header", "x-more"], ["1", "2"]],
            ["extra_forbidden", ["cookie", "tool"], "x"],
        ])
    );
}

#[test]
fn a_secret_is_shown_nowhere_beside_what_is_wrong_with_others() {
    let secret = json!({ "type": "string", "format": "password" });
    let number = json!({ "type": "integer" });
    let parameters = json!([
        { "name": "n", "in": "query", "required": true, "schema": number },
        { "name": "key", "in": "query", "schema": secret },
    ]);
    let model = Operation::new(parameters, json!({ "query": "ignore" })).unwrap();
    let object = json!({ "type": "object", "required": ["n"], "properties": { "n": number, "key": secret } });
    let deep = one(json!({ "name": "c", "in": "query", "style": "deepObject", "schema": object }));
    let text = json!({ "name": "f", "in": "query", "content": { "application/json": { "schema": object } } });
    for (operation, query) in [
        (model, "key=hunter2"),
        (deep, "c[key]=hunter2"),
        (one(text), "f=%7B%22key%22:%22hunter2%22"),
    ] {
        let told = operation.read("", query, &[]).to_string();
        assert!(
            told.contains("query") && !told.contains("hunter2"),
            "{told}"
        );
    }
}

#[test]
fn what_could_not_be_sent_is_refused_by_name() {
    let object = json!({ "type": "object", "properties": { "a": color() } });
    for (parameters, models, words) in [
        (
            json!([{ "name": "v", "in": "query", "style": "matrix", "schema": {} }]),
            Value::Null,
            "is `form`, `spaceDelimited`, `pipeDelimited`, `deepObject`, not `matrix`",
        ),
        (
            json!([{ "name": "v", "in": "query", "style": "deepObject", "schema": numbers() }]),
            Value::Null,
            "`deepObject` is for objects, and `v` is none",
        ),
        (
            json!([{ "name": "v", "in": "query", "style": "deepObject", "schema": object }]),
            Value::Null,
            "`a` cannot be written in the text of query parameter `v`",
        ),
        (
            json!([{ "name": "c", "in": "cookie", "schema": color() }]),
            Value::Null,
            "cannot be an object unless `explode` is false",
        ),
        (
            json!([{ "name": "v", "in": "query", "content": { "text/csv": {} } }]),
            Value::Null,
            "is `application/json`",
        ),
        (
            json!([]),
            json!({ "query": "maybe" }),
            "is `ignore` or `forbid`, not \"maybe\"",
        ),
        (json!([]), json!({ "path": "forbid" }), "not of `path`"),
    ] {
        let Err(error) = Operation::new(parameters, models) else {
            panic!("{words}");
        };
        assert!(error.message.contains(words), "{error}");
    }
}

#[test]
fn what_a_model_in_the_query_was_sent_is_shown_by_what_it_declares() {
    let parameters = json!([
        { "name": "wanted", "in": "query", "required": true, "schema": { "type": "string" } },
        { "name": "all", "in": "query", "schema": numbers() },
        { "name": "last", "in": "query", "schema": { "type": "integer" } },
    ]);
    let operation = Operation::new(parameters, json!({ "query": "ignore" })).unwrap();
    let sent = "all=1&last=1&last=2&other=1&other=2&one=1";
    assert_eq!(
        operation.read("", sent, &[]),
        json!([["missing", ["query", "wanted"], { "all": ["1"], "last": "2", "other": ["1", "2"], "one": "1" }]])
    );
}
