//! The documents and pages that the host publishes, and its health.

use std::collections::BTreeMap;

use serde_json::json;
use switchback::{Config, HostConfig, PluginConfig};
use switchback_tests::Harness;
use switchback_tests::guests::{Describe, blank, hello, items};

use crate::contracts;

async fn examples(config: Config) -> Harness {
    let harness = Harness::with(config).await;
    harness.deploy("items", items()).await.expect("served");
    harness.deploy("hello", hello()).await.expect("served");
    harness
}

#[tokio::test(flavor = "multi_thread")]
async fn one_document_describes_all_plugins() {
    let harness = examples(Config::default()).await;
    let reply = harness.client().get("/openapi.json").await;
    assert_eq!(reply.header("content-type"), "application/json");
    let document = reply.json();
    assert_eq!(document["openapi"], "3.1.0");
    let operation = &document["paths"]["/items/{id}"]["post"];
    assert_eq!(operation["operationId"], "items.create_item");
    let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(body, "#/components/schemas/items.Item");
    assert_eq!(
        document["components"]["schemas"]["items.Item"]["title"],
        "Item"
    );
    let refused = &operation["responses"]["422"]["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(refused, "#/components/schemas/HTTPValidationError");
    assert_eq!(reply.body, harness.host.openapi());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_does_not_show_the_order_of_deploying() {
    let one = examples(Config::default()).await;
    let other = Harness::new().await;
    other.deploy("hello", hello()).await.expect("served");
    other
        .deploy(
            "extra",
            blank(&contracts::of(&["extra"]), "1", Describe::Contract),
        )
        .await
        .expect("served");
    other.deploy("items", items()).await.expect("served");
    other.host.remove("extra").await.expect("it was there");
    assert_eq!(one.host.openapi(), other.host.openapi());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_plugin_has_a_document_of_its_own() {
    let plugin = PluginConfig {
        prefix: "/shop".into(),
        ..PluginConfig::default()
    };
    let plugins = BTreeMap::from([("items".to_owned(), plugin)]);
    let harness = examples(Config {
        plugins,
        ..Config::default()
    })
    .await;
    let mut client = harness.client();
    let own = client.get("/openapi/items.json").await.json();
    assert_eq!(own["servers"][0]["url"], "/shop");
    assert!(own["paths"].get("/items/{id}").is_some());
    assert!(own["components"]["schemas"].get("Item").is_some());
    assert!(
        client.get("/openapi.json").await.json()["paths"]
            .get("/shop/items/{id}")
            .is_some()
    );
    assert_eq!(client.get("/openapi/nobody.json").await.status, 404);
    let body = r#"{"name":"Saw","price":1}"#;
    assert_eq!(client.post("/shop/items/1", body).await.status, 200);
    assert_eq!(client.post("/items/1", body).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_the_client_has_is_304() {
    let harness = examples(Config::default()).await;
    let mut client = harness.client();
    for target in ["/openapi.json", "/openapi/hello.json"] {
        let tag = client.get(target).await.header("etag").to_owned();
        let again = client
            .send("GET", target, &[("if-none-match", &tag)], "")
            .await;
        assert_eq!(
            (again.status.as_u16(), again.body.len()),
            (304, 0),
            "{target}"
        );
        let head = client.send("HEAD", target, &[], "").await;
        assert_eq!(
            (head.status.as_u16(), head.header("etag")),
            (200, tag.as_str()),
            "{target}"
        );
    }
    let wrong = client.send("POST", "/openapi.json", &[], "").await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.header("allow")),
        (405, "GET, HEAD")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_come_from_the_host_under_a_strict_policy() {
    let harness = examples(Config::default()).await;
    let mut client = harness.client();
    for page in ["/", "/docs", "/redoc", "/docs?plugin=items"] {
        let reply = client.get(page).await;
        assert_eq!(reply.status, 200, "{page}");
        let policy = reply.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        let foreign = reply
            .text()
            .split(['"', '\''])
            .find(|text| text.contains("//"));
        assert_eq!(foreign, None, "{page} names another origin");
        assert_eq!(client.send("HEAD", page, &[], "").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_names_what_is_served_and_leads_to_its_documents() {
    let harness = examples(Config::default()).await;
    let refused = harness.deploy("refused", b"not wasm".to_vec()).await;
    refused.expect_err("it is no component");
    let mut client = harness.client();
    let index = client.get("/").await;
    assert_eq!(index.header("content-type"), "text/html; charset=utf-8");
    let html = index.text();
    assert!(html.contains("2 operations from 2 plugins."), "{html}");
    assert!(!html.contains("refused"), "{html}");
    let links: Vec<&str> = html
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|link| *link != "data:,")
        .collect();
    assert!(links.contains(&"openapi/items.json"), "{links:?}");
    for link in links {
        let status = client.get(&format!("/{link}")).await.status;
        assert_eq!(status, 200, "{link}");
    }

    let tag = index.header("etag");
    let again = client.send("GET", "/", &[("if-none-match", tag)], "").await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    let head = client.send("HEAD", "/", &[], "").await;
    assert_eq!((head.status.as_u16(), head.header("etag")), (200, tag));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_serves_the_root_has_it_instead_of_the_index() {
    let root = |method: &str| {
        let paths = json!({ "/": { method: contracts::operation("version") } });
        blank(&contracts::with_paths(&paths), "1", Describe::Contract)
    };
    let harness = examples(Config::default()).await;
    let mut client = harness.client();
    harness.deploy("root", root("get")).await.expect("served");
    assert_eq!(client.get("/").await.text(), r#"{"version":"1"}"#);
    harness.deploy("root", root("post")).await.expect("served");
    assert_eq!(client.get("/").await.status, 405);
    harness.host.remove("root").await.expect("it was there");
    assert_eq!(client.get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_can_be_switched_off_alone() {
    let host = HostConfig {
        index: false,
        ..HostConfig::default()
    };
    let harness = examples(Config {
        host,
        ..Config::default()
    })
    .await;
    let mut client = harness.client();
    assert_eq!(client.get("/").await.status, 404);
    assert_eq!(client.get("/docs").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_can_be_switched_off() {
    let host = HostConfig {
        pages: false,
        ..HostConfig::default()
    };
    let harness = examples(Config {
        host,
        ..Config::default()
    })
    .await;
    let mut client = harness.client();
    assert_eq!(client.get("/docs").await.status, 404);
    assert_eq!(client.get("/redoc").await.status, 404);
    assert_eq!(client.get("/").await.status, 404);
    assert_eq!(client.get("/openapi.json").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_is_said_once_the_first_set_is_served() {
    let harness = Harness::new().await;
    let mut client = harness.client();
    harness.host.set_ready(false);
    assert_eq!(client.get("/-/live").await.status, 200);
    assert_eq!(client.get("/-/ready").await.status, 503);
    harness.host.set_ready(true);
    assert_eq!(client.get("/-/ready").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_owns_its_prefix() {
    let plugin = PluginConfig {
        prefix: "/shop".into(),
        ..PluginConfig::default()
    };
    let plugins = BTreeMap::from([("items".to_owned(), plugin)]);
    let harness = examples(Config {
        plugins,
        ..Config::default()
    })
    .await;
    let intruder =
        contracts::with_paths(&json!({ "/shop/other": { "get": contracts::operation("x") } }));
    let refused = harness
        .deploy("intruder", blank(&intruder, "1", Describe::Contract))
        .await;
    let refused = refused
        .expect_err("it is under another's prefix")
        .to_string();
    assert!(
        refused.contains("/shop") && refused.contains("items"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_plugin_is_served_and_in_no_document_and_on_no_page() {
    let plugin = PluginConfig {
        hidden: true,
        ..PluginConfig::default()
    };
    let harness = examples(Config {
        plugins: BTreeMap::from([("items".to_owned(), plugin)]),
        ..Config::default()
    })
    .await;
    let mut client = harness.client();
    let body = r#"{"name":"Saw","price":1}"#;
    assert_eq!(client.post("/items/1", body).await.status, 200);
    assert_eq!(client.post("/items/1", "{}").await.status, 422);
    let all = client.get("/openapi.json").await.json();
    assert!(all["paths"].get("/items/{id}").is_none());
    assert!(all["paths"].get("/hello/{name}").is_some());
    for page in [
        "/openapi/items.json",
        "/docs?plugin=items",
        "/redoc?plugin=items",
    ] {
        assert_eq!(client.get(page).await.status, 404, "{page}");
    }
    assert!(!client.get("/").await.text().contains("items"));
    assert!(client.get("/").await.text().contains("hello"));
}
