//! Files change with what serves them, and not otherwise.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use switchback::{Component, Config, FolderConfig, Host, Rollout};
use switchback_tests::harness::until;
use switchback_tests::{Harness, Served};

use super::outside::SECRET;
use super::{get, guest, write};

#[tokio::test(flavor = "multi_thread")]
async fn files_and_code_change_together_and_come_back_together() {
    let version =
        |version: &str| Component::new(guest(version)).file("version.txt", version.to_owned());
    let state = tempfile::tempdir().expect("a temporary folder");
    let config = || {
        let mut config = Config::default();
        config.host.state_dir = Some(state.path().join("state"));
        config.host.revision_header = true;
        config
    };
    let harness = Harness::with(config()).await;
    harness
        .host
        .deploy("shop", version("1"))
        .await
        .expect("it is served");
    let stop = tokio_util::sync::CancellationToken::new();
    let asking = {
        let (mut client, stop) = (harness.client(), stop.clone());
        tokio::spawn(async move {
            let mut asked = 0;
            while !stop.is_cancelled() {
                for target in ["/static/version.txt", "/version"] {
                    let reply = get(&mut client, target, &[]).await;
                    let is = match target {
                        "/version" => reply.json()["version"].as_str().expect("text").to_owned(),
                        _ => reply.text().to_owned(),
                    };
                    // Odd revisions are of version 1.
                    let revision = reply
                        .header("x-switchback-revision")
                        .rsplit('@')
                        .next()
                        .expect("a number");
                    let odd = revision.parse::<u64>().expect("a number") % 2 == 1;
                    assert_eq!(is, if odd { "1" } else { "2" }, "revision {revision}");
                    asked += 1;
                }
            }
            asked
        })
    };
    for turn in 0..20 {
        let next = if turn % 2 == 0 { "2" } else { "1" };
        harness
            .host
            .deploy("shop", version(next))
            .await
            .expect("it is served");
    }
    stop.cancel();
    assert!(asking.await.expect("every answer is of one revision") > 0);
    let mut client = harness.client();
    harness
        .host
        .deploy("shop", version("2"))
        .await
        .expect("it is served");
    harness
        .host
        .roll_back("shop", None)
        .await
        .expect("it goes back");
    assert_eq!(
        get(&mut client, "/static/version.txt", &[]).await.text(),
        "1"
    );
    drop((client, harness));

    // Another host, as after a restart.
    let again = until("the state's lock", async || Host::new(config()).ok()).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut plugins = switchback::Folder::open(folder.path(), &config()).expect("it is there");
    plugins.scan(&again).await;
    let harness = Harness::of(again).await;
    assert_eq!(
        get(&mut harness.client(), "/static/version.txt", &[])
            .await
            .text(),
        "1"
    );
    harness
        .host
        .roll_back("shop", None)
        .await
        .expect("it goes back");
    assert_eq!(
        get(&mut harness.client(), "/static/version.txt", &[])
            .await
            .text(),
        "2"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_are_kept_on_disk_and_change_only_with_the_plugin() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let large: String = (0..100_000).map(|n| format!("{n:08}\n")).collect();
    write(
        root.path(),
        &[
            ("static/a.txt", &large),
            ("static/b.txt", &large[9..]),
            ("static/c.txt", "small"),
        ],
    );
    fs::write(root.path().join("plugin.wasm"), guest("1")).expect("written");
    let (_, component) = Component::read(root.path()).expect("a plugin's folder");
    let harness = Harness::new().await;
    harness
        .host
        .deploy("shop", component)
        .await
        .expect("it is served");
    write(
        root.path(),
        &[
            ("static/a.txt", "other"),
            ("static/b.txt", "other"),
            ("static/c.txt", "other"),
        ],
    );
    let mut client = harness.client();
    assert_eq!(get(&mut client, "/static/a.txt", &[]).await.body, large);
    assert_eq!(get(&mut client, "/static/c.txt", &[]).await.text(), "small");
    let part = get(
        &mut client,
        "/static/b.txt",
        &[("range", "bytes=450000-450008,899982-")],
    )
    .await;
    assert_eq!(part.status, 206);
    assert!(
        part.text().contains("\r\n\r\n00050001\n\r\n--"),
        "{}",
        part.text()
    );
    assert!(
        part.text().contains("\r\n\r\n00099999\n\r\n--"),
        "{}",
        part.text()
    );
    let one = get(
        &mut client,
        "/static/b.txt",
        &[("range", "bytes=100000-299999")],
    )
    .await;
    assert_eq!(one.body, &large.as_bytes()[100_009..300_009]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_is_asked_for_its_own_files() {
    let version =
        |version: &str| Component::new(guest(version)).file("version.txt", version.to_owned());
    let harness = Harness::new().await;
    harness
        .host
        .deploy("shop", version("1"))
        .await
        .expect("it is served");
    let rollout = Rollout {
        percent: 0.0,
        header: Some("x-try: yes".into()),
        ..Rollout::default()
    };
    let change = switchback::Change::Try {
        name: "shop".into(),
        component: version("2"),
        rollout,
    };
    harness.host.apply(vec![change]).await.outcomes[0]
        .1
        .as_ref()
        .expect("it is tried");
    let mut client = harness.client();
    assert_eq!(
        get(&mut client, "/static/version.txt", &[]).await.text(),
        "1"
    );
    assert_eq!(
        get(&mut client, "/static/version.txt", &[("x-try", "yes")])
            .await
            .text(),
        "2"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_a_program_hands_over_do_not_stay_in_memory_if_they_are_large() {
    let large: String = (0..100_000).map(|n| format!("{n:08}\n")).collect();
    let component = Component::new(guest("1"))
        .file("a.txt", large.clone())
        .file("b.txt", "small");
    let harness = Harness::new().await;
    harness
        .host
        .deploy("shop", component)
        .await
        .expect("it is served");
    let mut client = harness.client();
    assert_eq!(get(&mut client, "/static/a.txt", &[]).await.body, large);
    assert_eq!(get(&mut client, "/static/b.txt", &[]).await.text(), "small");
    // Whole in memory, its answer would be of one piece; from disk it streams.
    let request = http::Request::get("/static/a.txt")
        .body(switchback::Body::default())
        .expect("a request");
    let mut body = harness.host.dispatch(request).await.into_body();
    let first = http_body_util::BodyExt::frame(&mut body)
        .await
        .expect("a piece")
        .expect("it is read");
    assert_eq!(first.into_data().expect("bytes").len(), 64 << 10);
}

/// A plugin's folder beside the plugins folder, with `version` in its file.
fn prepared(served: &Served, wasm: &[u8], version: &str) -> std::path::PathBuf {
    let beside = served
        .plugins
        .parent()
        .expect("a folder above")
        .join("beside");
    let _ = fs::remove_dir_all(&beside);
    write(&beside, &[("static/deep/version.txt", version)]);
    fs::write(beside.join("plugin.wasm"), wasm).expect("written");
    beside
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_in_a_plugins_folder_is_a_swap() {
    let served = Served::new(
        &[],
        &[
            "--set",
            "host.revision_header=true",
            "--set",
            "limits.files_bytes=100",
        ],
    )
    .await;
    let place = served.plugins.join("shop");
    fs::rename(prepared(&served, &guest("1"), "1"), &place).expect("it is moved in");
    let mut client = served.client();
    let mut shows = async |text: &str, revision: &str| {
        until(&format!("{text} of {revision}"), async || {
            let reply = get(&mut client, "/static/deep/version.txt", &[]).await;
            let of = reply.header("x-switchback-revision").to_owned();
            (reply.status == 200 && reply.text() == text && of == revision).then_some(())
        })
        .await;
    };
    shows("1", "shop@1").await;
    fs::write(place.join("static/deep/version.txt"), "2").expect("written");
    shows("2", "shop@2").await;
    // What cannot be served keeps what is.
    symlink("deep/version.txt", place.join("static/link.txt")).expect("a link");
    fs::write(place.join("static/deep/version.txt"), "3").expect("written");
    tokio::time::sleep(Duration::from_millis(600)).await;
    shows("2", "shop@2").await;
    fs::remove_file(place.join("static/link.txt")).expect("it is there");
    shows("3", "shop@3").await;
    fs::write(place.join("static/large.txt"), "x".repeat(101)).expect("written");
    tokio::time::sleep(Duration::from_millis(600)).await;
    shows("3", "shop@3").await;
    fs::remove_file(place.join("static/large.txt")).expect("it is there");
    let moved = prepared(&served, &guest("4"), "4");
    fs::rename(&place, served.plugins.with_file_name("old")).expect("it is moved out");
    fs::rename(moved, &place).expect("it is moved in");
    shows("4", "shop@4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_the_configuration_is_read_anew_for_each_request() {
    let root = tempfile::tempdir().expect("a temporary folder");
    write(root.path(), &[("www/a.txt", "1")]);
    let config = format!(
        "[[files]]\npath = \"/www\"\nfolder = \"{}\"\ncache_control = \"no-store\"\n",
        root.path().join("www").display()
    );
    let file = root.path().join("switchback.toml");
    fs::write(&file, config).expect("written");
    let served = Served::new(&[], &["--config", file.to_str().expect("text")]).await;
    let mut client = served.client();
    let first = get(&mut client, "/www/a.txt", &[]).await;
    assert_eq!(
        (first.text(), first.header("cache-control")),
        ("1", "no-store")
    );
    write(root.path(), &[("new/a.txt", "22")]);
    fs::rename(root.path().join("www"), root.path().join("old")).expect("it is there");
    fs::rename(root.path().join("new"), root.path().join("www")).expect("it is there");
    let second = get(
        &mut client,
        "/www/a.txt",
        &[("if-none-match", first.header("etag"))],
    )
    .await;
    assert_eq!((second.status.as_u16(), second.text()), (200, "22"));
    fs::remove_dir_all(root.path().join("www")).expect("it is there");
    assert_eq!(get(&mut client, "/www/a.txt", &[]).await.status, 404);

    let list = format!(
        "files=[{{ path = \"/f\", folder = \"{}\" }}]",
        root.path().join("old").display()
    );
    let served = Served::new(&[], &["--set", &list]).await;
    assert_eq!(get(&mut served.client(), "/f/a.txt", &[]).await.text(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_deployed_by_the_program_brings_its_files() {
    let served = Served::new(&[], &[]).await;
    let folder = prepared(&served, &guest("1"), "of the folder");
    write(
        &folder,
        &[("static/.hidden", SECRET), ("static/top.txt", "top")],
    );
    let mut command = tokio::process::Command::new(switchback_tests::process::program());
    command
        .args(["deploy", "shop"])
        .arg(&folder)
        .arg("--plugins")
        .arg(&served.plugins);
    let output = command.output().await.expect("the program runs");
    assert!(output.status.success(), "{output:?}");
    let mut client = served.client();
    for (target, status, text) in [
        ("/static/deep/version.txt", 200, "of the folder"),
        ("/static/top.txt", 200, "top"),
        ("/static/.hidden", 404, r#"{"detail":"Not Found"}"#),
    ] {
        let reply = get(&mut client, target, &[]).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text()),
            (status, text),
            "{target}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_of_another_configuration_are_served_at_once_or_not_at_all() {
    let root = tempfile::tempdir().expect("a temporary folder");
    write(root.path(), &[("a.txt", "a")]);
    let folders = |paths: &[&str]| Config {
        files: paths
            .iter()
            .map(|path| FolderConfig {
                path: (*path).into(),
                folder: root.path().into(),
                ..FolderConfig::default()
            })
            .collect(),
        ..Config::default()
    };
    let harness = Harness::with(folders(&["/one"])).await;
    let component = Component::new(guest("1")).file("a.txt", "of the plugin");
    harness
        .host
        .deploy("shop", component)
        .await
        .expect("it is served");
    let mut client = harness.client();
    assert_eq!(get(&mut client, "/one/a.txt", &[]).await.status, 200);
    let applied = harness
        .host
        .reconfigure(folders(&["/two"]))
        .await
        .expect("it is taken");
    assert!(applied.outcomes.is_empty());
    assert_eq!(get(&mut client, "/one/a.txt", &[]).await.status, 404);
    assert_eq!(get(&mut client, "/two/a.txt", &[]).await.text(), "a");
    for (path, words) in [
        ("/static", "those of the host's `[[files]]`"),
        ("/docs", "the host's own paths"),
    ] {
        let refused = harness.host.reconfigure(folders(&["/three", path])).await;
        let error = refused.expect_err("the path is taken").to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(get(&mut client, "/three/a.txt", &[]).await.status, 404);
        assert_eq!(get(&mut client, "/two/a.txt", &[]).await.text(), "a");
    }
}
