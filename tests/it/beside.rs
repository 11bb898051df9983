//! A document beside a component, and settings: what a plugin's folder holds, handed over by a program.

use serde_json::{Value, json};
use switchback::{Component, ErrorKind};
use switchback_tests::guests::{self, Describe, blank};
use switchback_tests::harness::Harness;

use crate::contracts;

/// `GET /pages/{page}` with a number, and `POST /echo` with a note; what the guest of `tests/guests/standard` does, the last
/// segment of the path says.
fn document() -> Value {
    let note = json!({
        "type": "object",
        "required": ["text"],
        "properties": { "text": { "type": "string", "maxLength": 5 } },
    });
    let mut page = contracts::operation("page");
    page["parameters"] = json!([
        { "name": "page", "in": "path", "required": true, "schema": { "type": "integer" } },
        { "name": "limit", "in": "query", "schema": { "type": "integer", "maximum": 9 } },
    ]);
    let mut echo = contracts::operation("echo");
    echo["requestBody"] = json!({
        "required": true,
        "content": { "application/json": { "schema": note } },
    });
    let paths = json!({ "/pages/{page}": { "get": page }, "/echo": { "post": echo } });
    serde_json::from_str(&contracts::with_paths(&paths)).expect("JSON")
}

fn standard(document: &Value) -> Component {
    Component::new(guests::standard()).document(document.to_string())
}

async fn serving(component: Component) -> Harness {
    let harness = Harness::new().await;
    let served = harness.host.deploy("wiki", component).await;
    served.expect("it is served");
    harness
}

/// A document with `GET /PATH` and nothing else.
fn only(path: &str) -> Value {
    let paths = json!({ format!("/{path}"): { "get": contracts::operation(path) } });
    serde_json::from_str(&contracts::with_paths(&paths)).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_component_is_routed_by_the_document_beside_it() {
    let harness = serving(standard(&document())).await;
    let mut client = harness.client();
    let reply = client
        .send("GET", "/pages/7?limit=3&more=x", &[("x-sent", "1")], "")
        .await;
    assert_eq!(reply.status, 201);
    let lines: Vec<&str> = reply.text().lines().collect();
    assert_eq!(lines[0], "GET /pages/7?limit=3&more=x");
    assert!(lines.contains(&"x-sent: 1"), "{lines:?}");
    assert!(
        !reply.text().contains("x-forwarded-prefix"),
        "it is at the root"
    );
    assert_eq!(client.get("/pages").await.status, 404);
    assert_eq!(client.get("/count").await.status, 404);
    assert_eq!(client.get("/wiki/count").await.status, 404);
    let reply = client.get("/echo").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("allow")),
        (405, "POST")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_the_document_never_reaches_the_component() {
    let harness = serving(standard(&document())).await;
    let mut client = harness.client();
    let reply = client.get("/pages/x?limit=10").await;
    assert_eq!(reply.status, 422);
    let violations = reply.json()["detail"].clone();
    assert_eq!(
        violations[0],
        json!({
            "type": "int_parsing",
            "loc": ["path", "page"],
            "msg": "Input should be a valid integer, unable to parse string as an integer",
            "input": "x",
        })
    );
    assert_eq!(violations[1]["loc"], json!(["query", "limit"]));
    assert_eq!(violations[1]["type"], "less_than_equal");

    let reply = client
        .send(
            "POST",
            "/echo",
            &[("content-type", "application/json")],
            r#"{"text":"too long"}"#,
        )
        .await;
    assert_eq!(reply.status, 422);
    assert_eq!(reply.json()["detail"][0]["loc"], json!(["body", "text"]));
    assert_eq!(reply.json()["detail"][0]["type"], "string_too_long");
    let reply = client.send("POST", "/echo", &[], "").await;
    assert_eq!(reply.json()["detail"][0]["type"], "missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checked_body_reaches_the_component_as_it_came() {
    let harness = serving(standard(&document())).await;
    let sent = "{ \"text\" : \"short\",\n \"more\": 1 }";
    let reply = harness
        .client()
        .send(
            "POST",
            "/echo",
            &[("content-type", "application/json")],
            sent,
        )
        .await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, sent));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_checked_is_what_a_standard_component_reads() {
    let json = json!({ "application/json": { "schema": { "properties": { "n": { "type": "integer" } } } } });
    let stream = json!({ "application/octet-stream": { "x-switchback-stream": true } });
    let mut paths = json!({});
    for (path, content) in [
        ("/tell", Some(&json)),
        ("/echo", Some(&json)),
        ("/undescribed/echo", None),
        ("/streamed/echo", Some(&stream)),
    ] {
        let mut operation = contracts::operation(path);
        if let Some(content) = content {
            operation["requestBody"] = json!({ "content": content });
        }
        paths[path] = json!({ "post": operation });
    }
    let component = Component::new(guests::standard())
        .document(contracts::with_paths(&paths))
        .settings("limits = { body_bytes = 100 }");
    let harness = serving(component).await;
    let mut client = harness.client();
    let headers = [("content-type", "application/json")];

    // The last one counts, as the host reads it; a guest might take the first.
    let twice = r#"{"n": "x", "n": 1}"#;
    let reply = client.send("POST", "/echo", &headers, twice).await;
    assert_eq!(reply.text(), r#"{"n":1}"#);
    let reply = client.send("POST", "/tell", &headers, twice).await;
    assert!(
        reply.text().contains("content-length: 7"),
        "{}",
        reply.text()
    );

    let reply = client
        .send("POST", "/undescribed/echo", &headers, twice)
        .await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, ""));

    // More than a body that is held may have.
    let headers = [("content-type", "application/octet-stream")];
    let long = "x".repeat(1_000);
    let reply = client
        .send("POST", "/streamed/echo", &headers, long.clone())
        .await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, long.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_beside_a_component_is_published() {
    let harness = serving(standard(&document())).await;
    let mut client = harness.client();
    let merged = client.get("/openapi.json").await.json();
    assert_eq!(
        merged["paths"]["/pages/{page}"]["get"]["operationId"],
        "wiki.page"
    );
    assert!(merged["paths"]["/echo"]["post"]["responses"]["422"].is_object());
    let own = client.get("/openapi/wiki.json").await.json();
    assert_eq!(own["paths"]["/echo"]["post"]["operationId"], "echo");
    let served = harness.host.plugins();
    assert_eq!(served[0].operations.len(), 2);
    assert_eq!(served[0].interface, "wasi:http@0.2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_document_alone_is_a_swap_and_a_broken_one_is_refused() {
    let harness = serving(standard(&only("one"))).await;
    let mut client = harness.client();
    assert_eq!(client.get("/one").await.status, 201);
    let deployed = harness.host.deploy("wiki", standard(&only("two"))).await;
    assert_eq!(deployed.expect("it is served").revision, 2);
    assert_eq!(client.get("/one").await.status, 404);
    assert_eq!(client.get("/two").await.status, 201);

    let mut wrong = only("three");
    wrong["paths"]["/three"]["get"]["parameters"] = json!([{ "name": "q", "in": "query" }]);
    for broken in [wrong.to_string(), "{".to_owned(), "3.1.0".to_owned()] {
        let component = Component::new(guests::standard()).document(broken);
        let refused = harness.host.deploy("wiki", component).await;
        let refused = refused.expect_err("it cannot be served");
        assert_eq!(refused.kind(), ErrorKind::Contract);
        let text = refused.to_string();
        assert!(
            text.starts_with("`openapi.json` beside the component: "),
            "{text}"
        );
        assert_eq!(client.get("/two").await.status, 201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cached_of_a_component_is_not_the_document_beside_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for component in [
        standard(&only("one")),
        standard(&only("two")),
        Component::new(guests::standard()),
        standard(&only("one")),
    ] {
        let mut config = switchback::Config::default();
        config.host.cache_dir = Some(folder.path().into());
        let harness = Harness::with(config).await;
        let expected = component.clone();
        let deployed = harness.host.deploy("wiki", component).await;
        deployed.expect("it is served");
        let mut client = harness.client();
        let mut found = Vec::new();
        for path in ["/one", "/two", "/wiki/one"] {
            found.push(client.get(path).await.status == 201);
        }
        let expected = match expected {
            one if one == standard(&only("one")) => [true, false, false],
            two if two == standard(&only("two")) => [false, true, false],
            _ => [false, false, true],
        };
        assert_eq!(found, expected);
    }
    let kept = std::fs::read_dir(folder.path()).expect("the cache").count();
    assert_eq!(kept, 1, "one component, compiled once");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_beside_a_component_hold_and_cannot_raise_a_limit() {
    let settings = "prefix = \"/wiki\"\n[limits]\nbody_bytes = 10\n";
    let harness = serving(standard(&document()).settings(settings)).await;
    let mut client = harness.client();
    let reply = client.get("/wiki/pages/7").await;
    assert!(
        reply.text().starts_with("GET /pages/7\n"),
        "{}",
        reply.text()
    );
    assert!(reply.text().contains("x-forwarded-prefix: /wiki"));
    let json = [("content-type", "application/json")];
    let reply = client
        .send("POST", "/wiki/echo", &json, r#"{"text":"short"}"#)
        .await;
    assert_eq!(reply.status, 413);
    assert_eq!(harness.host.plugins()[0].limits.body_bytes, 10);

    let raised = standard(&document()).settings("[limits]\ncpu_ms = 1_000_000");
    let refused = harness.host.deploy("wiki", raised).await;
    let refused = refused.expect_err("a plugin may not grant itself anything");
    assert_eq!(refused.kind(), ErrorKind::Config);
    let text = refused.to_string();
    assert!(
        text.contains("`plugin.toml`: `limits.cpu_ms` is 1000000, and the host allows 1000"),
        "{text}"
    );
    assert_eq!(client.get("/wiki/pages/7").await.status, 201);
}

/// A plugin of our own interface with `GET /one?n=` and `GET /two?n=`, and a document beside it.
fn narrowed(document: &Value) -> Component {
    let own = blank(&contracts::of(&["one", "two"]), "1", Describe::Contract);
    Component::new(own).document(document.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_narrows_a_component_that_has_a_contract() {
    let mut document = only("one");
    document["paths"]["/one"]["get"]["parameters"] = json!([
        { "name": "n", "in": "query", "required": true, "schema": { "maximum": 5 } },
    ]);
    let harness = serving(narrowed(&document)).await;
    let mut client = harness.client();
    let reply = client.get("/one?n=5").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json()["params"]["query"]["n"],
        5,
        "the guest gets what its own contract makes of it"
    );
    assert_eq!(client.get("/one").await.status, 422, "by the document");
    assert_eq!(client.get("/one?n=x").await.status, 422, "by its own");
    assert_eq!(client.get("/two").await.status, 404, "left out");
    let merged = client.get("/openapi.json").await.json();
    assert_eq!(
        merged["paths"].as_object().map(serde_json::Map::len),
        Some(1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_cannot_widen_a_component_that_has_a_contract() {
    let harness = Harness::new().await;
    let elsewhere = json!({ "/elsewhere": { "get": contracts::operation("one") } });
    let by_post = json!({ "/one": { "post": contracts::operation("one") } });
    let another = json!({ "/one": { "get": contracts::operation("three") } });
    for (paths, why) in [
        (
            elsewhere,
            "in the component's own contract that is `GET /one`",
        ),
        (
            by_post,
            "in the component's own contract that is `GET /one`",
        ),
        (
            another,
            "there is no such `operationId` in the component's own contract",
        ),
    ] {
        let document = serde_json::from_str(&contracts::with_paths(&paths)).expect("JSON");
        let refused = harness.host.deploy("shop", narrowed(&document)).await;
        let text = refused.expect_err("it is wider").to_string();
        assert!(
            text.contains(why) && text.contains("may only narrow it"),
            "{text}"
        );
    }
}
