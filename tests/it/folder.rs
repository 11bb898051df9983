//! The plugins folder of `switchback serve`.

use std::fs;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde_json::Value;
use switchback_tests::guests::{self, Describe, blank, hello, standard};
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

/// A document by which the standard component serves `GET /PATH`.
#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_files_at_once_are_served_or_refused_and_what_was_served_serves_on() {
    let mut served = Served::new(&[("shop", &version("1"))], &[]).await;
    let plugins = served.plugins.clone();
    let beside = plugins.with_extension("many");
    fs::create_dir(&beside).expect("it is ours");
    for at in 0..500 {
        let component = match at % 10 {
            9 => b"no component".to_vec(),
            _ => {
                let path = format!("/many/{at}");
                let contract = guests::contract(&[("get", &path, "secrets")]);
                guests::hoard(&contract, guests::Hoard::default())
            }
        };
        fs::write(beside.join(format!("many-{at}.wasm")), component).expect("it is written");
    }
    let done = Arc::new(AtomicBool::new(false));
    let is_done = done.clone();
    let mut client = served.client();
    let asking = tokio::spawn(async move {
        let mut asked = 0;
        while !is_done.load(Relaxed) {
            assert_eq!(client.get("/version").await.json()["version"], "1");
            asked += 1;
        }
        asked
    });
    for file in fs::read_dir(&beside).expect("it is there").flatten() {
        fs::rename(file.path(), plugins.join(file.file_name())).expect("it is renamed");
    }
    for at in (0..500).filter(|at| at % 10 != 9) {
        status(&served, &format!("/many/{at}"), 200).await;
    }
    done.store(true, Relaxed);
    assert!(asking.await.expect("every answer is right") > 0);
    served.says("`many-499.wasm` is not served").await;
}

fn document(path: &str) -> String {
    guests::contract(&[("get", path, "it")])
}

/// Makes a plugin's folder beside the plugins folder, to be moved in.
fn folder_beside(served: &Served, name: &str, files: &[(&str, &[u8])]) -> std::path::PathBuf {
    let folder = served.plugins.parent().expect("a folder above").join(name);
    fs::create_dir(&folder).expect("it is new");
    for (file, bytes) in files {
        fs::write(folder.join(file), bytes).expect("it is written");
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_a_document_is_served_kept_up_with_and_removed() {
    let served = Served::new(&[("hello", &hello())], &[]).await;
    let component = standard();
    let files = [
        ("plugin.wasm", &component[..]),
        ("openapi.json", document("/one").as_bytes()),
    ]
    .map(|(file, bytes)| (file, bytes.to_vec()));
    let files = files.each_ref().map(|(file, bytes)| (*file, &bytes[..]));
    let beside = folder_beside(&served, "wiki", &files);
    let wiki = served.plugins.join("wiki");
    fs::rename(beside, &wiki).expect("it is moved in");
    status(&served, "/one", 201).await;

    // The document alone, in place; then a broken one; then settings.
    fs::write(wiki.join("openapi.json"), document("/two")).expect("it is written");
    status(&served, "/two", 201).await;
    status(&served, "/one", 404).await;
    fs::write(wiki.join("openapi.json"), "{").expect("it is written");
    served.rename_in("shop", &version("1"));
    serves(&served, "1").await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(served.client().get("/two").await.status, 201);
    fs::write(wiki.join("openapi.json"), document("/two")).expect("it is written");
    fs::write(wiki.join("plugin.toml"), "prefix = \"/w\"").expect("it is written");
    status(&served, "/w/two", 201).await;

    fs::remove_dir_all(&wiki).expect("it is ours");
    status(&served, "/w/two", 404).await;
    status(&served, "/hello/x", 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_written_file_by_file_is_served_when_it_rests() {
    let served = Served::new(&[("hello", &hello())], &[]).await;
    let wiki = served.plugins.join("wiki");
    fs::create_dir(&wiki).expect("it is new");
    fs::write(wiki.join("openapi.json"), document("/one")).expect("it is written");
    let mut client = served.client();
    let pause = || tokio::time::sleep(std::time::Duration::from_millis(50));
    for piece in standard().chunks(40_000) {
        use std::io::Write;
        let file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(wiki.join("plugin.wasm"));
        file.and_then(|mut file| file.write_all(piece))
            .expect("it is written");
        pause().await;
    }
    // Never without its document: it would take every path under its name.
    until("the whole folder", async || {
        assert_eq!(client.get("/wiki/x").await.status, 404);
        (client.get("/one").await.status == 201).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_folder_is_followed_also_to_another() {
    let served = Served::new(&[("hello", &hello())], &[]).await;
    let component = standard();
    for (turn, path) in [("a", "/one"), ("b", "/two")] {
        let document = document(path);
        let files = [
            ("plugin.wasm", &component[..]),
            ("openapi.json", document.as_bytes()),
        ];
        let target = folder_beside(&served, turn, &files);
        let link = target.with_extension("link");
        std::os::unix::fs::symlink(&target, &link).expect("a link");
        fs::rename(&link, served.plugins.join("wiki")).expect("it is moved in");
        status(&served, path, 201).await;
    }
    status(&served, "/one", 404).await;
    // Behind the link, too.
    let folder = served.plugins.join("wiki");
    fs::write(folder.join("openapi.json"), document("/three")).expect("it is written");
    status(&served, "/three", 201).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_told_by_its_name_and_by_that_of_the_file_that_is_wrong() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
        fs::write(path, bytes).expect("it is written");
    };
    write("wiki/plugin.wasm", &standard());
    write("wiki/openapi.json", b"{");
    write("pages/plugin.wasm", &standard());
    write("pages/plugin.toml", b"limits = { cpu_ms = 10_000 }");
    write("hello.wasm", &hello());
    write("hello/plugin.wasm", &standard());
    let said = async |arguments: &[&str]| {
        let output = tokio::process::Command::new(program())
            .args(arguments)
            .args([
                "--cache-dir".as_ref(),
                switchback_tests::harness::cache().as_os_str(),
            ])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output();
        let output = output.await.expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout) + &text(&output.stderr),
        )
    };
    let serve = [
        "serve",
        "--strict",
        "--listen",
        "127.0.0.1:0",
        "--plugins",
        ".",
    ];
    let (code, text) = said(&serve).await;
    assert_eq!(code, Some(1));
    for words in [
        "error: `wiki/` is not served: `openapi.json` beside the component: the contract is not JSON",
        "error: `pages/` is not served: `plugin.toml`: `limits.cpu_ms` is 10000, and the host allows 1000",
        "error: `hello/` is not served: `hello.wasm` is there too, and comes first",
    ] {
        assert!(text.contains(words), "{text}");
    }

    write("wiki/openapi.json", document("/one").as_bytes());
    write(
        "wiki/plugin.toml",
        b"prefix = \"/w\"\nlimits = { cpu_ms = 50 }",
    );
    std::os::unix::fs::symlink("wiki", folder.path().join("link")).expect("a link");
    for (place, name) in [("wiki", "wiki"), ("wiki/", "wiki"), ("link", "link")] {
        let (code, text) = said(&["check", place]).await;
        assert_eq!(code, Some(0), "{text}");
        assert!(
            text.contains(&format!("plugin `{name}`, 1 operation, by wasi:http@0.2"))
                && text.contains("/w/one"),
            "{text}"
        );
    }
    fs::remove_file(folder.path().join("link")).expect("it is there");
    let (code, text) = said(&["check", "pages"]).await;
    assert_eq!(code, Some(1));
    assert!(
        text.contains("pages: `plugin.toml`: `limits.cpu_ms`"),
        "{text}"
    );

    write("pages/plugin.toml", b"");
    let (code, text) = said(&["routes", "."]).await;
    assert_eq!(code, Some(0), "{text}");
    for words in ["/hello/{name}", "/w/one", "50 ms", "/pages/{path}"] {
        assert!(text.contains(words), "{text}");
    }
    let (_, text) = said(&["routes", "wiki"]).await;
    assert!(
        text.contains("/w/one") && !text.contains("/hello"),
        "{text}"
    );
}
