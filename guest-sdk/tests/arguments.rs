//! Where arguments come from: what the contract says of them, and how they are read.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

use serde_json::{Value, json};
use switchback_sdk::prelude::*;
use switchback_sdk::{Body, head};

/// Tell what was sent
#[post("/told/{place}")]
fn told(
    place: String,
    #[header] user_agent: Option<String>,
    /// A secret.
    #[header(name = "X-Token", min_length = 2, deprecated)]
    token: String,
    #[header(name = "x-many")] many: Vec<u32>,
    #[cookie(name = "session-id", pattern = "^[a-z]+$")] session: Option<String>,
    #[cookie(default = "dark", examples = ["dark", "light"], title = "Theme")] theme: String,
    #[query(ge = 1, max_items = 3, unique_items = true, default = [1, 2])] ids: Vec<u32>,
) -> String {
    format!("{place} {user_agent:?} {token} {many:?} {session:?} {theme} {ids:?}")
}

/// Sign in
#[post("/login")]
fn login(
    #[form(min_length = 1)] user: String,
    /// Spoken aloud.
    #[form(name = "pass-word")]
    password: Option<String>,
    #[form(default = 3, le = 9)] tries: u8,
) -> String {
    format!("{user} {password:?} {tries}")
}

#[derive(Deserialize, JsonSchema)]
struct Login {
    user: String,
    #[serde(default)]
    remember: bool,
}

/// Sign in, as a struct
#[post("/login-struct")]
fn login_struct(form: Form<Login>) -> String {
    format!("{} {}", form.0.user, form.0.remember)
}

/// Take files
#[post("/files")]
fn files(
    /// The first.
    file: Upload,
    more: Vec<Upload>,
    maybe: Option<Upload>,
    #[form] note: Option<String>,
) -> Result<String, Problem> {
    let text = String::from_utf8(file.read_all()?).unwrap();
    let names: Vec<_> = more.into_iter().map(|file| file.file_name).collect();
    Ok(format!("{text} {names:?} {} {note:?}", maybe.is_some()))
}

/// Count bytes
#[put("/blob")]
fn blob(content: Bytes) -> usize {
    content.0.len()
}

/// May have a body
#[put("/maybe")]
fn maybe(login: Option<Json<Login>>) -> bool {
    login.is_some()
}

/// Read a file
#[get("/tree/{dir}/{file:path}")]
fn tree(dir: String, file: String) -> String {
    format!("{dir} {file}")
}

#[head("/blob")]
fn look() {}

plugin! { routes: [told, login, login_struct, files, blob, maybe, tree, look] }

fn operation(pointer: &str) -> Value {
    let document: Value = serde_json::from_str(&plugin().openapi()).unwrap();
    document.pointer(pointer).unwrap().clone()
}

fn call(operation: &str, params: Value, body: Body) -> String {
    let mut all = json!({"path": {}, "query": {}, "header": {}, "cookie": {}});
    for (place, values) in params.as_object().unwrap() {
        all[place] = values.clone();
    }
    let response = plugin().handle(operation, &all.to_string(), &body);
    String::from_utf8(response.body)
        .unwrap()
        .replace("\\\"", "\"")
}

#[test]
fn headers_and_cookies_stand_in_the_contract_as_the_author_spells_them() {
    let parameters = operation("/paths/~1told~1{place}/post/parameters");
    let agent = json!({"name": "user-agent", "in": "header", "required": false, "schema": {"type": "string"}});
    assert_eq!(parameters[1], agent);
    let token = json!({"name": "X-Token", "in": "header", "required": true, "deprecated": true,
        "description": "A secret.",
        "schema": {"type": "string", "minLength": 2, "description": "A secret.", "deprecated": true}});
    assert_eq!(parameters[2], token);
    assert_eq!(parameters[3]["schema"]["type"], "array");
    let session = json!({"name": "session-id", "in": "cookie", "required": false,
        "schema": {"type": "string", "pattern": "^[a-z]+$"}});
    assert_eq!(parameters[4], session);
    let theme = json!({"name": "theme", "in": "cookie", "required": false, "schema":
        {"type": "string", "default": "dark", "examples": ["dark", "light"], "title": "Theme"}});
    assert_eq!(parameters[5], theme);
}

#[test]
fn a_lists_rules_hold_for_the_list_and_for_each_of_its_values() {
    let ids = operation("/paths/~1told~1{place}/post/parameters/6/schema");
    assert_eq!(
        (&ids["maxItems"], &ids["uniqueItems"]),
        (&json!(3), &json!(true))
    );
    assert_eq!(ids["items"]["minimum"], 1);
    assert_eq!(ids["default"], json!([1, 2]));
}

#[test]
fn headers_and_cookies_are_read_by_the_names_that_the_host_hands_over() {
    let sent = json!({
        "path": {"place": "here"},
        "query": {"ids": [5]},
        "header": {"user-agent": "curl", "x-token": "abc", "x-many": [1, 2]},
        "cookie": {"session-id": "s", "theme": "light"},
    });
    assert_eq!(
        call("told", sent, Body::Empty),
        r#""here Some("curl") abc [1, 2] Some("s") light [5]""#
    );
}

#[test]
fn fields_of_a_form_make_one_body() {
    let body = operation("/paths/~1login/post/requestBody");
    assert_eq!(body["required"], true);
    let schema = &body["content"]["application/x-www-form-urlencoded"]["schema"];
    assert_eq!(schema["required"], json!(["user"]));
    assert_eq!(
        schema["properties"]["user"],
        json!({"type": "string", "minLength": 1})
    );
    assert_eq!(
        schema["properties"]["pass-word"]["description"],
        "Spoken aloud."
    );
    assert_eq!(schema["properties"]["tries"]["default"], 3);
    let body = Body::Form {
        fields: r#"{"tries":1,"user":"ann"}"#.into(),
        files: Vec::new(),
    };
    assert_eq!(call("login", json!({}), body), r#""ann None 1""#);
}

#[test]
fn a_struct_takes_a_form() {
    let body = operation("/paths/~1login-struct/post/requestBody");
    let schema = &body["content"]["application/x-www-form-urlencoded"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/Login");
    let body = Body::Form {
        fields: r#"{"user":"ann"}"#.into(),
        files: Vec::new(),
    };
    assert_eq!(call("login_struct", json!({}), body), r#""ann false""#);
}

#[test]
fn files_make_a_form_of_parts() {
    let body = operation("/paths/~1files/post/requestBody");
    let schema = &body["content"]["multipart/form-data"]["schema"];
    assert_eq!(schema["required"], json!(["file", "more"]));
    let file = json!({"type": "string", "format": "binary"});
    assert_eq!(
        schema["properties"]["more"],
        json!({"type": "array", "items": file})
    );
    assert_eq!(schema["properties"]["maybe"], file);
    let body = Body::Form {
        fields: r#"{"note":"n"}"#.into(),
        files: vec![
            Upload::new("more", "b.txt", "b"),
            Upload::new("file", "a.txt", "content"),
            Upload::new("more", "c.txt", "c"),
        ],
    };
    assert_eq!(
        call("files", json!({}), body),
        r#""content [Some("b.txt"), Some("c.txt")] false Some("n")""#
    );
}

#[test]
fn a_body_is_taken_as_bytes_or_may_be_left_out() {
    let body = operation("/paths/~1blob/put/requestBody");
    assert!(body["content"]["application/octet-stream"].is_object());
    assert_eq!(call("blob", json!({}), Body::Bytes(vec![0, 255])), "2");
    assert_eq!(
        operation("/paths/~1maybe/put/requestBody/required"),
        json!(false)
    );
    assert_eq!(call("maybe", json!({}), Body::Empty), "false");
    assert_eq!(
        call("maybe", json!({}), Body::Text(r#"{"user":""}"#.into())),
        "true"
    );
}

#[test]
fn every_method_has_its_attribute() {
    assert_eq!(operation("/paths/~1blob/head/operationId"), "look");
}

#[test]
fn the_last_parameter_of_a_path_may_take_the_rest() {
    let parameters = operation("/paths/~1tree~1{dir}~1{file}/get/parameters");
    assert!(parameters[0].get("x-switchback-wildcard").is_none());
    assert_eq!(parameters[1]["x-switchback-wildcard"], true);
}
