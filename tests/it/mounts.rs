//! One plugin under several names and prefixes: two revisions side by side, and what clients are told of the older one.
#![allow(clippy::unwrap_used)]

use switchback::{Change, Config, ErrorKind, HostConfig, How, PluginConfig};
use switchback_tests::guests::{Describe, blank, contract};
use switchback_tests::harness::Harness;

fn version(version: &str) -> Vec<u8> {
    let contract = contract(&[("get", "/one", "version")]);
    blank(&contract, version, Describe::Contract)
}

fn mount(name: &str, revision: Option<u64>, prefix: &str) -> Change {
    Change::Mount {
        name: name.into(),
        of: "shop".into(),
        revision,
        prefix: Some(prefix.into()),
    }
}

async fn apply(harness: &Harness, change: Change) -> Result<u64, switchback::Error> {
    let applied = harness.host.apply_as("ada", vec![change]).await;
    let (_, outcome) = applied.outcomes.into_iter().next().unwrap();
    outcome.map(|deployed| deployed.revision)
}

async fn says(harness: &Harness, path: &str) -> String {
    let reply = harness.client().get(path).await;
    match reply.status.as_u16() {
        200 => reply.json()["version"].as_str().unwrap().into(),
        status => status.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_revisions_of_a_plugin_serve_side_by_side_and_stay_over_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let config = Config {
        host: HostConfig {
            state_dir: Some(state.path().into()),
            ..HostConfig::default()
        },
        ..Config::default()
    };
    let harness = Harness::with(config.clone()).await;
    for v in ["1", "2"] {
        harness.host.deploy("shop", version(v)).await.unwrap();
    }
    apply(&harness, mount("shop-v1", Some(1), "/v1"))
        .await
        .unwrap();
    apply(&harness, mount("shop-v2", None, "/v2"))
        .await
        .unwrap();
    harness.host.deploy("shop", version("3")).await.unwrap();
    let all = async |harness: &Harness| {
        let mut said = Vec::new();
        for path in ["/one", "/v1/one", "/v2/one"] {
            said.push(says(harness, path).await);
        }
        said
    };
    assert_eq!(all(&harness).await, ["3", "1", "2"]);
    let history = harness.host.history("shop-v1").unwrap();
    let of = How::Mounted {
        of: "shop".into(),
        revision: 1,
    };
    assert_eq!((&history[0].how, &*history[0].by), (&of, "ada"));
    let document: serde_json::Value = serde_json::from_slice(&harness.host.openapi()).unwrap();
    assert!(document["paths"]["/v1/one"].is_object(), "{document}");

    harness.host.shutdown().await;
    drop(harness);
    let plugins = tempfile::tempdir().unwrap();
    let harness = Harness::with(config.clone()).await;
    let mut folder = switchback::Folder::open(plugins.path(), &config).unwrap();
    folder.scan(&harness.host).await;
    assert_eq!(all(&harness).await, ["3", "1", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_mounted_is_refused_in_words() {
    let harness = Harness::new().await;
    harness.host.deploy("shop", version("1")).await.unwrap();
    for (change, kind, words) in [
        (
            mount("old", Some(7), "/old"),
            ErrorKind::NotFound,
            "revision 7",
        ),
        (
            mount("old", None, "old"),
            ErrorKind::Config,
            "begin with `/`",
        ),
        (mount("old", None, "/"), ErrorKind::Clash, "shop"),
        (mount("Old", None, "/old"), ErrorKind::Name, "Old"),
    ] {
        let error = apply(&harness, change).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(says(&harness, "/one").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_a_plugin_that_will_go_are_told_when() {
    let old = PluginConfig {
        deprecation: "2026-12-01".into(),
        sunset: "2027-06-30".into(),
        ..PluginConfig::default()
    };
    let harness = Harness::with(Config {
        plugins: [("old".to_owned(), old)].into(),
        ..Config::default()
    })
    .await;
    harness.host.deploy("shop", version("1")).await.unwrap();
    apply(&harness, mount("old", None, "/old")).await.unwrap();
    let mut client = harness.client();
    let told = client.get("/old/one").await;
    assert_eq!(told.header("deprecation"), "@1796083200");
    assert_eq!(told.header("sunset"), "Wed, 30 Jun 2027 00:00:00 GMT");
    let refused = client.send("GET", "/old/one", &[("x", "y")], "").await;
    assert_eq!(refused.header("deprecation"), "@1796083200");
    let new = client.get("/one").await;
    assert!(!new.headers.contains_key("deprecation"));
    let wrong = PluginConfig {
        sunset: "soon".into(),
        ..PluginConfig::default()
    };
    let config = Config {
        plugins: [("old".to_owned(), wrong)].into(),
        ..Config::default()
    };
    let error = config.validate().unwrap_err().to_string();
    assert_eq!(
        error,
        "`plugins.old.sunset` is `soon`, and must be a date like `2026-12-01`"
    );
}
