//! The operator's side: its API, and the commands that talk to it.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use serde_json::Value;
use switchback::{Admin, AdminServer, ChangePolicy, Config, PluginConfig, Probation};
use switchback_tests::guests::{Describe, blank, contract};
use switchback_tests::harness::{Harness, until};
use switchback_tests::process::{Served, program};
use switchback_tests::{Browser, Client};

use crate::faults::inn;

/// Of `shop` only what breaks nobody may serve.
fn careful() -> Config {
    let shop = PluginConfig {
        breaking_changes: ChangePolicy::Refuse,
        ..PluginConfig::default()
    };
    // What it is asked is no measure of it.
    let probation = Probation {
        answers: 1_000_000,
        ..Probation::default()
    };
    Config {
        plugins: [("shop".into(), shop)].into(),
        probation,
        ..Config::default()
    }
}

/// Without `GET /one`.
fn breaking() -> Vec<u8> {
    let contract = contract(&[("get", "/trap", "trap")]);
    blank(&contract, "4", Describe::Contract)
}

fn version(version: &str) -> Vec<u8> {
    let contract = contract(&[("get", "/one", "version"), ("get", "/trap", "trap")]);
    blank(&contract, version, Describe::Contract)
}

/// A host with its operator's side on an address of its own.
async fn operated(token: Option<&str>) -> (Harness, SocketAddr) {
    operated_under(Config::default(), token).await
}

async fn operated_under(config: Config, token: Option<&str>) -> (Harness, SocketAddr) {
    let harness = Harness::with(config).await;
    let address = "127.0.0.1:0".parse().expect("an address");
    let listener = AdminServer::bind(address).await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let admin = Admin::new(harness.host.clone(), token.map(String::from));
    tokio::spawn(listener.run(admin, std::future::pending()));
    (harness, address)
}

/// The API, asked as a page of its own or a script would.
struct Operator(Client);

impl Operator {
    fn new(address: SocketAddr) -> Operator {
        Operator(Client::new(address))
    }

    async fn ask(&mut self, method: &str, path: &str, body: Vec<u8>) -> (u16, Value) {
        let headers = [
            ("host", "localhost"),
            ("content-type", "application/wasm"),
            ("x-switchback-by", "ada"),
        ];
        let headers = if body.is_empty() {
            &headers[..1]
        } else {
            &headers[..]
        };
        let reply = self.0.send(method, path, headers, body).await;
        (reply.status.as_u16(), reply.json())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deployed_by_the_api_is_told_changed_and_taken_back_by_it() {
    let (harness, address) = operated(None).await;
    let mut api = Operator::new(address);
    for v in ["1", "2"] {
        let (status, done) = api.ask("PUT", "/plugins/shop", version(v)).await;
        assert_eq!(status, 200, "{done}");
        assert_eq!(done["revision"].to_string(), v);
    }
    let mut client = harness.client();
    assert_eq!(client.get("/one").await.json()["version"], "2");
    assert_eq!(client.get("/trap").await.status, 500);

    let (_, plugins) = api.ask("GET", "/plugins", Vec::new()).await;
    assert_eq!(plugins[0]["name"], "shop");
    assert_eq!(plugins[0]["answers"]["answers"], 2);
    assert_eq!(plugins[0]["answers"]["failed"], 1);
    let (_, plugin) = api.ask("GET", "/plugins/shop", Vec::new()).await;
    let trap = &plugin["operations"][1];
    assert_eq!(
        (&trap["path"], &trap["answers"]["failed"]),
        (&"/trap".into(), &1.into())
    );

    let (status, back) = api.ask("POST", "/plugins/shop/rollback", Vec::new()).await;
    assert_eq!((status, &back["revision"]), (200, &3.into()));
    assert_eq!(client.get("/one").await.json()["version"], "1");
    let (_, history) = api.ask("GET", "/plugins/shop/history", Vec::new()).await;
    assert_eq!(history[0]["by"], "ada");
    assert_eq!(history[2]["how"]["rolled-back"]["to"], 1);

    for (path, status) in [("disable", 404), ("enable", 200)] {
        let (done, _) = api
            .ask("POST", &format!("/plugins/shop/{path}"), Vec::new())
            .await;
        assert_eq!(done, 200);
        assert_eq!(client.get("/one").await.status, status);
    }
    let (status, _) = api.ask("DELETE", "/plugins/shop", Vec::new()).await;
    assert_eq!(status, 200);
    assert_eq!(client.get("/one").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_told_with_what_the_gate_says_of_it() {
    let (_harness, address) = operated_under(careful(), None).await;
    let mut api = Operator::new(address);
    api.ask("PUT", "/plugins/shop", version("1")).await;
    let (status, _) = api.ask("PUT", "/plugins/shop", breaking()).await;
    assert_eq!(status, 409);
    // One of which nothing serves.
    let (status, _) = api.ask("PUT", "/plugins/none", b"no".to_vec()).await;
    assert_eq!(status, 409);

    let (_, plugins) = api.ask("GET", "/plugins", Vec::new()).await;
    assert_eq!(plugins[0]["name"], "none");
    assert_eq!(plugins[0]["state"], "refused");
    let why = plugins[1]["refused"]["why"].as_str().unwrap_or_default();
    assert!(why.contains("`switchback deploy --force`"), "{plugins}");
    let (status, none) = api.ask("GET", "/plugins/none", Vec::new()).await;
    assert_eq!((status, &none["refused"]["by"]), (200, &"ada".into()));
    let (_, shop) = api.ask("GET", "/plugins/shop", Vec::new()).await;
    let changes = &shop["refused"]["changes"];
    let listed = serde_json::json!({
        "rule": "operation-removed", "verdict": "breaking", "method": "GET", "path": "/one",
        "pointer": "/paths/~1one/get", "message": changes["listed"][0]["message"],
    });
    assert_eq!(changes, &serde_json::json!({"listed": [listed], "more": 0}));

    // What serves in its place ends that, and what it changed is told of it.
    let (status, done) = api.ask("PUT", "/plugins/shop?force=true", breaking()).await;
    assert_eq!(status, 200, "{done}");
    let (_, shop) = api.ask("GET", "/plugins/shop", Vec::new()).await;
    assert_eq!(shop.get("refused"), None);
    assert_eq!(shop["changes"]["listed"][0], listed);
    // A rollback asks no gate.
    api.ask("POST", "/plugins/shop/rollback", Vec::new()).await;
    let (_, shop) = api.ask("GET", "/plugins/shop", Vec::new()).await;
    assert_eq!(shop.get("changes"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said_in_words_and_changes_nothing() {
    let (harness, address) = operated(None).await;
    let mut api = Operator::new(address);
    api.ask("PUT", "/plugins/shop", version("1")).await;
    for (method, path, body, status, words) in [
        ("PUT", "/plugins/shop", b"no".to_vec(), 409, "component"),
        (
            "POST",
            "/plugins/shop/rollback",
            Vec::new(),
            404,
            "nothing is kept",
        ),
        (
            "POST",
            "/plugins/shop/rollback?revision=9",
            Vec::new(),
            404,
            "revision 9",
        ),
        (
            "POST",
            "/plugins/none/disable",
            Vec::new(),
            404,
            "no plugin `none`",
        ),
        (
            "POST",
            "/plugins/shop/enable",
            Vec::new(),
            404,
            "not disabled",
        ),
        (
            "GET",
            "/plugins/none/history",
            Vec::new(),
            404,
            "no plugin `none`",
        ),
        ("GET", "/nothing", Vec::new(), 404, "Not Found"),
    ] {
        let (answered, told) = api.ask(method, path, body).await;
        assert_eq!(answered, status, "{method} {path}: {told}");
        let detail = told["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{method} {path}: {detail}");
    }
    let (status, told) = api
        .ask("POST", "/plugins/Shop/rollback?revision=x", Vec::new())
        .await;
    assert_eq!(status, 422, "{told}");
    assert_eq!(
        told["detail"][1]["loc"],
        serde_json::json!(["query", "revision"])
    );
    assert_eq!(harness.client().get("/one").await.json()["version"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_told_and_replayed_by_it() {
    let (harness, address) = operated(None).await;
    let mut api = Operator::new(address);
    for version in ["1", "2"] {
        api.ask("PUT", "/plugins/inn", inn(version)).await;
        let status = harness.client().get("/rooms?n=13").await.status;
        assert_eq!(status == 500, version == "1");
    }
    harness.client().send("PUT", "/rooms", &[], "").await;
    let (_, faults) = api.ask("GET", "/faults?plugin=inn", Vec::new()).await;
    assert_eq!(
        (&faults[1]["id"], &faults[1]["uri"], &faults[1]["kind"]),
        (&1.into(), &"/rooms?n=13".into(), &"trap".into())
    );
    let (_, none) = api.ask("GET", "/faults?plugin=shop", Vec::new()).await;
    assert_eq!(none, serde_json::json!([]));
    let (_, fault) = api.ask("GET", "/faults/1", Vec::new()).await;
    assert_eq!(fault["request"]["params"]["query"]["n"], 13);
    for (path, body, verdict, against) in [
        ("/faults/1/replay", Vec::new(), "mended", "revision 2"),
        (
            "/faults/1/replay?revision=1",
            Vec::new(),
            "same",
            "revision 1",
        ),
        (
            "/faults/1/replay",
            inn("1"),
            "same",
            "the build that was sent",
        ),
        (
            "/faults/2/replay?force=true",
            Vec::new(),
            "same",
            "revision 2",
        ),
    ] {
        let (status, replay) = api.ask("POST", path, body).await;
        assert_eq!(status, 200, "{path}: {replay}");
        assert_eq!(
            (&replay["verdict"], &replay["against"]),
            (&verdict.into(), &against.into()),
            "{path}"
        );
    }
    for (path, status, words) in [
        ("/faults/9/replay", 404, "fault 9 is not kept"),
        (
            "/faults/2/replay",
            409,
            "fault 2 is a PUT, which may change something",
        ),
        ("/faults/1/replay?revision=9", 404, "revision 9"),
    ] {
        let (answered, told) = api.ask("POST", path, Vec::new()).await;
        let detail = told["detail"].as_str().unwrap();
        assert_eq!(answered, status, "{path}: {detail}");
        assert!(detail.contains(words), "{path}: {detail}");
    }
    assert_eq!(api.ask("GET", "/faults/9", Vec::new()).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_is_told_so_and_learns_nothing() {
    let (_harness, address) = operated(Some("a token of some length")).await;
    let mut client = Client::new(address);
    let refused = client
        .send("GET", "/plugins", &[("host", "ops.example")], "")
        .await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    let with = [
        ("host", "ops.example"),
        ("authorization", "Bearer a token of some length"),
    ];
    assert_eq!(client.send("GET", "/plugins", &with, "").await.status, 200);

    let (_harness, address) = operated(None).await;
    let mut client = Client::new(address);
    for headers in [
        [("host", "evil.example"), ("x", "y")],
        [("host", "localhost"), ("origin", "http://evil.example")],
    ] {
        let refused = client
            .send("POST", "/plugins/shop/disable", &headers, "")
            .await;
        assert_eq!(refused.status, 403, "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_document_is_one_that_this_host_could_serve() {
    let (_harness, address) = operated(None).await;
    let mut api = Operator::new(address);
    let (status, document) = api.ask("GET", "/openapi.json", Vec::new()).await;
    assert_eq!((status, &document["openapi"]), (200, &"3.1.0".into()));
    let mut client = Client::new(address);
    let page = client
        .send("GET", "/docs", &[("host", "localhost")], "")
        .await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains(r#"data-document="openapi.json""#));
    let assets = page
        .text()
        .split('"')
        .filter(|text| text.starts_with("-/docs/"));
    for asset in assets {
        let path = format!("/{asset}");
        assert_eq!(client.get(&path).await.status, 200, "{path}");
    }
    let (status, config) = api.ask("GET", "/config", Vec::new()).await;
    assert_eq!(status, 200);
    assert_eq!(config["limits"]["cpu_ms"], 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_clients_is_refused_and_served_by_force() {
    let shop = switchback::PluginConfig {
        breaking_changes: switchback::ChangePolicy::Refuse,
        ..Default::default()
    };
    let harness = Harness::with(switchback::Config {
        plugins: [("shop".to_owned(), shop)].into(),
        ..Default::default()
    })
    .await;
    let address = "127.0.0.1:0".parse().unwrap();
    let listener = AdminServer::bind(address).await.unwrap();
    let mut api = Operator::new(listener.local_addr().unwrap());
    let admin = Admin::new(harness.host.clone(), None);
    tokio::spawn(listener.run(admin, std::future::pending()));

    api.ask("PUT", "/plugins/shop", version("1")).await;
    let fewer = || {
        let contract = contract(&[("get", "/one", "version")]);
        blank(&contract, "2", Describe::Contract)
    };
    for path in ["/plugins/shop", "/plugins/shop/candidate?percent=50"] {
        let (status, told) = api.ask("PUT", path, fewer()).await;
        assert_eq!(status, 409, "{path}: {told}");
        assert!(
            told["detail"]
                .as_str()
                .unwrap()
                .contains("operation-removed")
        );
    }
    assert_eq!(harness.client().get("/one").await.json()["version"], "1");
    let (status, done) = api.ask("PUT", "/plugins/shop?force=true", fewer()).await;
    assert_eq!((status, &done["revision"]), (200, &2.into()), "{done}");
    assert_eq!(harness.client().get("/one").await.json()["version"], "2");
}

/// A command of the program, run against a host that serves.
async fn run(served: &Served, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(program());
    command
        .args(arguments)
        .arg("--plugins")
        .arg(&served.plugins);
    let output = command.env("USER", "ada").output().await;
    output.expect("the program runs")
}

async fn said(served: &Served, arguments: &[&str]) -> String {
    let output = run(served, arguments).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_reach_the_host_that_serves_a_folder_by_its_socket() {
    let served = Served::new(&[("shop", &version("1"))], &["--revision-header"]).await;
    let mut client = served.client();
    let socket = served.plugins.join(".switchback/admin.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let new = served.plugins.with_extension("wasm");
    std::fs::write(&new, version("2")).unwrap();
    let deployed = said(&served, &["deploy", "shop", new.to_str().unwrap()]).await;
    assert_eq!(deployed, "shop@2 serves\n");
    assert_eq!(client.get("/one").await.json()["version"], "2");
    assert_eq!(
        said(&served, &["rollback", "shop"]).await,
        "shop@3 serves\n"
    );
    assert_eq!(
        client.get("/one").await.header("x-switchback-revision"),
        "shop@3"
    );
    let history = said(&served, &["history", "shop"]).await;
    assert!(
        history.contains("rollback to 1") && history.contains("ada"),
        "{history}"
    );
    assert_eq!(
        said(&served, &["disable", "shop"]).await,
        "shop is disabled\n"
    );
    assert_eq!(client.get("/one").await.status, 404);
    let plugins = said(&served, &["plugins"]).await;
    assert!(plugins.contains("disabled"), "{plugins}");
    said(&served, &["enable", "shop"]).await;

    let new = new.to_str().unwrap();
    let tried = said(
        &served,
        &[
            "try",
            "shop",
            new,
            "--percent",
            "0",
            "--header",
            "x-try: yes",
        ],
    )
    .await;
    assert!(tried.ends_with("is tried\n"), "{tried}");
    assert_eq!(client.get("/one").await.json()["version"], "1");
    let reply = client.send("GET", "/one", &[("x-try", "yes")], "").await;
    assert_eq!(reply.json()["version"], "2");
    let weighed = said(&served, &["weigh", "shop", "--percent", "100"]).await;
    assert!(weighed.ends_with("gets 100 %\n"), "{weighed}");
    assert_eq!(client.get("/one").await.json()["version"], "2");
    said(&served, &["withdraw", "shop"]).await;
    assert_eq!(client.get("/one").await.json()["version"], "1");
    said(&served, &["try", "shop", new, "--shadow"]).await;
    said(&served, &["promote", "shop"]).await;
    assert_eq!(client.get("/one").await.json()["version"], "2");
    let listed: Value = serde_json::from_str(&said(&served, &["plugins", "--json"]).await).unwrap();
    assert_eq!(listed[0]["state"], "serving");

    for (arguments, ready) in [(&["drain"][..], 503), (&["drain", "--undo"], 200)] {
        said(&served, arguments).await;
        assert_eq!(client.get("/-/ready").await.status, ready);
        assert_eq!(client.get("/one").await.status, 200);
    }
    let audit = std::fs::read_to_string(served.plugins.join(".switchback/audit.jsonl")).unwrap();
    assert!(audit.contains(r#""change":"undrain""#), "{audit}");
    said(&served, &["mount", "shop@1", "shop-v1", "--prefix", "/v1"]).await;
    assert_eq!(client.get("/v1/one").await.json()["version"], "1");
    let history = said(&served, &["history", "shop-v1"]).await;
    assert!(history.contains("as shop@1"), "{history}");

    let refused = run(&served, &["rollback", "shop", "77"]).await;
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        why.contains("revision 77 of plugin `shop` is not kept"),
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_without_a_host_says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = tokio::process::Command::new(program());
    command.args(["plugins", "--plugins"]).arg(folder.path());
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        why.contains("no host can be reached at") && why.contains("admin.sock"),
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_told_as_they_happen() {
    let served = Served::new(&[("shop", &version("1"))], &[]).await;
    let mut command = tokio::process::Command::new(program());
    command.args(["events", "--plugins"]).arg(&served.plugins);
    command
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut lines = {
        use tokio::io::AsyncBufReadExt;
        tokio::io::BufReader::new(child.stdout.take().unwrap()).lines()
    };
    // Whether it listens yet is not told: what happens is made to happen until it is heard.
    let heard = until("an event", async || {
        said(&served, &["disable", "shop"]).await;
        said(&served, &["enable", "shop"]).await;
        let line = tokio::time::timeout(std::time::Duration::from_millis(200), lines.next_line());
        line.await.ok().and_then(|line| line.unwrap())
    })
    .await;
    let event: Value = serde_json::from_str(&heard).unwrap();
    assert_eq!(event["plugin"], "shop");
    assert!(event["event"].is_string());
}

/// A host with a plugin `shop` that has a past and a candidate, and so many others.
async fn with_a_past(others: usize) -> (Harness, SocketAddr) {
    let (harness, address) = operated_under(careful(), None).await;
    for v in ["1", "2"] {
        harness.deploy("shop", version(v)).await.expect("served");
    }
    let attempt = switchback::Change::Try {
        name: "shop".into(),
        component: version("3").into(),
        rollout: switchback::Rollout::default(),
    };
    harness.host.apply(vec![attempt]).await;
    let refused = harness.deploy("shop", breaking()).await;
    refused.expect_err("it breaks clients");
    let other = |at: usize| switchback::Change::Deploy {
        name: format!("other-{at}"),
        component: blank(
            &contract(&[("get", &format!("/other/{at}"), "version")]),
            "1",
            Describe::Contract,
        )
        .into(),
    };
    harness.host.apply((0..others).map(other).collect()).await;
    let mut client = harness.client();
    for _ in 0..20 {
        client.get("/one").await;
        client.get("/trap").await;
    }
    (harness, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_what_serves_and_changes_it_by_keys_alone_in_light_and_dark_wide_and_narrow()
{
    let Some(browser) = Browser::find() else {
        return;
    };
    let (harness, address) = with_a_past(0).await;
    let page = format!("http://{address}/");
    // Where screenshots go, if somebody wants to look at them.
    let folder = std::env::var("SWITCHBACK_SCREENSHOTS").unwrap_or_default();
    let served = format!("http://{}", harness.address);
    let arguments = [&*page, "1", &served, &folder];
    browser.run("operate.mjs", &arguments).await;
    let mut client = harness.client();
    assert_eq!(client.get("/one").await.json()["version"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_can_be_searched_where_there_are_two_hundred_plugins() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let (harness, address) = with_a_past(199).await;
    let page = format!("http://{address}/");
    let served = format!("http://{}", harness.address);
    browser.run("operate.mjs", &[&page, "200", &served]).await;
}
