//! Ways out of a folder: by its path's spelling, or by links.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use switchback::{Component, Config, FolderConfig};
use switchback_tests::{Harness, Raw};

use super::{get, guest, write};

/// Ways to ask for what is outside, and for what is hidden.
fn spellings() -> Vec<String> {
    let mut all = Vec::new();
    let ups = [
        "..",
        "%2e%2e",
        "%2E%2E",
        ".%2e",
        "%2e.",
        "%252e%252e",
        "..%00",
        "%00..",
        "..;",
        "..%3b",
        "%c0%ae%c0%ae",
        "%e0%80%ae%e0%80%ae",
        "%f0%80%80%ae%f0%80%80%ae",
        "%c0%2e%c0%2e",
        "%uff0e%uff0e",
        "%ef%bc%8e%ef%bc%8e",
        "...",
        "....",
        "..%20",
        "..%09",
        "%2e%2e%20",
        ".. ",
        "..%0a",
        "..%0d",
    ];
    let separators = [
        "/",
        "//",
        "%2f",
        "%2F",
        "%252f",
        "\\",
        "%5c",
        "%255c",
        "%c0%af",
        "%e0%80%af",
        "%ef%bc%8f",
        "/./",
    ];
    for up in ups {
        for separator in separators {
            all.push(format!("{up}{separator}secret.txt"));
            all.push(format!(
                "sub{separator}{up}{separator}{up}{separator}secret.txt"
            ));
        }
    }
    let outside = ["secret.txt", "static/../secret.txt", "etc/passwd"];
    for name in outside {
        for before in [
            "", "/", "//", "%2f", "%2f%2f", "%5c", "file:", "file:///", "C:", "C:%5c", "~",
            "~root/", "%00/", "|", "-",
        ] {
            all.push(format!("{before}/{name}"));
        }
    }
    all.extend(
        [
            "link.txt",
            "link-dir/secret.txt",
            "link-up/secret.txt",
            "link-chain/secret.txt",
            "absolute/secret.txt",
            ".hidden",
            ".git/config",
            "sub/.env",
            "%2ehidden",
            "%2Egit/config",
            "./.hidden",
            "sub/../.hidden",
            ".hidden/",
            "link-hidden",
            "pipe",
            "sub%00/../../secret.txt",
            "example.txt%00.html",
            "example.txt%00",
            "%00example.txt",
            "..",
            "../",
            "%2e%2e",
            "%2e%2e/",
            "../..",
            "../../../../../../../../../../etc/passwd",
            ".../secret.txt",
            "sub/../../static/../secret.txt",
            "../static-secret/secret.txt",
            "%2e%2e/static-secret/secret.txt",
        ]
        .map(String::from),
    );
    all.push(format!("{}/secret.txt", vec![".."; 2_000].join("/")));
    all.push(format!("{}secret.txt", "sub/../../".repeat(500)));
    all.push(format!("{}/../secret.txt", "a".repeat(10_000)));
    all.push(format!("{}secret.txt", "%2e%2e%2f".repeat(1_000)));
    all.push("a/".repeat(5_000));
    all
}

pub(super) const SECRET: &str = "nobody may read this";

/// A folder, and around it what nobody may get by it.
fn besieged(root: &Path) -> std::path::PathBuf {
    let folder = root.join("static");
    write(
        root,
        &[("secret.txt", SECRET), ("static-secret/secret.txt", SECRET)],
    );
    write(
        &folder,
        &[
            ("example.txt", "fine"),
            ("sub/inner.txt", "fine"),
            (".hidden", SECRET),
            (".git/config", SECRET),
            ("sub/.env", SECRET),
        ],
    );
    folder
}

/// How many of these requests were answered, none of them with what is outside.
async fn asked(harness: &Harness, mount: &str, spellings: &[String]) -> usize {
    let mut answered = 0;
    for spelling in spellings {
        for target in [format!("{mount}/{spelling}"), format!("{mount}{spelling}")] {
            let request =
                format!("GET {target} HTTP/1.1\r\nhost: testserver\r\nconnection: close\r\n\r\n");
            let mut raw = Raw::send(harness, &request).await;
            let _ = raw.to_the_end().await;
            let reply = raw.all();
            assert!(reply.starts_with("HTTP/1.1 "), "{spelling:.200}: {reply:?}");
            assert!(
                !reply.contains(SECRET) && !reply.contains("root:"),
                "{spelling:.200}"
            );
            assert!(
                !reply.starts_with("HTTP/1.1 5"),
                "{spelling:.200}: {reply:?}"
            );
            answered += 1;
        }
    }
    answered
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_a_path_leads_out_of_a_folder() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let folder = besieged(root.path());
    for (link, to) in [
        ("link.txt", "../secret.txt"),
        ("link-dir", "../static-secret"),
        ("link-up", ".."),
        ("link-chain", "link-dir"),
        ("link-hidden", ".hidden"),
        ("inside.txt", "sub/inner.txt"),
    ] {
        symlink(to, folder.join(link)).expect("a link");
    }
    symlink(root.path(), folder.join("absolute")).expect("a link");
    let pipe = std::process::Command::new("mkfifo")
        .arg(folder.join("pipe"))
        .status();
    assert!(pipe.expect("mkfifo runs").success());
    let mut config = Config::default();
    for (path, html) in [("/files", false), ("/html", true), ("/", false)] {
        config.files.push(FolderConfig {
            path: path.into(),
            folder: folder.clone(),
            html,
            ..FolderConfig::default()
        });
    }
    let harness = Harness::with(config).await;
    let spellings = spellings();
    let mut answered = 0;
    for mount in ["/files", "/html", ""] {
        answered += asked(&harness, mount, &spellings).await;
    }
    assert!(
        spellings.len() > 600 && answered == spellings.len() * 6,
        "{answered}"
    );
    let mut client = harness.client();
    assert_eq!(
        get(&mut client, "/files/example.txt", &[]).await.text(),
        "fine"
    );
    assert_eq!(
        get(&mut client, "/files/inside.txt", &[]).await.text(),
        "fine"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_a_path_leads_out_of_a_plugins_files() {
    let root = tempfile::tempdir().expect("a temporary folder");
    besieged(root.path());
    fs::write(root.path().join("plugin.wasm"), guest("1")).expect("written");
    let (_, component) = Component::read(root.path()).expect("a plugin's folder");
    let harness = Harness::new().await;
    harness
        .host
        .deploy("shop", component)
        .await
        .expect("it is served");
    let spellings = spellings();
    let answered = asked(&harness, "/static", &spellings).await;
    assert_eq!(answered, spellings.len() * 2);
    assert_eq!(
        get(&mut harness.client(), "/static/sub/inner.txt", &[])
            .await
            .text(),
        "fine"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_out_of_a_folder_only_where_that_is_set() {
    let root = tempfile::tempdir().expect("a temporary folder");
    write(
        root.path(),
        &[("outside/a.txt", "outside"), ("inside/b.txt", "inside")],
    );
    symlink("../outside/a.txt", root.path().join("inside/a.txt")).expect("a link");
    for (follow_symlink, status) in [(false, 404), (true, 200)] {
        let folder = FolderConfig {
            path: "/f".into(),
            folder: root.path().join("inside"),
            follow_symlink,
            ..FolderConfig::default()
        };
        let harness = Harness::with(Config {
            files: vec![folder],
            ..Config::default()
        })
        .await;
        assert_eq!(
            get(&mut harness.client(), "/f/a.txt", &[]).await.status,
            status
        );
        assert_eq!(
            get(&mut harness.client(), "/f/b.txt", &[]).await.status,
            200
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_a_plugins_files_is_refused_by_name() {
    let root = tempfile::tempdir().expect("a temporary folder");
    write(
        root.path(),
        &[("static/a.txt", "a"), ("secret.txt", SECRET)],
    );
    fs::write(root.path().join("plugin.wasm"), guest("1")).expect("written");
    symlink("../secret.txt", root.path().join("static/b.txt")).expect("a link");
    let error = Component::read(root.path())
        .expect_err("it has a link")
        .to_string();
    assert!(
        error.contains("`b.txt`") && error.contains("links are not followed"),
        "{error}"
    );
    fs::remove_dir_all(root.path().join("static")).expect("it is there");
    symlink(".", root.path().join("static")).expect("a link");
    let error = Component::read(root.path())
        .expect_err("it is a link")
        .to_string();
    assert!(error.contains("links are not followed"), "{error}");
}
