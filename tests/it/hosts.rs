//! The names under which the host may be asked for, as Starlette's middleware has it.

use serde_json::Value;
use switchback::{Config, HostConfig};
use switchback_tests::Harness;
use switchback_tests::guests::{Describe, blank, contract};

use crate::starlette::{Case, replay};

fn settings(settings: &Value) -> Config {
    let host: HostConfig = serde_json::from_value(settings.clone()).expect("Starlette's names");
    Config {
        host,
        ..Config::default()
    }
}

fn of(names: &[&str]) -> HostConfig {
    HostConfig {
        allowed_hosts: names.iter().map(|name| (*name).to_owned()).collect(),
        trusted_proxies: vec!["127.0.0.1".into()],
        ..HostConfig::default()
    }
}

async fn serving(host: HostConfig) -> Harness {
    let harness = Harness::with(Config {
        host,
        ..Config::default()
    })
    .await;
    let guest = blank(
        &contract(&[("get", "/version", "version")]),
        "1",
        Describe::Contract,
    );
    harness.deploy("blank", guest).await.expect("served");
    harness
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_taken_refused_and_redirected_as_starlettes_middleware_does() {
    // Starlette leaves a port that is none to the server's own address; here it makes the whole no name.
    let excused = |case: &Case| {
        let told = case.sent.first().map_or("", |(_, host)| host);
        told.ends_with(":99999") && case.status != 400
    };
    replay("hosts.json", settings, excused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_known_reaches_no_page_but_those_that_say_whether_the_host_lives() {
    let harness = serving(of(&["shop.example"])).await;
    let mut client = harness.client();
    for path in ["/version", "/docs", "/openapi.json", "/nowhere"] {
        let reply = client
            .send("GET", path, &[("host", "10.0.0.7:80")], "")
            .await;
        assert_eq!(
            (reply.status.as_u16(), reply.text()),
            (400, "Invalid host header"),
            "{path}"
        );
        assert_ne!(reply.header("x-request-id"), "");
    }
    for path in ["/-/live", "/-/ready"] {
        let reply = client
            .send("GET", path, &[("host", "10.0.0.7:80")], "")
            .await;
        assert_eq!(reply.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_says_the_name_and_the_scheme_that_the_client_used() {
    let harness = serving(of(&["shop.example", "www.old.example"])).await;
    let mut client = harness.client();
    for (told, status) in [("shop.example", 200), ("evil.example", 400)] {
        let headers = [("host", "inner"), ("x-forwarded-host", told)];
        let reply = client.send("GET", "/version", &headers, "").await;
        assert_eq!(reply.status, status, "{told}");
    }
    let headers = [
        ("host", "inner"),
        ("x-forwarded-host", "old.example"),
        ("x-forwarded-proto", "https"),
    ];
    let reply = client.send("GET", "/version?a=1", &headers, "").await;
    assert_eq!(reply.status, 307);
    assert_eq!(
        reply.header("location"),
        "https://www.old.example/version?a=1"
    );
}

#[test]
fn a_star_elsewhere_than_at_the_beginning_is_refused() {
    for wrong in ["shop.*", "*shop.example", "*.a.*"] {
        let config = Config {
            host: of(&["shop.example", wrong]),
            ..Config::default()
        };
        let error = config.validate().expect_err("refused").to_string();
        let words = format!("`host.allowed_hosts` has `{wrong}`; a star stands for");
        assert!(error.contains(&words), "{error}");
    }
}
