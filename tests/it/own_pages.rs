//! A plugin's own pages for what the host answers in its place: `x-switchback-on-problem`.

use serde_json::{Value, json};
use switchback::{Config, Event, PluginConfig};
use switchback_tests::client::Reply;
use switchback_tests::guests::{Describe, blank, pages};
use switchback_tests::harness::{Harness, event};

use crate::contracts;

/// A plugin with a page that does what its id says: `echo` answers what it was told.
fn with_page(id: &str) -> Vec<u8> {
    let anything = json!({ "content": { "application/json": {} } });
    let operation = contracts::operation;
    let mut page = operation(id);
    page["x-switchback-on-problem"] = true.into();
    page["requestBody"] = anything;
    let mut typed = operation("version");
    typed["parameters"] =
        json!([{ "name": "n", "in": "query", "required": true, "schema": { "type": "integer" } }]);
    let paths = json!({
        "/page": { "post": page },
        "/typed": { "get": typed },
        "/trap": { "get": operation("trap") },
    });
    blank(&contracts::with_paths(&paths), id, Describe::Contract)
}

async fn host(prefixes: &[(&str, &str)]) -> Harness {
    let mut config = Config::default();
    for (name, prefix) in prefixes {
        let plugin = PluginConfig {
            prefix: (*prefix).into(),
            ..PluginConfig::default()
        };
        config.plugins.insert((*name).into(), plugin);
    }
    Harness::with(config).await
}

/// What the page was told, as `echo` answers it.
fn told(reply: &Reply) -> Value {
    let echoed = reply.json();
    assert_eq!(echoed["operation"], "echo");
    let data = echoed["body"]["data"].as_str().unwrap_or_default();
    serde_json::from_str(data).unwrap_or_else(|_| panic!("{}", reply.text()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_answers_its_own_404_405_422_and_500_and_the_status_stays() {
    let harness = host(&[("shop", "/shop")]).await;
    harness.deploy("shop", with_page("echo")).await.expect("ok");
    let mut client = harness.client();

    let reply = client.get("/shop/nothing").await;
    assert_eq!(reply.status, 404);
    assert_eq!(
        told(&reply),
        json!({ "type": "urn:switchback:not-found", "title": "Not Found", "status": 404, "detail": "Not Found" })
    );

    let reply = client.send("DELETE", "/shop/typed", &[], "").await;
    assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET"));
    assert_eq!(told(&reply)["status"], 405);

    let reply = client.get("/shop/typed?n=x").await;
    assert_eq!(reply.status, 422);
    assert_eq!(told(&reply)["errors"][0]["loc"], json!(["query", "n"]));

    let reply = client.get("/shop/trap").await;
    assert_eq!(reply.status, 500);
    assert_eq!(told(&reply)["detail"], "Internal Server Error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_neither_routed_to_nor_documented() {
    let harness = host(&[]).await;
    harness.deploy("shop", with_page("echo")).await.expect("ok");
    let mut client = harness.client();
    let reply = client.post("/page", "{}").await;
    assert_eq!(
        (reply.status.as_u16(), &told(&reply)["status"]),
        (404, &json!(404))
    );
    for document in ["/openapi.json", "/openapi/shop.json"] {
        let paths = client.get(document).await.json()["paths"].take();
        assert!(
            paths.get("/page").is_none() && paths.get("/trap").is_some(),
            "{paths}"
        );
    }
    assert_eq!(harness.host.plugins()[0].operations.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_belongs_to_nobody_alone_is_the_hosts_to_answer() {
    let harness = host(&[("shop", "/shop")]).await;
    harness.deploy("shop", with_page("echo")).await.expect("ok");
    let plain = r#"{"detail":"Not Found"}"#;
    let mut client = harness.client();
    for path in ["/other", "/shopping"] {
        assert_eq!(
            client.get(&format!("{path}?")).await.text(),
            plain,
            "{path}"
        );
    }
    // The only one without a prefix has what nobody else has.
    harness.deploy("site", with_page("echo")).await.expect("ok");
    assert_eq!(told(&client.get("/other").await)["status"], 404);
    let more =
        contracts::with_paths(&json!({ "/more": { "get": contracts::operation("version") } }));
    let more = blank(&more, "more", Describe::Contract);
    harness.deploy("more", more).await.expect("ok");
    assert_eq!(client.get("/other").await.text(), plain);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_page_fails_the_hosts_own_words_go_out_and_the_operator_is_told() {
    let harness = host(&[]).await;
    harness
        .deploy("shop", with_page("bad-header"))
        .await
        .expect("ok");
    let mut events = harness.host.events();
    let reply = harness.client().get("/nothing").await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (404, r#"{"detail":"Not Found"}"#)
    );
    let failed = event(&mut events, |event| matches!(event, Event::Failed { .. })).await;
    let Event::Failed { operation, .. } = failed else {
        unreachable!("it was asked for")
    };
    assert_eq!(operation, "bad-header");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pages_of_one_plugin_and_a_page_without_a_body_are_refused() {
    let page = |id: &str| {
        json!({ "operationId": id, "x-switchback-on-problem": true, "responses": {},
            "requestBody": { "content": { "application/json": {} } } })
    };
    let bodiless = json!({ "operationId": "a", "x-switchback-on-problem": true, "responses": {} });
    for (paths, says) in [
        (
            json!({ "/a": { "post": page("a") }, "/b": { "post": page("b") } }),
            "`a` and `b` both have",
        ),
        (
            json!({ "/a": { "post": bodiless } }),
            "takes the problem as its body",
        ),
    ] {
        let harness = host(&[]).await;
        let guest = blank(&contracts::with_paths(&paths), "", Describe::Contract);
        let error = harness
            .deploy("shop", guest)
            .await
            .expect_err(says)
            .to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_makes_a_page_of_a_function() {
    let harness = host(&[("pages", "/in")]).await;

    harness.deploy("pages", pages()).await.expect("ok");
    let reply = harness.client().get("/in/count?to=11").await;
    assert_eq!(
        (
            reply.status.as_u16(),
            reply.header("content-type"),
            reply.text()
        ),
        (
            422,
            "text/html; charset=utf-8",
            "<h1>422 Unprocessable Entity</h1><p>query.to: Input should be less than or equal to 10</p>"
        )
    );
    let reply = harness.client().get("/in/nothing").await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (404, "<h1>404 Not Found</h1>")
    );
}
