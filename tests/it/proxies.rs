//! What a proxy in front of the host says, and of whom it is believed.

use serde_json::{Value, json};
use switchback::{Config, HostConfig};
use switchback_tests::Harness;
use switchback_tests::guests::{Describe, blank, service, standard};

use crate::contracts;

const TOLD: [(&str, &str); 4] = [
    ("x-forwarded-for", "192.0.2.7"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "shop.example"),
    ("x-forwarded-prefix", "/api/"),
];

async fn behind(trusted: &[&str]) -> Harness {
    let harness = Harness::with(Config {
        host: HostConfig {
            base_path: "/mods".into(),
            trusted_proxies: trusted.iter().map(|text| text.to_string()).collect(),
            ..HostConfig::default()
        },
        ..Config::default()
    })
    .await;
    let guest = blank(&contracts::of(&["incoming"]), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("served");
    harness
}

async fn asked(harness: &Harness, headers: &[(&str, &str)]) -> Value {
    let mut client = harness.client();
    client
        .send("GET", "/incoming?a=1", headers, "")
        .await
        .json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_sees_the_client_and_the_path_that_a_trusted_proxy_tells() {
    let told = asked(&behind(&["10.0.0.0/8", "127.0.0.1"]).await, &TOLD).await;
    assert_eq!(told["peer"], "192.0.2.7:0");
    assert_eq!(told["uri"], "/api/mods/incoming?a=1");
    assert_eq!(told["prefix"], "/api/mods");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_tell_changes_nothing() {
    for trusted in [&[][..], &["10.0.0.0/8"]] {
        let harness = behind(trusted).await;
        let told = asked(&harness, &TOLD).await;
        assert_eq!(told["uri"], "/mods/incoming?a=1");
        assert_eq!(told["prefix"], "/mods");
        let peer = told["peer"].as_str().expect("a peer");
        assert!(peer.starts_with("127.0.0.1:"), "{peer}");
        let document = harness
            .client()
            .send("GET", "/openapi.json", &TOLD, "")
            .await
            .json();
        assert_eq!(document["servers"], json!([{ "url": "/mods" }]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_pages_and_redirects_carry_the_prefix_of_the_request_and_of_no_other() {
    let harness = behind(&["127.0.0.1"]).await;
    let mut client = harness.client();
    for (prefix, root) in [("/api", "/api/mods"), ("", "/mods"), ("/v2", "/v2/mods")] {
        let headers = [("x-forwarded-prefix", prefix)];
        for path in ["/openapi.json", "/openapi/blank.json"] {
            let document = client.send("GET", path, &headers, "").await.json();
            assert_eq!(document["servers"], json!([{ "url": root }]), "{path}");
        }
        let index = client.send("GET", "/", &headers, "").await;
        let link = format!("href=\"{root}/docs\"");
        assert!(index.text().contains(&link), "{}", index.text());
        let redirected = client.send("GET", "/incoming/", &headers, "").await;
        assert_eq!(redirected.header("location"), format!("{root}/incoming"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_under_a_prefix_follows_a_swap() {
    let harness = behind(&["127.0.0.1"]).await;
    let mut client = harness.client();
    let headers = [
        ("forwarded", "for=192.0.2.7"),
        ("x-forwarded-prefix", "/api"),
    ];
    let before = client.send("GET", "/openapi.json", &headers, "").await;
    let guest = blank(&contracts::of(&["version"]), "2", Describe::Contract);
    harness.deploy("blank", guest).await.expect("served");
    let after = client.send("GET", "/openapi.json", &headers, "").await;
    assert!(before.json()["paths"].get("/incoming").is_some());
    assert!(after.json()["paths"].get("/version").is_some());
    assert_ne!(before.header("etag"), after.header("etag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_component_is_asked_by_the_name_and_scheme_that_the_client_used() {
    for component in [standard(), service()] {
        let harness = behind(&["127.0.0.1"]).await;
        harness.deploy("wiki", component).await.expect("served");
        let reply = harness.client().send("GET", "/wiki/x", &TOLD, "").await;
        let text = reply.text();
        assert!(text.contains("authority shop.example\n"), "{text}");
        assert!(
            text.contains("x-forwarded-prefix: /api/mods/wiki"),
            "{text}"
        );
        if text.contains("\nscheme ") {
            assert!(text.contains("Https"), "{text}");
        }
    }
}

#[test]
fn a_proxy_that_is_no_address_is_refused_by_name() {
    let config = Config {
        host: HostConfig {
            trusted_proxies: vec!["proxy.local".into()],
            ..HostConfig::default()
        },
        ..Config::default()
    };
    let error = config.validate().expect_err("it is refused").to_string();
    assert!(
        error.starts_with("`host.trusted_proxies` has `proxy.local`"),
        "{error}"
    );
}
