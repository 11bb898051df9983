//! Pages of other origins: what browsers ask and are told, as Starlette's middleware has it.

use std::collections::BTreeMap;

use serde_json::json;
use switchback::{Config, Cors, PluginConfig};
use switchback_tests::Harness;
use switchback_tests::guests::{Describe, blank, contract};

use crate::starlette::replay;

const SHOP: &str = "https://shop.example";

fn of(origin: &str) -> Cors {
    Cors {
        allow_origins: vec![origin.into()],
        ..Cors::default()
    }
}

async fn serving(config: Config, plugins: &[&str]) -> Harness {
    let harness = Harness::with(config).await;
    for name in plugins {
        let path = format!("/{name}/version");
        let contract = contract(&[("get", &path, "version"), ("post", &path, "echo")]);
        let guest = blank(&contract, name, Describe::Contract);
        harness.deploy(name, guest).await.expect("served");
    }
    harness
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_told_what_starlettes_middleware_tells_them() {
    let settings = |settings: &serde_json::Value| {
        let cors = serde_json::from_value(settings.clone());
        Config {
            cors: cors.expect("the settings have Starlette's names"),
            ..Config::default()
        }
    };
    replay("cors.json", settings, |_| false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_own_pages_and_refusals_are_told_too_and_nobody_without_settings() {
    let asked = [("origin", SHOP)];
    let allowed = serving(
        Config {
            cors: of("*"),
            ..Config::default()
        },
        &["items"],
    )
    .await;
    let off = serving(Config::default(), &["items"]).await;
    for path in ["/items/version", "/openapi.json", "/nowhere", "/-/live"] {
        let reply = allowed.client().send("GET", path, &asked, "").await;
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        let reply = off.client().send("GET", path, &asked, "").await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{path}");
        assert_eq!(reply.header("vary"), "", "{path}");
    }
    let method = ("access-control-request-method", "GET");
    let reply = off
        .client()
        .send("OPTIONS", "/items/version", &[asked[0], method], "")
        .await;
    assert_eq!(reply.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_has_rules_of_its_own_for_its_paths_and_no_others() {
    let section = |cors| PluginConfig {
        cors: Some(cors),
        ..PluginConfig::default()
    };
    let own = Cors {
        allow_methods: vec!["POST".into()],
        ..of(SHOP)
    };
    let config = Config {
        cors: of("https://other.example"),
        plugins: BTreeMap::from([
            ("items".into(), section(own)),
            ("notes".into(), section(Cors::default())),
        ]),
        ..Config::default()
    };
    let harness = serving(config, &["items", "notes", "rest"]).await;
    let mut client = harness.client();
    for (plugin, origin, method, answered, told) in [
        ("items", SHOP, "POST", 200, SHOP),
        ("items", SHOP, "GET", 400, SHOP),
        ("items", "https://other.example", "POST", 400, ""),
        ("notes", SHOP, "GET", 405, ""),
        ("notes", "https://other.example", "GET", 405, ""),
        (
            "rest",
            "https://other.example",
            "GET",
            200,
            "https://other.example",
        ),
        ("rest", SHOP, "GET", 400, ""),
    ] {
        let path = format!("/{plugin}/version");
        let asked = [
            ("origin", origin),
            ("access-control-request-method", method),
        ];
        let reply = client.send("OPTIONS", &path, &asked, "").await;
        assert_eq!(reply.status, answered, "{plugin} {origin} {method}");
        let reply = client.send("GET", &path, &asked[..1], "").await;
        assert_eq!(reply.json(), json!({ "version": plugin }));
        assert_eq!(
            reply.header("access-control-allow-origin"),
            told,
            "{plugin} {origin}"
        );
    }
}

#[test]
fn settings_that_cannot_be_used_are_refused_by_name() {
    let bracket = Cors {
        allow_origin_regex: "https://a)(b".into(),
        ..Cors::default()
    };
    let header = Cors {
        expose_headers: vec!["a\nb".into()],
        ..of("*")
    };
    for (cors, words) in [
        (
            bracket,
            "`cors.allow_origin_regex` is `https://a)(b`, which is no pattern that can be used: unopened group",
        ),
        (
            header,
            "`cors.expose_headers` has [\"a\\nb\"], which cannot stand in a header",
        ),
    ] {
        let config = Config {
            cors,
            ..Config::default()
        };
        let error = config.validate().expect_err("refused").to_string();
        assert!(error.contains(words), "{error}");
    }
}
