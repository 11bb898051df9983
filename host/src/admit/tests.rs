#![expect(
    clippy::needless_pass_by_value,
    reason = "a test reads best with `json!` where it is used"
)]

use super::*;
use crate::config::JsonTypes;
use crate::schema::{SchemaError, Schemas};
use http::header;
use serde_json::{Value, json};

struct Operation {
    parameters: Parameters,
    warnings: Vec<String>,
    body: Option<RequestBody>,
}

fn operation(described: Value) -> Result<Operation, SchemaError> {
    let schemas = described.get("schemas").cloned().unwrap_or_default();
    let document = json!({ "paths": { "/x/{id}": { "post": described } }, "components": { "schemas": schemas } });
    let schemas = Schemas::new(&document)?;
    let at = "/paths/~1x~1{id}/post";
    let described = document.pointer(at).unwrap();
    let pointers: Vec<String> = (0..described["parameters"].as_array().map_or(0, Vec::len))
        .map(|index| format!("{at}/parameters/{index}"))
        .collect();
    let compiled = Parameters::compile(&schemas, &["id"], &pointers, None)?;
    let body = described
        .get("requestBody")
        .map(|_| RequestBody::compile(&schemas, &format!("{at}/requestBody")))
        .transpose()?;
    Ok(Operation {
        parameters: compiled.parameters,
        warnings: compiled.warnings,
        body,
    })
}

impl Operation {
    fn admit(
        &self,
        id: &str,
        query: &str,
        content_type: Option<&str>,
        body: impl Into<Bytes>,
    ) -> Result<Admitted, Rejection> {
        let headers = content_type.map(|sent| (header::CONTENT_TYPE, sent.parse().unwrap()));
        self.admit_with(id, query, HeaderMap::from_iter(headers), body)
    }

    fn admit_with(
        &self,
        id: &str,
        query: &str,
        headers: HeaderMap,
        body: impl Into<Bytes>,
    ) -> Result<Admitted, Rejection> {
        let received = Received {
            path: &[id],
            query: Some(query),
            headers: &headers,
            body: Sent::Whole(body.into()),
        };
        admit(
            &self.parameters,
            self.body.as_ref(),
            received,
            &Limits::default(),
        )
    }

    fn params(&self, id: &str, query: &str) -> Value {
        let params = self.admit(id, query, None, "").unwrap().params;
        serde_json::from_str(&params).unwrap()
    }

    fn kinds(&self, id: &str, query: &str, body: &'static str) -> Vec<String> {
        match self.admit(id, query, Some("application/json"), body) {
            Err(Rejection::Violations(violations)) => violations
                .into_iter()
                .map(|broken| broken.kind.into_owned())
                .collect(),
            other => panic!("{other:?}"),
        }
    }
}

fn query(name: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "schema": schema })
}

fn sent_in(place: &str, name: &str, schema: Value) -> Value {
    json!({ "name": name, "in": place, "schema": schema })
}

fn headers<const N: usize>(sent: [(&str, &[u8]); N]) -> HeaderMap {
    let pair = |(name, value): (&str, &[u8])| {
        (
            name.parse::<http::HeaderName>().unwrap(),
            http::HeaderValue::from_bytes(value).unwrap(),
        )
    };
    let mut headers = HeaderMap::new();
    for (name, value) in sent.map(pair) {
        headers.append(name, value);
    }
    headers
}

fn path(schema: Value) -> Value {
    json!({ "name": "id", "in": "path", "required": true, "schema": schema })
}

fn json_body(schema: Value) -> Value {
    json!({ "required": true, "content": { "application/json": { "schema": schema } } })
}

fn text(data: &str) -> AdmittedBody {
    AdmittedBody::Text {
        media_type: "application/json".into(),
        data: data.into(),
    }
}

#[test]
fn parameters_arrive_typed_with_defaults_and_without_what_was_not_sent() {
    let operation = operation(json!({ "parameters": [
        path(json!({ "type": "string" })),
        query("n", json!({ "type": "integer", "default": 7 })),
        query("on", json!({ "type": "boolean" })),
        query("tags", json!({ "type": "array", "items": { "type": "integer" } })),
        query("a \"quote\"", json!({ "type": "string" })),
        query("none", json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] })),
    ] }))
    .unwrap();
    assert_eq!(
        operation.params("a%2Fb+%FF", "tags=1&on=yes&tags=+2&a+%22quote%22=%C3%A4%0A"),
        json!({
            "path": { "id": "a/b+\u{fffd}" },
            "query": { "n": 7, "on": true, "tags": [1, 2], "a \"quote\"": "ä\n" },
        })
    );
    assert_eq!(operation.params("", "n=1&n=2")["query"], json!({ "n": 2 }));
}

#[test]
fn every_place_is_told_at_once_path_then_query_then_body() {
    let mut required = query("q", json!({ "type": "string" }));
    required["required"] = true.into();
    let operation = operation(json!({
        "parameters": [required, path(json!({ "type": "integer" }))],
        "requestBody": json_body(json!({ "type": "object", "required": ["a"], "properties": { "a": true } })),
    }))
    .unwrap();
    assert_eq!(
        operation.kinds("x", "", "{}"),
        ["int_parsing", "missing", "missing"]
    );
    assert_eq!(
        operation.kinds("x", "", ""),
        ["int_parsing", "missing", "missing"]
    );
    assert_eq!(operation.kinds("x", "", "{"), ["json_invalid"]);
}

#[test]
fn headers_and_cookies_arrive_typed_under_the_names_that_guests_know() {
    let numbers = json!({ "type": "array", "items": { "type": "integer" } });
    let mut commas = sent_in("header", "x-commas", numbers.clone());
    commas["style"] = "simple".into();
    let operation = operation(json!({ "parameters": [
        sent_in("header", "X-Token", json!({ "type": "string" })),
        sent_in("header", "accept", json!({ "type": "string", "default": "any" })),
        sent_in("header", "x-list", numbers),
        commas,
        sent_in("cookie", "Seen", json!({ "type": "boolean" })),
        sent_in("cookie", "n", json!({ "type": "integer" })),
    ] }))
    .unwrap();
    let params = |headers| -> Value {
        let admitted = operation.admit_with("", "", headers, "").unwrap();
        serde_json::from_str(&admitted.params).unwrap()
    };
    let sent = params(headers([
        ("x-token", b"caf\xc3\xa9"),
        ("x-token", b"second"),
        ("x-list", b"1"),
        ("x-list", b"2"),
        ("x-commas", b"3, 4"),
        ("x-commas", b"5"),
        ("cookie", b"Seen=\"yes\"; seen=no; n=1"),
        ("cookie", b"n=2"),
    ]));
    assert_eq!(
        sent["header"],
        json!({ "x-token": "café", "accept": "any", "x-list": [1, 2], "x-commas": [3, 4, 5] })
    );
    assert_eq!(sent["cookie"], json!({ "Seen": true, "n": 2 }));
    assert_eq!(
        params(headers([("x-token", b"caf\xe9")]))["header"]["x-token"],
        "café"
    );
}

#[test]
fn a_missing_header_is_told_by_the_name_that_the_contract_writes() {
    let mut token = sent_in("header", "X-Token", json!({ "type": "string" }));
    token["required"] = true.into();
    let mut session = sent_in("cookie", "session", json!({ "type": "string" }));
    session["required"] = true.into();
    let operation = operation(json!({ "parameters": [session, token] })).unwrap();
    let Err(Rejection::Violations(told)) = operation.admit("", "", None, "") else {
        panic!("admitted");
    };
    let told = serde_json::to_value(told).unwrap();
    assert_eq!(told[0]["loc"], json!(["header", "X-Token"]));
    assert_eq!(told[1]["loc"], json!(["cookie", "session"]));
}

#[test]
fn a_number_that_json_cannot_hold_is_refused() {
    let operation =
        operation(json!({ "parameters": [query("n", json!({ "type": "number" }))] })).unwrap();
    assert_eq!(operation.kinds("", "n=inf", ""), ["finite_number"]);
    assert_eq!(operation.kinds("", "n=1e400", ""), ["finite_number"]);
}

/// More than 64 bits.
const LARGE: &str = "123456789012345678901234567890";

#[test]
fn an_integer_of_any_size_arrives_with_all_its_digits_wherever_it_is_sent() {
    let schema = json!({ "type": "integer" });
    let list = json!({ "type": "array", "items": schema });
    let union = json!({ "anyOf": [{ "type": "boolean" }, schema] });
    let decimal = json!({ "anyOf": [{ "type": "number" }, { "type": "string" }], "x-switchback-decimal": {} });
    let mut json_text = query("j", json!({}));
    json_text["content"] = json!({ "application/json": { "schema": schema } });
    json_text.as_object_mut().unwrap().remove("schema");
    let mut object = query(
        "o",
        json!({ "type": "object", "properties": { "n": schema } }),
    );
    object["style"] = "deepObject".into();
    let operation = operation(json!({ "parameters": [
        path(schema.clone()), query("q", schema.clone()), query("l", list), query("u", union),
        query("d", decimal), json_text, object, sent_in("header", "h", schema),
    ] }))
    .unwrap();
    let long = format!("-{}", "9".repeat(4300));
    let sent = format!("q={long}&l=1&l={LARGE}&u=+{LARGE}.0&d={LARGE}&j={LARGE}&o[n]={LARGE}");
    let headers = headers([("h", LARGE.as_bytes())]);
    let admitted = operation.admit_with(LARGE, &sent, headers, "").unwrap();
    assert_eq!(
        admitted.params,
        format!(
            "{{\"path\":{{\"id\":{LARGE}}},\"query\":{{\"q\":{long},\"l\":[1,{LARGE}],\"u\":{LARGE},\"d\":\"{LARGE}\",\
             \"j\":{LARGE},\"o\":{{\"n\":{LARGE}}}}},\"header\":{{\"h\":{LARGE}}}}}"
        )
    );
}

/// A body as a guest gets it.
fn admitted(schema: &Value, body: String, json: JsonTypes) -> Result<String, Vec<Violation>> {
    let operation = operation(json!({ "requestBody": json_body(schema.clone()) })).unwrap();
    let (limits, headers) = (
        Limits {
            json,
            ..Limits::default()
        },
        headers([("content-type", b"application/json")]),
    );
    let received = Received {
        path: &[""],
        query: None,
        headers: &headers,
        body: Sent::Whole(body.into()),
    };
    let body = operation.body.as_ref();
    match admit(&operation.parameters, body, received, &limits) {
        Ok(Admitted {
            body: AdmittedBody::Text { data, .. },
            ..
        }) => Ok(data),
        Err(Rejection::Violations(violations)) => Err(violations),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_body_that_is_written_anew_has_all_digits_of_its_integers() {
    let schema = json!({ "properties": {
        "i": { "type": "integer" },
        "n": { "type": "number" },
        "s": { "type": "array", "uniqueItems": true, "items": { "type": "integer" } },
        "k": { "type": "object", "x-switchback-keys": { "type": "integer" } },
        "t": { "type": "string", "contentMediaType": "application/json", "contentSchema": { "type": "array", "items": { "type": "integer" } } },
        "u": { "anyOf": [{ "type": "integer" }, { "type": "string" }] },
    } });
    let (above, long) = ("123456789012345678901234567891", "7".repeat(400));
    let twice = format!("{{\"i\":1,\"i\":{LARGE},\"n\":{above},\"x\":[{long},-{LARGE},1e30]}}");
    let once = format!("{{\"i\":{LARGE},\"n\":{above},\"x\":[{long},-{LARGE},1e+30]}}");
    for json in [JsonTypes::Strict, JsonTypes::Lax] {
        assert_eq!(admitted(&schema, twice.clone(), json).as_ref(), Ok(&once));
    }
    let sent = format!(
        "{{\"i\":\"{LARGE}\",\"n\":{above},\"s\":[{LARGE},\"{LARGE}\",{above}],\"k\":{{\" {LARGE}\":1}},\
         \"t\":\"[{LARGE},\\\"1\\\"]\",\"u\":{LARGE}}}"
    );
    let made = format!(
        "{{\"i\":{LARGE},\"n\":{above},\"s\":[{LARGE},{above}],\"k\":{{\"{LARGE}\":1}},\
         \"t\":\"[{LARGE},1]\",\"u\":{LARGE}}}"
    );
    assert_eq!(admitted(&schema, sent, JsonTypes::Lax), Ok(made));
    // To JSON Schema it is an integer; pydantic makes none of it.
    let float = || "{\"i\":1e22}".to_owned();
    let integer = "{\"i\":10000000000000000000000}".to_owned();
    assert_eq!(admitted(&schema, float(), JsonTypes::Strict), Ok(integer));
    let told = admitted(&schema, float(), JsonTypes::Lax).unwrap_err();
    assert_eq!(told[0].kind, "int_parsing_size");
}

#[test]
fn limits_of_large_integers_are_exact_and_their_digits_are_told() {
    let schema = |rule: &str, limit: Value| json!({ "type": "integer", rule: limit });
    let limit = 2_f64.powi(100);
    for (rule, limit, sent, fits) in [
        (
            "maximum",
            json!(limit),
            "1267650600228229401496703205376",
            true,
        ),
        (
            "maximum",
            json!(limit),
            "1267650600228229401496703205377",
            false,
        ),
        (
            "exclusiveMaximum",
            json!(limit),
            "1267650600228229401496703205376",
            false,
        ),
        (
            "minimum",
            json!(-limit),
            "-1267650600228229401496703205376",
            true,
        ),
        (
            "minimum",
            json!(-limit),
            "-1267650600228229401496703205377",
            false,
        ),
        ("minimum", json!(u64::MAX), "18446744073709551616", true),
        ("maximum", json!(1.5), LARGE, false),
        (
            "multipleOf",
            json!(7),
            "7000000000000000000000000000007",
            true,
        ),
        (
            "multipleOf",
            json!(7),
            "7000000000000000000000000000008",
            false,
        ),
        (
            "const",
            json!(limit),
            "1267650600228229401496703205377",
            false,
        ),
    ] {
        for json in [JsonTypes::Strict, JsonTypes::Lax] {
            let found = admitted(&schema(rule, limit.clone()), sent.to_owned(), json);
            assert_eq!(found.is_ok(), fits, "{rule} {sent}");
            if let Err(told) = found {
                assert_eq!(told[0].input, sent);
            }
        }
    }
    let float = json!({ "type": "number" });
    let told = admitted(&float, "1".repeat(400), JsonTypes::Strict).unwrap_err();
    assert_eq!(told[0].kind, "float_type");
    let within = admitted(
        &json!({ "type": "null" }),
        format!("[{LARGE}]"),
        JsonTypes::Lax,
    );
    assert_eq!(within.unwrap_err()[0].input, json!([LARGE]));
}

#[test]
fn the_body_is_passed_as_it_came_unless_parsers_could_read_it_differently() {
    let operation =
        operation(json!({ "requestBody": json_body(json!({ "type": "object" })) })).unwrap();
    let admit = |body: &'static str| {
        operation
            .admit("", "", Some("application/json"), body)
            .unwrap()
            .body
    };
    assert_eq!(admit(" {\"a\" : 1}"), text(" {\"a\" : 1}"));
    assert_eq!(
        admit("{\"a\":1,\"b\":0,\"a\":2}"),
        text("{\"a\":2,\"b\":0}")
    );
    assert_eq!(admit("{\"a\": 1.0}"), text("{\"a\": 1.0}"));
    assert_eq!(admit("\u{feff}{ }"), text("{}"));
}

#[test]
fn a_float_is_written_as_the_integer_that_it_is_only_where_nothing_else_is_wanted() {
    let schema = json!({ "properties": {
        "i": { "type": "integer" },
        "f": { "type": "number" },
        "u": { "anyOf": [{ "type": "integer" }, { "type": "number" }] },
        "n": { "anyOf": [{ "type": "integer" }, { "type": "null" }] },
    } });
    let operation = operation(json!({ "requestBody": json_body(schema) })).unwrap();
    let sent = "{\"i\":1.0,\"f\":1.0,\"u\":1.0,\"n\":1.0,\"x\":1.0}";
    let admitted = operation.admit("", "", Some("application/json"), sent);
    let written = "{\"i\":1,\"f\":1.0,\"u\":1.0,\"n\":1,\"x\":1.0}";
    assert_eq!(admitted.unwrap().body, text(written));
}

#[test]
fn all_json_is_one_media_type_and_anything_else_a_text_that_no_model_takes() {
    let operation =
        operation(json!({ "requestBody": json_body(json!({ "type": "object" })) })).unwrap();
    for json in ["Application/JSON; charset=x", "application/vnd.x+json"] {
        assert!(operation.admit("", "", Some(json), "{}").is_ok(), "{json}");
    }
    for other in [None, Some("text/plain"), Some("")] {
        let Err(Rejection::Violations(told)) = operation.admit("", "", other, "{}") else {
            panic!("{other:?}");
        };
        assert_eq!(told[0].input, "{}");
    }
    let unreadable = operation.admit("", "", Some("application/json"), &b"\"\xff\""[..]);
    assert_eq!(unreadable, Err(Rejection::BadBody(UNREADABLE.into())));
    let deep = "[".repeat(200);
    assert_eq!(
        operation.admit("", "", Some("application/json"), deep),
        Err(Rejection::Limit(Limit::JsonDepth, UNREADABLE.into()))
    );
}

#[test]
fn other_media_types_pass_as_text_or_bytes_under_the_contract_s_name() {
    let operation = operation(json!({ "requestBody": { "content": {
        "text/*": { "schema": { "type": "string", "maxLength": 3 } },
        "image/png": {},
    } } }))
    .unwrap();
    let admit = |kind, body: &'static [u8]| operation.admit("", "", Some(kind), body);
    assert_eq!(
        admit("Text/Plain; charset=utf-8", "äöü".as_bytes())
            .unwrap()
            .body,
        AdmittedBody::Text {
            media_type: "text/*".into(),
            data: "äöü".into()
        }
    );
    assert!(matches!(
        admit("text/plain", b"four"),
        Err(Rejection::Violations(_))
    ));
    assert!(matches!(
        admit("text/plain", b"\xff").unwrap().body,
        AdmittedBody::Bytes { .. }
    ));
    assert!(matches!(
        admit("image/png", b"\x89").unwrap().body,
        AdmittedBody::Bytes { .. }
    ));
    assert_eq!(admit("application/zip", b"x"), Err(Rejection::MediaType));
    assert_eq!(
        admit("application/zip", b"").unwrap().body,
        AdmittedBody::Empty
    );
}

#[test]
fn an_operation_without_a_body_ignores_what_is_sent() {
    let operation = operation(json!({})).unwrap();
    let admitted = operation
        .admit("", "", Some("application/json"), "{")
        .unwrap();
    assert_eq!(admitted.body, AdmittedBody::Empty);
}

#[test]
fn what_cannot_be_served_is_refused_or_warned_of_by_name() {
    for (described, words) in [
        (
            json!({ "parameters": [query("o", json!({ "type": "object" }))] }),
            "an object without `properties`",
        ),
        (
            json!({ "parameters": [{ "name": "o", "in": "query" }] }),
            "needs a `schema`",
        ),
        (
            json!({ "parameters": [{ "name": "o", "in": "path", "schema": {} }] }),
            "the path has no `{o}`",
        ),
        (
            json!({ "parameters": [sent_in("header", "a b", json!({}))] }),
            "`a b` cannot be the name of a header",
        ),
        (
            json!({ "parameters": [sent_in("header", "X-A", json!({})), sent_in("header", "x-a", json!({}))] }),
            "the header `x-a` is declared twice",
        ),
        (
            json!({ "parameters": [sent_in("cookie", "c", json!({ "type": "array" }))] }),
            "cookie parameter `c` cannot be an array",
        ),
    ] {
        let Err(error) = operation(described) else {
            panic!("{words}");
        };
        assert!(error.message.contains(words), "{error}");
    }
    let default = query(
        "n",
        json!({ "type": "integer", "minimum": 1, "default": 0 }),
    );
    let operation = operation(json!({ "parameters": [default] })).unwrap();
    assert!(operation.warnings[0].starts_with("query parameter `n`: the default `0` does not"));
    assert_eq!(operation.params("", "")["query"], json!({ "n": 0 }));
}

#[test]
fn several_parameters_of_a_body_are_not_sent_where_it_is_no_json() {
    let operation = |required: Value| {
        operation(json!({
            "parameters": [{ "name": "id", "in": "path", "required": true, "schema": {} }],
            "requestBody": { "required": true, "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Body_x" },
            } } },
            "schemas": { "Body_x": { "type": "object", "required": required, "properties": {
                "a": { "type": "integer" },
                "b": { "type": "integer" },
            } } },
        }))
        .unwrap()
    };
    let missing = |operation: &Operation, content_type: Option<&str>, sent: &str| match operation
        .admit("1", "", content_type, sent.to_owned())
    {
        Ok(admitted) => json!(format!("{:?}", admitted.body)),
        Err(Rejection::Violations(told)) => told.iter().map(|told| json!(told.loc)).collect(),
        Err(other) => panic!("{other:?}"),
    };
    let one = operation(json!(["a"]));
    // As FastAPI has it: what is JSON and no object has neither, what is no JSON was not sent.
    for (content_type, sent, told) in [
        (
            Some("application/json"),
            "[]",
            json!([["body", "a"], ["body", "b"]]),
        ),
        (
            Some("application/json"),
            "null",
            json!([["body", "a"], ["body", "b"]]),
        ),
        (Some("application/json"), "{}", json!([["body", "a"]])),
        (Some("text/plain"), r#"{"a":1}"#, json!([["body", "a"]])),
        (None, r#"{"a":1}"#, json!([["body", "a"]])),
    ] {
        assert_eq!(
            missing(&one, content_type, sent),
            told,
            "{content_type:?} {sent}"
        );
    }
    assert_eq!(
        missing(&operation(json!([])), Some("text/plain"), "{}"),
        "Empty"
    );
}

#[test]
fn of_a_model_in_a_form_what_was_sent_empty_was_not_sent() {
    let operation = operation(json!({
        "parameters": [{ "name": "id", "in": "path", "required": true, "schema": {} }],
        "requestBody": { "required": true, "content": { "application/x-www-form-urlencoded": {
            "schema": { "$ref": "#/components/schemas/Login" },
        } } },
        "schemas": { "Login": { "type": "object", "required": ["a"], "properties": {
            "a": { "type": "string" },
            "b": { "type": "string" },
            "c": { "type": "array", "items": { "type": "string" } },
        } } },
    }))
    .unwrap();
    let sent = operation.admit(
        "1",
        "",
        Some("application/x-www-form-urlencoded"),
        "a=&b=1&b=2&c=&d=",
    );
    let Err(Rejection::Violations(told)) = sent else {
        panic!("{sent:?}");
    };
    assert_eq!(told[0].input, json!({ "b": "2", "c": [""], "d": "" }));
}

#[test]
fn a_zero_has_no_sign_to_a_limit() {
    let operation = operation(json!({ "parameters": [
        { "name": "id", "in": "path", "required": true, "schema": { "type": "number", "minimum": 0.0 } },
    ] }))
    .unwrap();
    assert!(operation.admit("-0.0", "", None, "").is_ok());
}
