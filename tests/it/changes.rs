//! What a swap may break: the gate before it, and `switchback diff`.

use std::collections::BTreeMap;
use std::process::Command;

use switchback::{ChangePolicy, Component, Config, ErrorKind, PluginConfig};
use switchback_tests::guests::{Describe, blank, contract};
use switchback_tests::harness::Harness;
use switchback_tests::process::program;

const TWO: [(&str, &str, &str); 2] = [("get", "/one", "version"), ("get", "/two", "two")];

/// A plugin with all of these operations, or with the first alone.
fn plugin(operations: &[(&str, &str, &str)], version: &str) -> Vec<u8> {
    blank(&contract(operations), version, Describe::Contract)
}

async fn under(breaking_changes: ChangePolicy) -> Harness {
    let shop = PluginConfig {
        breaking_changes,
        ..PluginConfig::default()
    };
    Harness::with(Config {
        plugins: BTreeMap::from([("shop".into(), shop)]),
        ..Config::default()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_breaks_clients_is_refused_where_the_policy_says_so_and_what_served_serves_on()
{
    let harness = under(ChangePolicy::Refuse).await;
    harness.deploy("shop", plugin(&TWO, "1")).await.unwrap();
    let refused = harness.deploy("shop", plugin(&TWO[..1], "2")).await;
    let refused = refused.expect_err("an operation is gone");
    assert_eq!(refused.kind(), ErrorKind::Breaking);
    let words = refused.to_string();
    for part in [
        "breaks clients of revision 1",
        "`operation-removed` at `#/paths/~1two/get`",
        "--force",
        "plugins.shop.breaking_changes",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let mut client = harness.client();
    assert_eq!(client.get("/one").await.json()["version"], "1");

    // What only adds something is welcome.
    let three = [TWO[0], TWO[1], ("get", "/three", "three")];
    harness.deploy("shop", plugin(&three, "3")).await.unwrap();
    assert_eq!(client.get("/one").await.json()["version"], "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_accepts_what_a_swap_breaks_gets_it_and_may_go_back() {
    let harness = under(ChangePolicy::Refuse).await;
    let mut client = harness.client();
    harness
        .deploy("shop", plugin(&TWO[..1], "1"))
        .await
        .unwrap();
    harness.deploy("shop", plugin(&TWO, "2")).await.unwrap();
    // Going back takes an operation away, and is no swap to be kept from.
    harness.host.roll_back("shop", None).await.unwrap();
    assert_eq!(client.get("/one").await.json()["version"], "1");
    harness.deploy("shop", plugin(&TWO, "2")).await.unwrap();
    let fewer = Component::new(plugin(&TWO[..1], "3")).accepting_breaking_changes();
    let deployed = harness.host.deploy("shop", fewer).await.unwrap();
    assert_eq!(client.get("/one").await.json()["version"], "3");
    let warned = |warning: &String| warning.contains("`operation-removed`");
    assert!(
        deployed.warnings.iter().any(warned),
        "{:?}",
        deployed.warnings
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unless_told_otherwise_a_swap_that_breaks_clients_comes_with_a_warning() {
    let harness = Harness::new().await;
    harness.deploy("shop", plugin(&TWO, "1")).await.unwrap();
    let fewer = harness.deploy("shop", plugin(&TWO[..1], "2")).await;
    let warnings = fewer.unwrap().warnings;
    let warned = |warning: &String| warning.contains("`operation-removed`");
    assert!(warnings.iter().any(warned), "{warnings:?}");

    let harness = under(ChangePolicy::Allow).await;
    harness.deploy("shop", plugin(&TWO, "1")).await.unwrap();
    let fewer = harness.deploy("shop", plugin(&TWO[..1], "2")).await;
    assert_eq!(fewer.unwrap().warnings, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_cannot_say_what_of_its_changes_is_let_through() {
    let harness = under(ChangePolicy::Refuse).await;
    let own = Component::new(plugin(&TWO, "1")).settings("breaking_changes = \"allow\"");
    let refused = harness.host.deploy("shop", own).await;
    let words = refused.expect_err("it is the host's to say").to_string();
    assert!(words.contains("breaking_changes"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_paths_begin_is_part_of_what_a_swap_may_break() {
    let harness = under(ChangePolicy::Refuse).await;
    harness.deploy("shop", plugin(&TWO, "1")).await.unwrap();
    let moved = Component::new(plugin(&TWO, "2")).settings("prefix = \"/shop\"");
    let refused = harness.host.deploy("shop", moved).await;
    let words = refused.expect_err("every path is another").to_string();
    assert!(words.contains("`prefix-changed`"), "{words}");
}

#[test]
fn diff_prints_the_judgement_and_its_exit_status_is_for_scripts() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let many = file("many.json", contract(&TWO).as_bytes());
    let few = file("few.wasm", &plugin(&TWO[..1], "2"));
    let diff = |old, new, more: &[&str]| {
        let mut command = Command::new(program());
        command.arg("diff").arg(old).arg(new).args(more);
        let output = command.current_dir(folder.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text)
    };
    let (status, text) = diff(&many, &few, &[]);
    assert_eq!(status, Some(1), "{text}");
    assert!(
        text.contains("GET /two\n  breaking  operation-removed: "),
        "{text}"
    );
    assert!(
        text.ends_with("1 breaking, 0 unknown, 0 harmless\n"),
        "{text}"
    );
    assert_eq!(diff(&many, &few, &["--fail-on", "never"]).0, Some(0));
    assert_eq!(diff(&few, &many, &["--fail-on", "unknown"]).0, Some(0));
    assert_eq!(
        diff(&few, &few, &[]).1,
        "0 breaking, 0 unknown, 0 harmless\n"
    );
    let (_, json) = diff(&many, &few, &["--json"]);
    let changes: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(changes[0]["rule"], "operation-removed");
    assert_eq!(changes[0]["old"], "/paths/~1two/get");
}

/// A plugin whose operation takes a text of this pattern.
fn matching(pattern: &str) -> Vec<u8> {
    let parameter = serde_json::json!({
        "name": "q", "in": "query", "schema": { "type": "string", "pattern": pattern },
    });
    let mut document: serde_json::Value =
        serde_json::from_str(&contract(&TWO[..1])).expect("a contract is JSON");
    document["paths"]["/one"]["get"]["parameters"] = serde_json::json!([parameter]);
    blank(&document.to_string(), "1", Describe::Contract)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_tell_is_refused_where_the_policy_says_so() {
    let shop = PluginConfig {
        unknown_changes: ChangePolicy::Refuse,
        ..PluginConfig::default()
    };
    let harness = Harness::with(Config {
        plugins: BTreeMap::from([("shop".into(), shop)]),
        ..Config::default()
    })
    .await;
    harness.deploy("shop", matching("^a*b$")).await.unwrap();
    let refused = harness.deploy("shop", matching("^(aa|a)*b$")).await;
    let refused = refused.expect_err("whether both are the same nobody has looked at");
    assert_eq!(refused.kind(), ErrorKind::Breaking);
    let words = refused.to_string();
    assert!(words.contains("plugins.shop.unknown_changes"), "{words}");
    assert_eq!(harness.host.plugins()[0].revision, 1);
    let forced = Component::new(matching("^(aa|a)*b$")).accepting_breaking_changes();
    harness.host.deploy("shop", forced).await.unwrap();
}
