//! Which file a request gets, and which a plugin may have.

use switchback::{Component, Config, ErrorKind, FolderConfig};
use switchback_tests::Harness;
use switchback_tests::guests::{Describe, blank, standard};

use super::{at, get, guest, page_app, with_files, write};
use crate::contracts;

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
