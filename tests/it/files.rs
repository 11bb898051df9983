//! Static files, of plugins and of folders of the configuration.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use switchback::{
    Component, Config, ErrorKind, FilesConfig, FolderConfig, Host, PluginConfig, Rollout,
};
use switchback_tests::guests::{Describe, blank, standard};
use switchback_tests::harness::until;
use switchback_tests::{Client, Harness, Raw, Reply, Served, tools};

use crate::contracts;

fn guest(version: &str) -> Vec<u8> {
    blank(&contracts::of(&["version"]), version, Describe::Contract)
}

/// What a request for `target` gets.
async fn get(client: &mut Client, target: &str, headers: &[(&str, &str)]) -> Reply {
    client.send("GET", target, headers, "").await
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let place = folder.join(path);
        fs::create_dir_all(place.parent().expect("it is in a folder")).expect("a folder");
        fs::write(place, text).expect("it is written");
    }
}

/// `plugins.NAME.files`.
fn with_files(name: &str, files: FilesConfig) -> Config {
    let section = PluginConfig {
        files: Some(files),
        ..PluginConfig::default()
    };
    Config {
        plugins: BTreeMap::from([(name.to_owned(), section)]),
        ..Config::default()
    }
}

fn at(path: &str) -> FilesConfig {
    FilesConfig {
        path: path.into(),
        ..FilesConfig::default()
    }
}

/// A single-page app at the root.
fn page_app() -> FilesConfig {
    FilesConfig {
        path: "/".into(),
        html: true,
        fallback: "index.html".into(),
        cache_control: "no-cache".into(),
        immutable: vec!["assets/".into()],
    }
}

/// `tests/golden/static-files/recorded.json`.
#[derive(Deserialize)]
struct Recorded {
    written: u64,
    large: Large,
    folders: BTreeMap<String, BTreeMap<String, Option<String>>>,
    exchanges: Vec<Exchange>,
}

#[derive(Deserialize)]
struct Large {
    repeats: String,
    times: usize,
}

#[derive(Deserialize)]
struct Exchange {
    method: String,
    target: String,
    sent: BTreeMap<String, String>,
    status: u16,
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Text,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Whole(String),
    Long {
        bytes: usize,
        begins: String,
        ends: String,
    },
}

impl Default for Text {
    fn default() -> Text {
        Text::Whole(String::new())
    }
}

impl Recorded {
    fn read() -> Recorded {
        let path = tools::in_repository("tests/golden/static-files/recorded.json");
        let text = fs::read_to_string(path).expect("it is committed");
        serde_json::from_str(&text).expect("it is well formed")
    }

    /// Writes one of the folders, as old as it was.
    fn write(&self, folder: &str, into: &Path) {
        for (path, text) in &self.folders[folder] {
            let large = || self.large.repeats.repeat(self.large.times);
            let place = into.join(path);
            fs::create_dir_all(place.parent().expect("it is in a folder")).expect("a folder");
            fs::write(&place, text.clone().unwrap_or_else(large)).expect("it is written");
            let file = fs::File::options()
                .write(true)
                .open(place)
                .expect("it is there");
            let written = SystemTime::UNIX_EPOCH + Duration::from_secs(self.written);
            file.set_modified(written).expect("it is ours");
        }
    }

    /// What differs from Starlette's answers, in words.
    async fn differences(&self, harness: &Harness) -> Vec<String> {
        let mut client = harness.client();
        let mut differences = Vec::new();
        for exchange in &self.exchanges {
            let path = exchange.target.split('?').next().unwrap_or_default();
            let tag = get(&mut client, path, &[]).await.header("etag").to_owned();
            let fill = |text: &String| {
                let bare = tag.trim_matches('"');
                text.replace("{etag}", &tag).replace("{bare}", bare)
            };
            let sent = exchange
                .sent
                .iter()
                .map(|(name, value)| (name.as_str(), fill(value)));
            let sent: Vec<(&str, String)> = sent.collect();
            let sent: Vec<(&str, &str)> = sent
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let reply = client
                .send(&exchange.method, &exchange.target, &sent, "")
                .await;
            if let Some(how) = exchange.differs(&reply, fill) {
                let Exchange {
                    method,
                    target,
                    sent,
                    ..
                } = exchange;
                differences.push(format!("{method} {target} {sent:?}: {how}"));
            }
        }
        differences
    }
}

impl Exchange {
    fn differs(&self, reply: &Reply, fill: impl Fn(&String) -> String) -> Option<String> {
        let kind = reply.header("content-type");
        let boundary = kind.split_once("boundary=").map(|(_, boundary)| boundary);
        let same = |text: &str| match boundary {
            Some(boundary) => text.replace(boundary, "{boundary}"),
            None => text.to_owned(),
        };
        if reply.status != self.status {
            return Some(format!("{} for {}", reply.status, self.status));
        }
        for name in [
            "content-type",
            "content-length",
            "content-range",
            "location",
            "allow",
            "etag",
            "last-modified",
            "accept-ranges",
        ] {
            let is = reply
                .headers
                .get(name)
                .map(|value| same(value.to_str().expect("text")));
            let expected = self.headers.get(name).map(&fill);
            let framed = name == "content-length"
                && (boundary.is_some() || self.method == "HEAD" && self.status >= 300);
            if is != expected && !framed {
                return Some(format!("{name}: {is:?} for {expected:?}"));
            }
        }
        let is = same(&String::from_utf8_lossy(&reply.body));
        let fits = match &self.body {
            // FastAPI's own words for its own errors are compared elsewhere, and Starlette sends them after a HEAD too.
            Text::Whole(_) if self.method == "HEAD" => is.is_empty(),
            Text::Whole(text) => is == *text,
            Text::Long {
                bytes,
                begins,
                ends,
            } => is.len() == *bytes && is.starts_with(begins) && is.ends_with(ends),
        };
        (!fits).then(|| format!("body {:.200}", is))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_the_configuration_answers_as_starlettes_static_files_do() {
    let recorded = Recorded::read();
    let root = tempfile::tempdir().expect("a temporary folder");
    let mut config = Config::default();
    for folder in recorded.folders.keys() {
        recorded.write(folder, &root.path().join(folder));
        config.files.push(FolderConfig {
            path: format!("/{folder}"),
            folder: root.path().join(folder),
            html: folder != "plain",
            ..FolderConfig::default()
        });
    }
    let harness = Harness::with(config).await;
    let differences = recorded.differences(&harness).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(recorded.exchanges.len() > 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_plugin_answer_as_starlettes_static_files_do() {
    let recorded = Recorded::read();
    let root = tempfile::tempdir().expect("a temporary folder");
    let harness = Harness::new().await;
    for folder in recorded.folders.keys() {
        let plugin = root.path().join(folder);
        recorded.write(folder, &plugin.join("static"));
        let contract = contracts::of(&[&format!("of-{folder}")]);
        fs::write(
            plugin.join("plugin.wasm"),
            blank(&contract, "1", Describe::Contract),
        )
        .expect("written");
        let html = folder != "plain";
        let settings = format!("files = {{ path = \"/{folder}\", html = {html} }}");
        fs::write(plugin.join("plugin.toml"), settings).expect("written");
        let (name, component) = Component::read(&plugin).expect("a plugin's folder");
        harness
            .host
            .deploy(&name, component)
            .await
            .expect("it is served");
    }
    let differences = recorded.differences(&harness).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

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

const SECRET: &str = "nobody may read this";

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
async fn operations_come_before_files_and_files_before_what_is_missing() {
    let contract = contracts::of(&["version", "echo"]);
    let component = Component::new(blank(&contract, "1", Describe::Contract))
        .file("version", "a file")
        .file("about.txt", "about")
        .file("index.html", "<h1>home</h1>")
        .file("assets/app.js", "1");
    let harness = Harness::with(with_files("shop", page_app())).await;
    harness
        .host
        .deploy("shop", component)
        .await
        .expect("it is served");
    let mut client = harness.client();
    assert_eq!(
        get(&mut client, "/version", &[]).await.json()["version"],
        "1"
    );
    assert_eq!(get(&mut client, "/about.txt", &[]).await.text(), "about");
    // Not the host's index.
    assert_eq!(get(&mut client, "/", &[]).await.text(), "<h1>home</h1>");
    // The host's own pages are there all the same.
    assert_eq!(get(&mut client, "/docs", &[]).await.status, 200);
    assert_eq!(
        get(&mut client, "/openapi.json", &[]).await.json()["paths"]
            .as_object()
            .expect("paths")
            .len(),
        2
    );
    // A path of an operation is not a place for the fallback.
    let wrong = client.send("PUT", "/version", &[], "").await;
    assert_eq!((wrong.status.as_u16(), wrong.header("allow")), (405, "GET"));
    let slash = get(&mut client, "/echo/", &[]).await;
    assert_eq!(
        (slash.status.as_u16(), slash.header("location")),
        (307, "/echo")
    );
    assert_eq!(client.send("POST", "/nowhere", &[], "").await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_page_app_gets_its_index_for_what_its_user_visits_and_nothing_else() {
    let component = Component::new(guest("1"))
        .file("index.html", "<h1>home</h1>")
        .file("assets/app-1b2c.js", "1");
    let harness = Harness::with(with_files("shop", page_app())).await;
    harness
        .host
        .deploy("shop", component)
        .await
        .expect("it is served");
    let mut client = harness.client();
    let navigates = [
        ("sec-fetch-mode", "navigate"),
        ("accept", "text/html,*/*;q=0.8"),
    ];
    let script = [("sec-fetch-mode", "cors"), ("accept", "*/*")];
    for (target, headers, status) in [
        ("/orders/7", &navigates[..], 200),
        ("/orders/7", &[], 200),
        ("/orders/7", &[("accept", "*/*")], 200),
        ("/orders/7", &[("accept", "application/json")], 404),
        ("/orders/7", &script, 404),
        ("/assets/app-old.js", &navigates, 404),
        ("/assets/app-1b2c.js", &script, 200),
    ] {
        let reply = get(&mut client, target, headers).await;
        assert_eq!(reply.status, status, "{target} {headers:?}");
        let caching = match target {
            "/assets/app-1b2c.js" => "public, max-age=31536000, immutable",
            _ if status == 200 => "no-cache",
            _ => "",
        };
        assert_eq!(reply.header("cache-control"), caching, "{target}");
    }
    let tag = get(&mut client, "/", &[]).await.header("etag").to_owned();
    let unchanged = get(&mut client, "/orders/8", &[("if-none-match", &tag)]).await;
    assert_eq!(
        (unchanged.status.as_u16(), unchanged.header("cache-control")),
        (304, "no-cache")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_the_packed_file_that_it_takes() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let files = [
        ("app.js", "plain"),
        ("app.js.br", "as br"),
        ("app.js.gz", "as gz"),
        ("app.js.zst", "as zst"),
        ("only.css", "css"),
        ("only.css.gz", "css gz"),
    ];
    write(root.path(), &files);
    let folder = FolderConfig {
        path: "/folder".into(),
        folder: root.path().into(),
        ..FolderConfig::default()
    };
    let harness = Harness::with(Config {
        files: vec![folder],
        ..Config::default()
    })
    .await;
    let component = files
        .into_iter()
        .fold(Component::new(guest("1")), |component, (path, text)| {
            component.file(path, text)
        });
    harness
        .host
        .deploy("shop", component)
        .await
        .expect("it is served");
    let mut client = harness.client();
    for mount in ["/folder", "/static"] {
        let mut tags = Vec::new();
        for (name, accepted, coding, text) in [
            ("app.js", "", "", "plain"),
            ("app.js", "gzip, deflate, br, zstd", "br", "as br"),
            ("app.js", "gzip", "gzip", "as gz"),
            ("app.js", "zstd;q=1, br;q=0.5", "zstd", "as zst"),
            ("only.css", "br", "", "css"),
            ("only.css", "br, gzip", "gzip", "css gz"),
            ("app.js.br", "br", "", "as br"),
        ] {
            let reply = get(
                &mut client,
                &format!("{mount}/{name}"),
                &[("accept-encoding", accepted)],
            )
            .await;
            assert_eq!(
                (reply.text(), reply.header("content-encoding")),
                (text, coding),
                "{mount} {name} {accepted}"
            );
            let varies = if name.ends_with(".br") {
                ""
            } else {
                "accept-encoding"
            };
            assert_eq!(reply.header("vary"), varies, "{mount} {name}");
            let kind = if name.contains(".js") {
                "text/javascript; charset=utf-8"
            } else {
                "text/css; charset=utf-8"
            };
            assert_eq!(reply.header("content-type"), kind, "{mount} {name}");
            tags.push(reply.header("etag").to_owned());
        }
        assert!(
            tags[..4]
                .iter()
                .enumerate()
                .all(|(at, tag)| !tags[..at].contains(tag)),
            "{tags:?}"
        );
        let br = [
            ("accept-encoding", "br"),
            ("if-none-match", tags[1].as_str()),
        ];
        assert_eq!(
            get(&mut client, &format!("{mount}/app.js"), &br)
                .await
                .status,
            304
        );
        let gzip = [
            ("accept-encoding", "gzip"),
            ("if-none-match", tags[1].as_str()),
        ];
        assert_eq!(
            get(&mut client, &format!("{mount}/app.js"), &gzip)
                .await
                .status,
            200
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_behind_their_plugins_prefix_and_no_two_at_one_path() {
    let mut config = with_files("shop", at("/"));
    config.plugins.get_mut("shop").expect("it is there").prefix = "/shop".into();
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(
        folder.path(),
        &[("index.html", "of the host"), ("shop/x.txt", "of the host")],
    );
    config.files.push(FolderConfig {
        path: "/".into(),
        folder: folder.path().into(),
        html: true,
        fallback: "index.html".into(),
        ..FolderConfig::default()
    });
    let harness = Harness::with(config).await;
    let with_file = |id: &str| {
        Component::new(blank(&contracts::of(&[id]), "1", Describe::Contract))
            .file("a.txt", id.to_owned())
    };
    harness
        .host
        .deploy("shop", with_file("version"))
        .await
        .expect("it is served");
    harness
        .host
        .deploy("one", with_file("echo"))
        .await
        .expect("it is served");
    let mut client = harness.client();
    assert_eq!(get(&mut client, "/shop/a.txt", &[]).await.text(), "version");
    assert_eq!(get(&mut client, "/static/a.txt", &[]).await.text(), "echo");
    assert_eq!(
        get(&mut client, "/anywhere", &[]).await.text(),
        "of the host"
    );
    // Under a plugin's own prefix nothing else is.
    assert_eq!(get(&mut client, "/shop/x.txt", &[]).await.status, 404);

    let error = harness
        .host
        .deploy("two", with_file("sleep"))
        .await
        .expect_err("the path is taken");
    assert_eq!(error.kind(), ErrorKind::Clash);
    assert!(
        error
            .to_string()
            .contains("`/static/`, where those of plugin `one` are"),
        "{error}"
    );
    let own = with_file("sleep").settings("files.path = \"/docs\"");
    let error = harness
        .host
        .deploy("two", own)
        .await
        .expect_err("the path is the host's");
    assert!(
        error.to_string().contains("one of the host's own paths"),
        "{error}"
    );
    let own = with_file("sleep").settings("files.path = \"/shop/more\"");
    let error = harness
        .host
        .deploy("two", own)
        .await
        .expect_err("the prefix is another's");
    assert!(
        error.to_string().contains("which plugin `shop` owns"),
        "{error}"
    );
    let own = with_file("sleep").settings("files.path = \"/two\"");
    harness.host.deploy("two", own).await.expect("it is served");
    assert_eq!(get(&mut client, "/two/a.txt", &[]).await.text(), "sleep");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_takes_every_path_leaves_its_files_to_them() {
    let harness = Harness::with(with_files("wiki", at("/"))).await;
    let component = Component::new(standard()).file("logo.svg", "<svg/>");
    harness
        .host
        .deploy("wiki", component)
        .await
        .expect("it is served");
    let mut client = harness.client();
    assert_eq!(
        get(&mut client, "/wiki/logo.svg", &[]).await.text(),
        "<svg/>"
    );
    assert!(
        get(&mut client, "/wiki/other.svg", &[])
            .await
            .text()
            .starts_with("GET ")
    );
    assert!(
        client
            .send("POST", "/wiki/logo.svg", &[], "")
            .await
            .text()
            .starts_with("POST ")
    );
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
async fn files_beyond_their_limits_are_refused_with_the_limit() {
    for (files, bytes, words) in [
        (1, 100, "`limits.files` = 1"),
        (10, 3, "`limits.files_bytes` = 3"),
    ] {
        let mut config = Config::default();
        (config.limits.files, config.limits.files_bytes) = (files, bytes);
        let harness = Harness::with(config).await;
        let component = Component::new(guest("1")).file("a", "aa").file("b", "bb");
        let error = harness
            .host
            .deploy("shop", component)
            .await
            .expect_err("it has too much");
        assert!(error.to_string().contains(words), "{error}");
    }
    for path in ["", "/a", "a/../b", ".env", "a//b", "a\\b"] {
        let component = Component::new(guest("1")).file(path, "a");
        let error = Harness::new()
            .await
            .host
            .deploy("shop", component)
            .await
            .expect_err("no path");
        assert!(
            error.to_string().contains("no path of a URL"),
            "{path}: {error}"
        );
    }
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
