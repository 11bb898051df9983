//! What a plugin was is kept: going back to it, setting it aside, and all of that over a restart.

use std::path::Path;
use std::time::Instant;

use switchback::{Change, Config, ErrorKind, Event, Folder, Host, HostConfig, How};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, until};
use switchback_tests::process::{Served, program, rename_in};

use crate::contracts;

pub(crate) fn version(version: &str) -> Vec<u8> {
    blank(&contracts::of(&["one"]), version, Describe::Contract)
}

pub(crate) fn kept_in(state: &Path) -> Config {
    let host = HostConfig {
        state_dir: Some(state.into()),
        revision_header: true,
        ..HostConfig::default()
    };
    Config {
        host,
        ..Config::default()
    }
}

/// The version of the guest that answers, and the revision that it is.
pub(crate) async fn answers(harness: &Harness) -> (String, String) {
    let reply = harness.client().get("/one").await;
    if reply.status != 200 {
        return (reply.status.as_str().into(), String::new());
    }
    let version = reply.json()["version"].as_str().unwrap_or("").to_owned();
    (version, reply.header("x-switchback-revision").to_owned())
}

pub(crate) fn is(version: &str, revision: &str) -> (String, String) {
    (version.into(), revision.into())
}

/// A host over a plugins folder, as `switchback serve` has one: the first look taken.
pub(crate) async fn started(config: Config, plugins: &Path) -> (Harness, Folder) {
    let harness = Harness::with(config.clone()).await;
    let mut folder = Folder::open(plugins, &config).expect("a folder");
    folder.scan(&harness.host).await;
    (harness, folder)
}

/// Ends a host as its process would: what is on disk is all that is left.
pub(crate) async fn ended(harness: Harness) {
    harness.host.shutdown().await;
    drop(harness);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_serves_what_was_before_as_a_new_revision() {
    let harness = Harness::with(kept_in(tempfile::tempdir().unwrap().path())).await;
    for v in ["1", "2", "3"] {
        harness.deploy("shop", version(v)).await.unwrap();
    }
    assert_eq!(
        harness.host.roll_back("shop", None).await.unwrap().revision,
        4
    );
    assert_eq!(answers(&harness).await, is("2", "shop@4"));
    // Further back, not to and fro.
    harness.host.roll_back("shop", None).await.unwrap();
    assert_eq!(answers(&harness).await, is("1", "shop@5"));
    let refused = harness.host.roll_back("shop", None).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound, "{refused}");
    harness.host.roll_back("shop", Some(3)).await.unwrap();
    assert_eq!(answers(&harness).await, is("3", "shop@6"));

    let history = harness.host.history("shop").unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|entry| (entry.revision, entry.serving))
        .collect();
    assert_eq!(
        told,
        [
            (1, false),
            (2, false),
            (3, false),
            (4, false),
            (5, false),
            (6, true)
        ]
    );
    let to_3 = How::RolledBack {
        to: 3,
        reason: None,
    };
    assert_eq!(history[5].how, to_3);
    assert_eq!(history[2].content, history[5].content);
    assert_eq!(
        history[2].ended.as_deref(),
        Some("rolled back to revision 2")
    );
    assert_eq!(history[0].ended.as_deref(), Some("replaced by revision 2"));
    let unknown = harness.host.roll_back("shop", Some(17)).await.unwrap_err();
    assert!(
        unknown
            .to_string()
            .contains("revision 17 of plugin `shop` is not kept"),
        "{unknown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_bounded_and_what_serves_stays() {
    let state = tempfile::tempdir().unwrap();
    let mut config = kept_in(state.path());
    config.host.history = 2;
    let harness = Harness::with(config).await;
    for v in ["1", "2", "3", "4", "5"] {
        harness.deploy("shop", version(v)).await.unwrap();
    }
    let revisions: Vec<u64> = harness
        .host
        .history("shop")
        .unwrap()
        .iter()
        .map(|entry| entry.revision)
        .collect();
    assert_eq!(revisions, [3, 4, 5]);
    let contents = std::fs::read_dir(state.path().join("contents")).unwrap();
    assert_eq!(
        contents.count(),
        3,
        "what is not kept is not on disk either"
    );

    let mut config = kept_in(tempfile::tempdir().unwrap().path());
    config.host.history_bytes = 1;
    let harness = Harness::with(config).await;
    for v in ["1", "2"] {
        harness.deploy("shop", version(v)).await.unwrap();
    }
    let history = harness.host.history("shop").unwrap();
    assert_eq!(history.len(), 1);
    assert!(history[0].serving);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_to_what_is_in_memory_takes_a_few_milliseconds() {
    let state = tempfile::tempdir().unwrap();
    let harness = Harness::with(kept_in(state.path())).await;
    for v in ["1", "2"] {
        harness.deploy("shop", version(v)).await.unwrap();
    }
    let mut client = harness.client();
    client.get("/one").await;
    let mut took = Vec::new();
    for (to, v) in [(1, "1"), (2, "2")].into_iter().cycle().take(20) {
        let asked = Instant::now();
        harness.host.roll_back("shop", Some(to)).await.unwrap();
        assert_eq!(client.get("/one").await.json()["version"], v);
        took.push(asked.elapsed());
    }
    took.sort();
    // Told, not asserted: tests do not measure time.
    println!("rollback to first answer, median of 20: {:?}", took[10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_rolled_back_counts_again_only_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (plugins, state) = (folder.path().join("plugins"), folder.path().join("state"));
    std::fs::create_dir(&plugins).unwrap();
    let put = |v: &str| rename_in(&plugins, "shop", &version(v));
    put("1");
    let (harness, mut files) = started(kept_in(&state), &plugins).await;
    put("2");
    files.scan(&harness.host).await;
    assert_eq!(answers(&harness).await, is("2", "shop@2"));
    harness.host.roll_back("shop", None).await.unwrap();
    files.scan(&harness.host).await;
    assert_eq!(answers(&harness).await, is("1", "shop@3"));
    ended(harness).await;

    // After a restart what was rolled back to serves, under its number.
    let (harness, _) = started(kept_in(&state), &plugins).await;
    assert_eq!(answers(&harness).await, is("1", "shop@3"));
    // The same bytes, written anew, are no change.
    put("2");
    let mut files = Folder::open(&plugins, &kept_in(&state)).unwrap();
    files.scan(&harness.host).await;
    assert_eq!(answers(&harness).await, is("1", "shop@3"));
    put("3");
    files.scan(&harness.host).await;
    assert_eq!(answers(&harness).await, is("3", "shop@4"));
    ended(harness).await;
    let (harness, _) = started(kept_in(&state), &plugins).await;
    assert_eq!(answers(&harness).await, is("3", "shop@4"));
    assert_eq!(harness.host.history("shop").unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_was_shut_down_leaves_its_state_to_another_though_somebody_still_holds_it() {
    let state = tempfile::tempdir().unwrap();
    let harness = Harness::with(kept_in(state.path())).await;
    harness.host.deploy("shop", version("1")).await.unwrap();
    let held = harness.host.clone();
    held.shutdown().await;
    let next = Host::new(kept_in(state.path())).unwrap();
    assert_eq!(next.history("shop").unwrap().len(), 1);
    let closed = held.deploy("shop", version("2")).await.unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::Closed);
    assert_eq!(next.history("shop").unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_plugin_is_not_served_until_it_is_enabled() {
    let folder = tempfile::tempdir().unwrap();
    let (plugins, state) = (folder.path().join("plugins"), folder.path().join("state"));
    std::fs::create_dir(&plugins).unwrap();
    let put = |v: &str| rename_in(&plugins, "shop", &version(v));
    put("1");
    let (harness, _files) = started(kept_in(&state), &plugins).await;
    let disable = || Change::Disable {
        name: "shop".into(),
    };
    let disabled = harness.host.apply(vec![disable()]).await;
    assert!(disabled.outcomes[0].1.is_ok());
    assert_eq!(answers(&harness).await.0, "404");
    assert_eq!(harness.host.disabled(), ["shop"]);
    let again = harness.host.apply(vec![disable()]).await;
    assert!(again.outcomes[0].1.is_err());
    ended(harness).await;

    let (harness, mut after) = started(kept_in(&state), &plugins).await;
    assert_eq!(answers(&harness).await.0, "404");
    let mut events = harness.host.events();
    // What comes meanwhile is looked at and kept.
    put("2");
    after.scan(&harness.host).await;
    assert_eq!(answers(&harness).await.0, "404");
    // What is kept alone is not told as served: the first event is that of enabling it.
    let enable = vec![Change::Enable {
        name: "shop".into(),
    }];
    let enabled = harness.host.apply(enable).await;
    assert!(enabled.outcomes[0].1.is_ok(), "{enabled:?}");
    assert_eq!(answers(&harness).await.0, "2");
    let first = switchback_tests::harness::event(&mut events, |_| true).await;
    assert!(
        matches!(first, Event::Deployed { revision: 3, .. }),
        "{first:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_state_is_one_hosts_and_a_damaged_one_is_no_harm() {
    let state = tempfile::tempdir().unwrap();
    let harness = Harness::with(kept_in(state.path())).await;
    harness.deploy("shop", version("1")).await.unwrap();
    let refused = Host::new(kept_in(state.path())).unwrap_err();
    assert!(
        refused.to_string().contains("another host uses"),
        "{refused}"
    );
    ended(harness).await;

    std::fs::write(state.path().join("plugins/shop.json"), b"{\"entries\":[{").unwrap();
    std::fs::write(
        state.path().join("plugins/other.json"),
        b"{\"aside\": \"../../etc\"}",
    )
    .unwrap();
    let harness = until("the lock to be free", async || {
        match Host::new(kept_in(state.path())) {
            Ok(host) => Some(Harness::of(host).await),
            Err(_) => None,
        }
    })
    .await;
    harness.deploy("shop", version("2")).await.unwrap();
    assert_eq!(answers(&harness).await, is("2", "shop@1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_a_line_of_the_audit_log() {
    let state = tempfile::tempdir().unwrap();
    let harness = Harness::with(kept_in(state.path())).await;
    let deploy = |bytes: Vec<u8>| {
        vec![Change::Deploy {
            name: "shop".into(),
            component: bytes.into(),
        }]
    };
    harness.host.apply_as("ada", deploy(version("1"))).await;
    harness.host.apply_as("bob", deploy(b"no".to_vec())).await;
    let log = std::fs::read_to_string(state.path().join("audit.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["by"], &lines[0]["change"], &lines[0]["done"]),
        (&"ada".into(), &"deploy".into(), &true.into())
    );
    assert_eq!(
        (&lines[1]["by"], &lines[1]["done"]),
        (&"bob".into(), &false.into())
    );
    assert!(
        lines[1]["why"].as_str().unwrap().contains("component"),
        "{log}"
    );
}

/// So many times, or `SWITCHBACK_KILLS`: each takes about a second.
const KILLS: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_next_start_serves_one_of_the_two_revisions_whole() {
    let kills = std::env::var("SWITCHBACK_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let contract = switchback_tests::guests::contract(&[("get", "/one", "version")]);
    let version = |v: u64| blank(&contract, &v.to_string(), Describe::Contract);
    let mut served = Served::new(&[("shop", &version(0))], &["--revision-header"]).await;
    let mut moment = 7_u64;
    for kill in 1..=kills {
        let plugins = served.plugins.clone();
        let (file, next, other) = (
            plugins.with_extension("wasm"),
            version(2 * kill - 1),
            version(2 * kill),
        );
        // Swaps by each of the ways there are, until the host is gone.
        let swaps = tokio::spawn(async move {
            std::fs::write(&file, &next).unwrap();
            for turn in 0.. {
                let mut command = tokio::process::Command::new(program());
                match turn % 3 {
                    0 => {
                        command.args(["deploy", "shop"]).arg(&file);
                    }
                    1 => {
                        command.args(["rollback", "shop"]);
                    }
                    _ => {
                        rename_in(&plugins, "shop", &other);
                        continue;
                    }
                }
                let done = command
                    .arg("--plugins")
                    .arg(&plugins)
                    .output()
                    .await
                    .unwrap();
                if String::from_utf8_lossy(&done.stderr).contains("no host can be reached") {
                    return;
                }
            }
        });
        moment = moment
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(std::time::Duration::from_millis(moment >> 32 & 255)).await;
        swaps.abort();
        served = served.killed().await;
        let reply = served.client().get("/one").await;
        assert_eq!(reply.status, 200, "kill {kill}");
        let json = reply.json();
        let serves: u64 = json["version"].as_str().unwrap().parse().unwrap();
        assert!(serves <= 2 * kill, "kill {kill}: {json}");
        let revision = reply.header("x-switchback-revision").to_owned();
        let mut command = tokio::process::Command::new(program());
        command
            .args(["history", "shop", "--json", "--plugins"])
            .arg(&served.plugins);
        let history = command.output().await.unwrap();
        let history: Vec<serde_json::Value> = serde_json::from_slice(&history.stdout).unwrap();
        let serving = history.iter().filter(|entry| entry["serving"] == true);
        let serving: Vec<String> = serving
            .map(|entry| format!("shop@{}", entry["revision"]))
            .collect();
        assert_eq!(serving, [revision], "kill {kill}");
    }
}
