//! The host's pages in a real browser.

use std::collections::BTreeMap;

use axum::Router;
use serde_json::json;
use switchback::{Change, Config, Host, HostConfig, PluginConfig};
use switchback_tests::guests::{Describe, blank, hello, items};
use switchback_tests::harness::cache;
use switchback_tests::{Browser, Harness};

use crate::contracts;

async fn examples() -> Harness {
    let harness = Harness::with(Config::default()).await;
    harness.deploy("items", items()).await.expect("served");
    harness.deploy("hello", hello()).await.expect("served");
    harness
}

fn at(harness: &Harness, path: &str) -> String {
    format!("http://{}{path}", harness.address)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_load_from_their_own_origin_under_their_policy_in_light_and_dark_wide_and_narrow() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let harness = examples().await;
    let [index, docs, redoc] = ["/", "/docs", "/redoc"].map(|path| at(&harness, path));
    browser.run("loads.mjs", &[&index, &docs, &redoc]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_documents_stand_where_the_configuration_puts_them() {
    let config = Config {
        host: HostConfig {
            openapi_path: "/internal/spec.json".into(),
            docs_path: "/internal/deep/docs".into(),
            redoc_path: String::new(),
            swagger_ui: BTreeMap::from([("displayRequestDuration".into(), json!(true))]),
            ..HostConfig::default()
        },
        ..Config::default()
    };
    let harness = Harness::with(config).await;
    harness.deploy("items", items()).await.expect("served");
    harness.deploy("hello", hello()).await.expect("served");
    let mut client = harness.client();
    for (path, status) in [
        ("/internal/spec.json", 200),
        ("/internal/spec/items.json", 200),
        ("/internal/spec/nobody.json", 404),
        ("/internal/deep/docs", 200),
        ("/internal/deep/docs?plugin=items", 200),
        ("/openapi.json", 404),
        ("/openapi/items.json", 404),
        ("/docs", 404),
        ("/redoc", 404),
    ] {
        assert_eq!(client.get(path).await.status, status, "{path}");
    }
    let index = client.get("/").await;
    for link in [
        "internal/spec/items.json",
        "internal/deep/docs?plugin=items",
    ] {
        assert!(
            index.text().contains(&format!("\"{link}\"")),
            "{}",
            index.text()
        );
    }
    assert!(!index.text().contains("ReDoc"), "{}", index.text());
    let clash = contracts::of(&["counter"]).replace("/counter", "/internal/deep/docs");
    let refused = harness
        .deploy("blank", blank(&clash, "1", Describe::Contract))
        .await;
    let why = refused.expect_err("the host's own path").to_string();
    assert!(
        why.contains("(/-, /internal/deep/docs, /internal/spec.json, /internal/spec)"),
        "{why}"
    );
    let Some(browser) = Browser::find() else {
        return;
    };
    let page = at(&harness, "/internal/deep/docs");
    browser.run("try-it-out.mjs", &[&page]).await;
    browser.run("loads.mjs", &[&at(&harness, "/"), &page]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_can_be_read_and_used_by_keyboard_and_screen_reader() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let harness = examples().await;
    browser.run("accessible.mjs", &[&at(&harness, "/")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trying_out_a_get_a_post_and_a_mistake_shows_what_the_host_answered() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let harness = examples().await;
    browser
        .run("try-it-out.mjs", &[&at(&harness, "/docs")])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trying_out_works_where_another_program_nests_the_host() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let config = Config {
        host: HostConfig {
            base_path: "/api".into(),
            cache_dir: Some(cache()),
            ..HostConfig::default()
        },
        ..Config::default()
    };
    let host = Host::new(config).expect("settings that can be used");
    host.deploy("items", items()).await.expect("served");
    host.deploy("hello", hello()).await.expect("served");
    let app = Router::new().nest_service("/api", host);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, app).await });

    let api = format!("http://{address}/api");
    browser
        .run("try-it-out.mjs", &[&format!("{api}/docs")])
        .await;
    let of_items = format!("{api}/docs?plugin=items");
    browser.run("try-it-out.mjs", &[&of_items, "items"]).await;
    browser
        .run(
            "loads.mjs",
            &[&api, &format!("{api}/"), &format!("{api}/redoc")],
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_says_that_it_is_old_and_shows_the_new_routes_once_reloaded() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let titled = |title: &str| {
        json!({
            "openapi": "3.1.0",
            "info": { "title": title, "version": "1" },
            "paths": { "/x": { "get": { "summary": title, "responses": { "200": { "description": "" } } } } },
        })
        .to_string()
    };
    let version = |title: &str| blank(&titled(title), title, Describe::Contract);
    let harness = Harness::new().await;
    let deploy = async |title: &str| harness.deploy("shop", version(title)).await;
    deploy("Old shop").await.expect("served");
    let pages = ["/", "/docs", "/redoc?plugin=shop"].map(|path| at(&harness, path));
    let mut visit = browser.start(
        "swap.mjs",
        &["Old shop", "New shop", &pages[0], &pages[1], &pages[2]],
    );
    visit.says("open").await;
    deploy("New shop").await.expect("served");
    visit.tell("swapped").await;
    visit.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_a_plugin_runs_as_a_script_in_any_page_or_breaks_it() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let harness = Harness::new().await;
    let hostile = blank(&hostile(), "1", Describe::Contract);
    harness.deploy("hostile", hostile).await.expect("served");
    let endless = blank(&endless(), "1", Describe::Contract);
    harness.deploy("endless", endless).await.expect("served");
    let pages = [
        "/",
        "/docs",
        "/redoc",
        "/docs?plugin=hostile",
        "/redoc?plugin=hostile",
    ];
    let pages = pages.map(|path| at(&harness, path));
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    browser.run("hostile.mjs", &pages).await;
}

/// A contract with descriptions that Markdown's readers take very long for, or fail at.
fn endless() -> String {
    let texts = ["> ".repeat(8_000), "*a ".repeat(5_000), "_".repeat(15_000)];
    let paths: serde_json::Map<_, _> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let operation =
                json!({ "description": text, "responses": { "200": { "description": "" } } });
            (format!("/endless/{at}"), json!({ "get": operation }))
        })
        .collect();
    contracts::with_paths(&paths.into())
}

/// A contract that puts attacks wherever it may put text.
fn hostile() -> String {
    let attacks = [
        "<script>window.owned = 1</script>",
        "</script><script>window.owned = 2</script>",
        "</title></noscript></textarea></style><img src=x onerror=\"window.owned = 3\">",
        "<svg onload=\"window.owned = 4\"><a xlink:href=\"javascript:window.owned=5\">x</a></svg>",
        "<iframe srcdoc=\"<script>parent.owned = 6</script>\"></iframe>",
        "<a href=\"javascript:window.owned = 7\">x</a> [x](javascript:window.owned=8)",
        "<meta http-equiv=\"refresh\" content=\"0;url=https://example.com/\">",
        "<form action=\"https://example.com/\"><input name=q></form><base href=\"https://example.com/\">",
        "<img src=\"data:image/svg+xml,<svg onload='alert(9)' xmlns='http://www.w3.org/2000/svg'/>\">",
        "<details open ontoggle=\"window.owned = 10\">x</details>",
        "{{constructor.constructor('window.owned = 11')()}}",
    ];
    let text = format!(
        "harmless {}\n\nharmless {}",
        attacks.join("\n\n"),
        "wide".repeat(100)
    );
    let schema = json!({
        "type": "object",
        "title": text,
        "description": text,
        "properties": { text.as_str(): { "type": "string", "description": text, "default": text, "examples": [text] } },
    });
    let operation = json!({
        "operationId": "echo",
        "tags": [text],
        "summary": text,
        "description": text,
        "externalDocs": { "url": "javascript:window.owned=12", "description": text },
        "parameters": [{ "name": "q", "in": "query", "description": text, "schema": { "type": "string", "example": text } }],
        "requestBody": { "description": text, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/S" } } } },
        "responses": { "200": { "description": text } },
    });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": text,
            "version": text,
            "description": text,
            "termsOfService": "javascript:window.owned=13",
            "contact": { "name": text, "url": "javascript:window.owned=14" },
            "license": { "name": text, "url": "javascript:window.owned=15" },
        },
        "tags": [{ "name": text, "description": text, "externalDocs": { "url": "javascript:window.owned=16" } }],
        "paths": { "/harmless": { "post": operation } },
        "components": { "schemas": { "S": schema } },
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_200_plugins_with_2000_operations_can_be_used() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let harness = many().await;
    let [index, docs, redoc] = ["/", "/docs", "/redoc"].map(|path| at(&harness, path));
    browser
        .run("many.mjs", &["/plugin-199/9/{id}", &index, &docs, &redoc])
        .await;
}

/// Serves 200 plugins of ten operations and ten models each: one component under 200 prefixes.
async fn many() -> Harness {
    let operation = |at: usize| {
        let schema = json!({ "$ref": format!("#/components/schemas/Model{at}") });
        let content = json!({ "application/json": { "schema": schema } });
        let id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } });
        let operation = json!({
            "operationId": format!("operation_{at}"),
            "summary": format!("Replace thing number {at}"),
            "parameters": [id],
            "requestBody": { "required": true, "content": content },
            "responses": { "200": { "description": "As sent", "content": content } },
        });
        (format!("/{at}/{{id}}"), json!({ "put": operation }))
    };
    let model = |at: usize| {
        let properties = json!({
            "name": { "type": "string", "minLength": 1, "maxLength": 50 },
            "price": { "type": "number", "exclusiveMinimum": 0 },
            "tags": { "type": "array", "items": { "type": "string" } },
        });
        let model = json!({ "type": "object", "required": ["name"], "properties": properties });
        (format!("Model{at}"), model)
    };
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Ten things", "version": "1.0.0" },
        "paths": (0..10).map(operation).collect::<serde_json::Map<_, _>>(),
        "components": { "schemas": (0..10).map(model).collect::<serde_json::Map<_, _>>() },
    });
    let bytes = bytes::Bytes::from(blank(&document.to_string(), "1", Describe::Contract));

    let mut config = Config::default();
    let mut changes = Vec::new();
    for number in 0..200 {
        let name = format!("plugin-{number:03}");
        let plugin = PluginConfig {
            prefix: format!("/{name}"),
            ..PluginConfig::default()
        };
        config.plugins.insert(name.clone(), plugin);
        let component = bytes.clone().into();
        changes.push(Change::Deploy { name, component });
    }
    let harness = Harness::with(config).await;
    let applied = harness.host.apply(changes).await;
    for (name, outcome) in applied.outcomes {
        outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    harness
}
