//! The plugins folder of `switchback serve`.

use std::fs;
use std::process::Stdio;

use serde_json::Value;
use switchback_tests::guests::{Describe, blank, hello};
use switchback_tests::harness::until;
use switchback_tests::process::program;
use switchback_tests::{Reply, Served};

use crate::contracts;

fn version(version: &str) -> Vec<u8> {
    blank(&contracts::of(&["version"]), version, Describe::Contract)
}

/// Waits until the served version is this one; no request in between may fail.
async fn serves(served: &Served, wanted: &str) {
    let mut client = served.client();
    until(&format!("version {wanted}"), async || {
        let reply = client.get("/version").await;
        assert!(
            matches!(reply.status.as_u16(), 200 | 404),
            "{}",
            reply.status
        );
        (reply.status == 200 && reply.json()["version"] == wanted).then_some(())
    })
    .await;
}

async fn status(served: &Served, target: &str, wanted: u16) -> Reply {
    let mut client = served.client();
    until(&format!("{wanted} at {target}"), async || {
        let reply = client.get(target).await;
        (reply.status == wanted).then_some(reply)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_renamed_in_replaces_what_was_served() {
    let served = Served::new(&[("shop", &version("1"))], &[]).await;
    serves(&served, "1").await;
    served.rename_in("shop", &version("2"));
    serves(&served, "2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_written_slowly_is_served_when_it_is_whole() {
    use std::io::Write;
    let served = Served::new(&[("shop", &version("1"))], &[]).await;
    let bytes = version("2");
    let mut client = served.client();
    let mut file = fs::File::create(served.plugins.join("shop.wasm")).expect("it is ours");
    for part in bytes.chunks(bytes.len() / 5) {
        file.write_all(part).expect("it is written");
        file.flush().expect("it is written");
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        assert_eq!(client.get("/version").await.json()["version"], "1");
    }
    drop(file);
    serves(&served, "2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_file_removes_its_plugin_and_no_other() {
    let served = Served::new(&[("shop", &version("1")), ("hello", &hello())], &[]).await;
    fs::remove_file(served.plugins.join("shop.wasm")).expect("it is there");
    status(&served, "/version", 404).await;
    status(&served, "/hello/x", 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_becomes_empty_or_goes_keeps_what_is_served() {
    let served = Served::new(&[("shop", &version("1"))], &[]).await;
    fs::remove_dir_all(&served.plugins).expect("it is ours");
    // Longer than a rescan and the rest of a removed file.
    tokio::time::sleep(std::time::Duration::from_millis(3000)).await;
    serves(&served, "1").await;
    fs::create_dir(&served.plugins).expect("it is gone");
    served.rename_in("shop", &version("2"));
    serves(&served, "2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_symlink_is_followed_also_to_another_target() {
    let served = Served::new(&[("hello", &hello())], &[]).await;
    let beside = served.plugins.parent().expect("a folder above").to_owned();
    for turn in ["1", "2"] {
        fs::write(beside.join(turn), version(turn)).expect("it is written");
        let new = beside.join("link");
        std::os::unix::fs::symlink(beside.join(turn), &new).expect("a link");
        fs::rename(&new, served.plugins.join("shop.wasm")).expect("it is renamed");
        serves(&served, turn).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_served_harm_nobody() {
    let served = Served::new(&[("shop", &version("1"))], &[]).await;
    fs::create_dir(served.plugins.join("x.wasm")).expect("a folder named like a plugin");
    fs::write(served.plugins.join("Bad_Name.wasm"), hello()).expect("it is written");
    fs::write(served.plugins.join("notes.txt"), "notes").expect("it is written");
    served.rename_in("broken", b"not wasm");
    served.rename_in("empty", b"");
    served.rename_in("shop", b"not wasm either");
    let short_lived = served.plugins.join("gone.wasm");
    fs::write(&short_lived, &hello()[..1000]).expect("it is written");
    fs::remove_file(short_lived).expect("it was there");
    // A file that comes after them is served, so they have been looked at.
    served.rename_in("hello", &hello());
    status(&served, "/hello/x", 200).await;
    serves(&served, "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_start_the_good_are_served_and_the_bad_reported() {
    let served = Served::new(&[("shop", &version("1")), ("broken", b"not wasm")], &[]).await;
    serves(&served, "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_exits_at_once_if_a_plugin_cannot_be_served() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("broken.wasm"), "not wasm").expect("it is written");
    let run = tokio::process::Command::new(program())
        .args([
            "serve",
            "--strict",
            "--no-cache",
            "--listen",
            "127.0.0.1:0",
            "--plugins",
        ])
        .arg(folder.path())
        .stdin(Stdio::null())
        .output();
    let output = run.await.expect("the program runs");
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("`broken.wasm` is not served")
            && stderr.contains("no WebAssembly component"),
        "{stderr}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_gets_one_clear_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let address = taken.local_addr().expect("its address").to_string();
    let run = tokio::process::Command::new(program())
        .args(["serve", "--no-cache", "--listen", &address, "--plugins"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .output();
    let output = run.await.expect("the program runs");
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains(&format!("{address} is taken")), "{stderr}");
    assert_eq!(stderr.trim().lines().count(), 1, "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_requests_finish_and_ends_with_success() {
    let slow = blank(
        &contracts::of(&["sleep", "version"]),
        "1",
        Describe::Contract,
    );
    let mut served = Served::new(&[("shop", &slow)], &["--log-format", "json"]).await;
    let mut client = served.client();
    client.get("/version").await;
    let call = tokio::spawn(async move { client.get("/sleep?n=500").await });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let id = served.child.id().expect("it runs").to_string();
    let kill = tokio::process::Command::new("kill")
        .arg(id)
        .status()
        .await
        .expect("kill runs");
    assert!(kill.success());
    assert_eq!(call.await.expect("no panic").status, 200);
    assert!(served.child.wait().await.expect("it ends").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_openapi_say_what_serve_would() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (good, bad) = (
        folder.path().join("hello.wasm"),
        folder.path().join("bad.wasm"),
    );
    fs::write(&good, hello()).expect("it is written");
    fs::write(&bad, "not wasm").expect("it is written");
    let run = async |arguments: &[&std::ffi::OsStr]| {
        let output = tokio::process::Command::new(program())
            .args(arguments)
            .arg("--no-cache")
            .output()
            .await;
        let output = output.expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (code, stdout, _) = run(&["check".as_ref(), good.as_ref()]).await;
    assert_eq!(code, Some(0));
    assert!(
        stdout.contains("GET") && stdout.contains("/hello/{name}"),
        "{stdout}"
    );
    let (code, _, stderr) = run(&["check".as_ref(), good.as_ref(), bad.as_ref()]).await;
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("bad.wasm") && stderr.contains("no WebAssembly component"),
        "{stderr}"
    );
    let (code, stdout, _) = run(&["openapi".as_ref(), good.as_ref()]).await;
    assert_eq!(code, Some(0));
    let document: Value = serde_json::from_str(&stdout).expect("JSON");
    assert!(document["paths"].get("/hello/{name}").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_takes_long_to_load_keeps_no_other_waiting() {
    // Longer than this test waits for anything.
    let slow = ["--set", "limits.describe_cpu_ms=600000"];
    let served = Served::new(&[("shop", &version("1"))], &slow).await;
    served.rename_in("slow", &blank("", "1", Describe::Spin));
    let mut client = served.client();
    let mut newest = 1;
    // The first may be seen together with the slow one, and is then one change with it.
    until("a newer version", async || {
        newest += 1;
        served.rename_in("shop", &version(&newest.to_string()));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        (client.get("/version").await.json()["version"] != "1").then_some(())
    })
    .await;
}
