//! Who may ask at all, and what every answer says to browsers.

use std::collections::BTreeMap;

use serde_json::json;
use switchback::{Config, HostConfig};
use switchback_tests::Harness;
use switchback_tests::guests::{Describe, blank, contract};

fn behind_a_proxy() -> HostConfig {
    HostConfig {
        trusted_proxies: vec!["127.0.0.1".into()],
        ..HostConfig::default()
    }
}

async fn serving(host: HostConfig, headers: &[(&str, &str)]) -> Harness {
    let headers = headers.iter();
    let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let harness = Harness::with(Config {
        host: HostConfig {
            headers: headers.collect(),
            ..host
        },
        ..Config::default()
    })
    .await;
    let guest = contract(&[("get", "/script", "script")]);
    let guest = blank(&guest, "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("served");
    harness
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_let_in_and_kept_out_by_network() {
    let lists = |allow: &[&str], deny: &[&str]| HostConfig {
        allow_addresses: allow.iter().map(|text| (*text).to_owned()).collect(),
        deny_addresses: deny.iter().map(|text| (*text).to_owned()).collect(),
        ..behind_a_proxy()
    };
    for (host, client, path, status) in [
        (lists(&["192.0.2.0/24"], &[]), "192.0.2.9", "/docs", 200),
        (lists(&["192.0.2.0/24"], &[]), "198.51.100.1", "/docs", 403),
        (
            lists(&["192.0.2.0/24"], &[]),
            "198.51.100.1",
            "/-/live",
            200,
        ),
        (
            lists(&["192.0.2.0/24"], &["192.0.2.9"]),
            "192.0.2.9",
            "/docs",
            403,
        ),
        (
            lists(&[], &["2001:db8::/32"]),
            "2001:db8:1::1",
            "/docs",
            403,
        ),
        (lists(&[], &["2001:db8::/32"]), "2001:db9::1", "/docs", 200),
        (lists(&[], &["127.0.0.0/8"]), "unknown", "/nowhere", 403),
    ] {
        let harness = serving(host, &[]).await;
        let headers = [("x-forwarded-for", client)];
        let reply = harness.client().send("GET", path, &headers, "").await;
        assert_eq!(reply.status, status, "{client} {path}");
        if status == 403 {
            assert_eq!(reply.json(), json!({ "detail": "Forbidden" }));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_address_is_in_no_network() {
    let config = |allow: &[&str], deny: &[&str]| Config {
        host: HostConfig {
            allow_addresses: allow.iter().map(|text| (*text).to_owned()).collect(),
            deny_addresses: deny.iter().map(|text| (*text).to_owned()).collect(),
            ..HostConfig::default()
        },
        ..Config::default()
    };
    for (config, status) in [
        (config(&["0.0.0.0/0", "::/0"], &[]), 403),
        (config(&[], &["0.0.0.0/0", "::/0"]), 200),
    ] {
        let host = switchback::Host::new(config).expect("settings that can be used");
        let request = http::Request::get("/docs").body(switchback::Body::default());
        let reply = host.dispatch(request.expect("a request")).await;
        assert_eq!(reply.status(), status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_set_headers_unless_it_has_its_own() {
    let headers = [
        ("x-content-type-options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("referrer-policy", "same-origin"),
    ];
    let harness = serving(HostConfig::default(), &headers).await;
    let mut client = harness.client();
    for path in ["/openapi.json", "/nowhere", "/-/live"] {
        let reply = client.get(path).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(reply.header("referrer-policy"), "same-origin", "{path}");
    }
    // The page has one itself, so that none of its links tells where it is.
    let reply = client.get("/docs").await;
    assert_eq!(reply.header("referrer-policy"), "no-referrer");
    let own = [("x-script", "header x-frame-options SAMEORIGIN; full ok")];
    let reply = client.send("GET", "/script", &own, "").await;
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("x-frame-options"), "SAMEORIGIN");
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_transport_security_is_said_over_tls_alone() {
    let headers = [("strict-transport-security", "max-age=600")];
    let harness = serving(behind_a_proxy(), &headers).await;
    for (scheme, told) in [("http", ""), ("https", "max-age=600")] {
        let asked = [("x-forwarded-proto", scheme)];
        let reply = harness.client().send("GET", "/docs", &asked, "").await;
        assert_eq!(reply.header("strict-transport-security"), told, "{scheme}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    let headers = |name: &str, value: &str| Config {
        host: HostConfig {
            headers: BTreeMap::from([(name.into(), value.into())]),
            ..HostConfig::default()
        },
        ..Config::default()
    };
    let host = |host: HostConfig| Config {
        host,
        ..Config::default()
    };
    let mut key = Config::default();
    key.limits.rate_key = "x y".into();
    let mut window = Config::default();
    window.limits.rate_window_s = 0;
    for (config, words) in [
        (
            headers("a b", "1"),
            "`host.headers` has `a b`, which is no name of a header",
        ),
        (
            headers("x-a", "1\n2"),
            "`host.headers` has `x-a`, which is \"1\\n2\" and cannot stand in a header",
        ),
        (
            headers("Content-Length", "1"),
            "`host.headers` has `Content-Length`, which is said of each answer by itself",
        ),
        (
            headers("content-type", "a/b"),
            "`host.headers` has `content-type`, which is said of each answer by itself",
        ),
        (
            host(HostConfig {
                deny_addresses: vec!["10.0.0.0/33".into()],
                ..HostConfig::default()
            }),
            "`host.deny_addresses` has `10.0.0.0/33`, which is not an address",
        ),
        (
            key,
            "`limits.rate_key` is `x y`, which is no name of a header",
        ),
        (window, "`limits.rate_window_s` is 0; it must be at least 1"),
    ] {
        let error = config.validate().expect_err("refused").to_string();
        assert!(error.contains(words), "{error}");
    }
}
