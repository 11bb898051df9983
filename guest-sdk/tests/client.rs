//! `TestClient`: requests pass the host's own checks, natively.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

use serde_json::{Value, json};
use switchback_sdk::TestClient;
use switchback_sdk::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Item {
    #[schemars(length(min = 1))]
    name: String,
}

static COUNT: State<u32> = State::new(|| 0);

#[get("/hello/{name}")]
fn hello(name: String, #[query(le = 3)] times: Option<u8>) -> String {
    format!("Hello {name}").repeat(times.unwrap_or(1).into())
}

#[post("/items", status = 201)]
fn create(item: Json<Item>) -> Json<Item> {
    item
}

#[post("/count")]
fn count() -> u32 {
    let mut count = COUNT.borrow_mut();
    *count += 1;
    *count
}

#[get("/asked")]
fn asked() -> Json<Value> {
    info!(method = incoming::method(), "asked");
    Json(json!({
        "method": incoming::method(),
        "uri": incoming::uri(),
        "prefix": incoming::prefix(),
        "some": incoming::header("X-Some"),
        "all": incoming::header_values("x-some"),
        "headers": incoming::headers().len(),
        "peer": incoming::peer(),
        "request_id": incoming::request_id(),
        "identity": incoming::identity(),
    }))
}

#[get("/bad")]
fn bad() -> Response {
    Response::new(200).header("a header", "x")
}

#[get("/panics")]
fn panics() {
    panic!("on purpose")
}

#[get("/sent")]
fn sent(#[header] x_token: String, #[cookie] session: Option<u32>) -> String {
    format!("{x_token} {session:?}")
}

#[post("/login")]
fn login(#[form] user: String, #[form(le = 5)] tries: u8) -> String {
    format!("{user} {tries}")
}

#[post("/upload")]
fn upload(file: Upload, #[form] note: Option<String>) -> Result<Json<Value>, Problem> {
    let content = String::from_utf8_lossy(&file.read_all()?).into_owned();
    Ok(Json(json!({
        "content": content,
        "name": file.file_name,
        "type": file.media_type,
        "note": note,
    })))
}

plugin! {
    title: "Client",
    routes: [hello, create, count, asked, bad, panics, sent, login, upload],
}

fn client() -> TestClient {
    TestClient::new(plugin())
}

#[test]
fn an_answer_that_breaks_the_contract_is_500_and_says_where() {
    #[derive(Serialize, JsonSchema)]
    struct Stock {
        #[schemars(range(max = 9))]
        left: u32,
    }
    #[get("/stock")]
    fn stock(#[query] left: u32) -> Stock {
        Stock { left }
    }
    plugin! { title: "Stock", routes: [stock] }
    let client = TestClient::new(plugin());
    assert_eq!(client.get("/stock?left=9").send().status, 200);
    let response = client.get("/stock?left=10").send();
    assert_eq!(response.status, 500);
    assert_eq!(
        response.value()["detail"],
        "the answer 200 breaks the contract at `/left`: Input should be less than or equal to 9"
    );
}

#[test]
fn a_request_that_fits_reaches_its_function() {
    let client = client();
    let response = client.get("/hello/W%C3%B6rld").query("times", "2").send();
    assert_eq!(response.status, 200);
    assert_eq!(response.header("Content-Type"), Some("application/json"));
    assert_eq!(response.json::<String>(), "Hello WörldHello Wörld");
    let response = client.post("/items").json(&json!({"name": "Saw"})).send();
    assert_eq!(
        (response.status, response.text()),
        (201, r#"{"name":"Saw"}"#.into())
    );
}

#[test]
fn what_breaks_the_contract_is_told_as_the_host_tells_it() {
    let client = client();
    let response = client.get("/hello/x?times=4").send();
    assert_eq!(response.status, 422);
    let expected = json!([{
        "type": "less_than_equal",
        "loc": ["query", "times"],
        "msg": "Input should be less than or equal to 3",
        "input": "4",
        "ctx": {"le": 3},
    }]);
    assert_eq!(response.value()["detail"], expected);
    let response = client.post("/items").json(&json!({"name": ""})).send();
    assert_eq!(response.value()["detail"][0]["type"], "string_too_short");
    let response = client.post("/items").body("text/csv", "a,b").send();
    assert_eq!(response.value()["detail"][0]["loc"], json!(["body"]));
}

#[test]
fn routes_are_the_hosts() {
    let client = client();
    let response = client.get("/nothing").send();
    assert_eq!(
        (response.status, response.value()),
        (404, json!({"detail": "Not Found"}))
    );
    let response = client.delete("/items").send();
    assert_eq!(
        (response.status, response.header("allow")),
        (405, Some("POST"))
    );
    let response = client.get("/hello/x/?times=2").send();
    assert_eq!(response.status, 307);
    assert_eq!(response.header("location"), Some("/hello/x?times=2"));
}

#[test]
fn headers_and_cookies_are_checked_and_read() {
    let client = client();
    let request = client.get("/sent").header("X-Token", "secret");
    let response = request
        .clone()
        .cookie("other", "x")
        .cookie("session", "7")
        .send();
    assert_eq!(response.json::<String>(), "secret Some(7)");
    let response = request.cookie("session", "x").send();
    assert_eq!(
        response.value()["detail"][0]["loc"],
        json!(["cookie", "session"])
    );
    let response = client.get("/sent").send();
    assert_eq!(response.value()["detail"][0]["type"], "missing");
}

#[test]
fn a_cookie_that_was_set_is_read_back_as_it_was() {
    #[post("/set")]
    fn set(value: Json<String>) -> Response {
        Response::new(204).cookie(Cookie::new("c", &value.0))
    }
    #[get("/get")]
    fn get(#[cookie] c: String) -> String {
        c
    }
    plugin! { title: "Cookies", routes: [set, get] }
    let client = TestClient::new(plugin());
    for value in ["plain", "", "a;b,c \"d\" \\ é\r\n", "\"", "1=2"] {
        let response = client.post("/set").json(value).send();
        let set = response.header("set-cookie").unwrap();
        let (pair, _) = set.rsplit_once("; Path=/").unwrap();
        let response = client.get("/get").header("cookie", pair).send();
        assert_eq!(response.json::<String>(), value, "{pair}");
    }
}

#[test]
fn forms_are_checked_and_read() {
    let client = client();
    let form = |tries| {
        client
            .post("/login")
            .form(&[("user", "Ann & Bo"), ("tries", tries)])
    };
    assert_eq!(form("5").send().json::<String>(), "Ann & Bo 5");
    let response = form("6").send();
    assert_eq!(
        response.value()["detail"][0]["loc"],
        json!(["body", "tries"])
    );
}

#[test]
fn files_arrive_with_their_names() {
    let client = client();
    let files = [("file", "a.txt", "text/plain", "hello".as_bytes())];
    let response = client
        .post("/upload")
        .multipart(&[("note", "n")], &files)
        .send();
    let expected = json!({"content": "hello", "name": "a.txt", "type": "text/plain", "note": "n"});
    assert_eq!(response.value(), expected);
    let response = client
        .post("/upload")
        .multipart(&[("note", "n")], &[])
        .send();
    assert_eq!(
        response.value()["detail"][0]["loc"],
        json!(["body", "file"])
    );
}

#[test]
fn an_answer_that_http_forbids_is_500() {
    assert_eq!(client().get("/bad").send().status, 500);
}

#[test]
fn incoming_is_what_was_sent() {
    let response = client()
        .get("/asked?a=%20b")
        .header("x-some", "one")
        .header("X-Some", "two")
        .header("x-request-id", "my-id")
        .peer("192.0.2.1:5000".parse().unwrap())
        .identity(r#"{"name":"ann"}"#)
        .send();
    let expected = json!({
        "method": "GET",
        "uri": "/asked?a=%20b",
        "prefix": "",
        "some": "one",
        "all": ["one", "two"],
        "headers": 3,
        "peer": "192.0.2.1:5000",
        "request_id": "my-id",
        "identity": r#"{"name":"ann"}"#,
    });
    assert_eq!(response.value(), expected);
    assert_eq!(response.header("x-request-id"), Some("my-id"));
}

#[test]
fn a_request_without_an_id_gets_one() {
    let response = client().get("/asked").send();
    let id = response.value()["request_id"].as_str().unwrap().to_owned();
    assert!(!id.is_empty());
    assert_eq!(response.header("x-request-id"), Some(&*id));
    assert_eq!(incoming::request_id(), "", "nothing is left behind");
}

#[test]
fn each_client_has_its_own_state() {
    let (one, other) = (client(), client());
    assert_eq!(one.post("/count").send().json::<u32>(), 1);
    assert_eq!(one.post("/count").send().json::<u32>(), 2);
    assert_eq!(other.post("/count").send().json::<u32>(), 1);
    assert_eq!(
        *COUNT.borrow(),
        0,
        "outside of a client the thread has its own"
    );
}

#[test]
fn a_handler_that_panics_fails_the_test_and_leaves_the_client_usable() {
    let client = client();
    let send = std::panic::AssertUnwindSafe(|| client.get("/panics").send());
    assert!(std::panic::catch_unwind(send).is_err());
    assert_eq!(client.post("/count").send().status, 200);
}

#[test]
#[should_panic(expected = "the host would not serve this plugin")]
fn a_contract_that_no_host_serves_fails_at_once() {
    #[get("/x")]
    fn x(#[query(pattern = "(?=look-around)")] q: String) -> String {
        q
    }
    plugin! { title: "No pattern", routes: [x] }
    TestClient::new(plugin());
}
