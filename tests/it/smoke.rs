//! The examples of a contract are run before it serves, where its settings say so.

use std::path::Path;

use serde_json::{Value, json};
use switchback::{Component, Config, ErrorKind, Event, Folder, PluginConfig, SmokeTest};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::Harness;
use switchback_tests::process::{Served, program};

use crate::contracts::with_paths;

fn config(smoke_test: SmokeTest) -> Config {
    let own = PluginConfig {
        smoke_test,
        prefix: "/inn".into(),
        ..PluginConfig::default()
    };
    Config {
        plugins: [("shop".to_owned(), own)].into(),
        ..Config::default()
    }
}

fn room(example: u64) -> Value {
    json!({ "name": "n", "in": "query", "schema": { "type": "integer", "minimum": 1 }, "examples": {
        "first": { "value": 7 },
        "second": { "value": example },
    } })
}

/// `GET /rooms`, which fails for 13 in version 1.
fn shop(version: &str, example: u64) -> Vec<u8> {
    let get = json!({ "operationId": "room", "parameters": [room(example)], "responses": {} });
    let post = json!({ "operationId": "trap", "responses": {} });
    let paths = json!({ "/rooms": { "get": get, "post": post } });
    blank(&with_paths(&paths), version, Describe::Contract)
}

const REFUSED: &str = "example 2 of `GET /rooms` fails (`GET /inn/rooms?n=13`): the guest trapped: wasm trap: wasm \
                       `unreachable` instruction executed; to serve it all the same, use `switchback deploy --force`, or \
                       set `plugins.shop.smoke_test`";

#[tokio::test(flavor = "multi_thread")]
async fn an_example_that_fails_refuses_a_swap_in_words_and_what_serves_stays() {
    let harness = Harness::with(config(SmokeTest::Safe)).await;
    harness.deploy("shop", shop("1", 12)).await.expect("served");
    let refused = harness.deploy("shop", shop("1", 13)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::SmokeTest);
    assert_eq!(refused.to_string(), REFUSED);
    let plugins = harness.host.plugins();
    assert_eq!(plugins[0].revision, 1);
    // Nobody has asked yet, and nothing went wrong.
    assert_eq!(plugins[0].answers.answers(), 0);
    assert!(harness.host.faults().is_empty());

    let forced = Component::new(shop("1", 13)).without_smoke_test();
    harness.host.deploy("shop", forced).await.expect("forced");
    harness.deploy("shop", shop("2", 13)).await.expect("mended");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_is_run_only_if_all_are_to_be_and_off_is_off() {
    let harness = Harness::with(config(SmokeTest::Off)).await;
    harness.deploy("shop", shop("1", 13)).await.expect("served");
    let harness = Harness::with(config(SmokeTest::All)).await;
    let mut events = harness.host.events();
    let refused = harness.deploy("shop", shop("2", 12)).await.unwrap_err();
    let words = refused.to_string();
    assert!(
        words.starts_with("the example of `POST /rooms` fails"),
        "{words}"
    );
    // A call that is tried out is no call that failed.
    let told = events.recv().await.unwrap();
    assert!(matches!(told, Event::Refused { .. }), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_the_contract_refuses_and_an_example_that_does_is_left_out() {
    let harness = Harness::with(config(SmokeTest::Safe)).await;
    let answering = |version: Value, example: u64| {
        let schema = json!({ "type": "object", "properties": { "version": version } });
        let get = json!({
            "operationId": "version",
            "parameters": [room(example)],
            "responses": { "200": { "description": "", "content": { "application/json": { "schema": schema } } } },
        });
        let paths = json!({ "/rooms": { "get": get } });
        blank(&with_paths(&paths), "1", Describe::Contract)
    };
    let wrong = answering(json!({ "type": "integer" }), 12);
    let refused = harness.deploy("shop", wrong).await.unwrap_err().to_string();
    let words = "example 1 of `GET /rooms` fails (`GET /inn/rooms?n=7`): the answer 200 breaks the contract at `/version`";
    assert!(refused.starts_with(words), "{refused}");
    // 0 is below the minimum.
    let right = answering(json!({ "type": "string" }), 0);
    harness.deploy("shop", right).await.expect("served");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_examples_fail_does_not_replace_what_the_folder_serves() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(SmokeTest::Safe);
    let harness = Harness::with(config.clone()).await;
    let put = |guest: &[u8]| {
        let beside = folder.path().join(".shop");
        std::fs::write(&beside, guest).unwrap();
        std::fs::rename(&beside, folder.path().join("shop.wasm")).unwrap();
    };
    put(&shop("1", 12));
    let mut plugins = Folder::open(folder.path(), &config).unwrap();
    assert_eq!(plugins.scan(&harness.host).await.refused, [""; 0]);
    put(&shop("1", 13));
    let refused = plugins.scan(&harness.host).await.refused;
    assert!(
        refused.len() == 1 && refused[0].contains(REFUSED),
        "{refused:?}"
    );
    assert_eq!(harness.client().get("/inn/rooms?n=12").await.status, 200);
    assert_eq!(harness.host.plugins()[0].revision, 1);
}

async fn deploy(served: &Served, file: &Path, more: &[&str]) -> (Option<i32>, String) {
    let mut command = tokio::process::Command::new(program());
    command.args(["deploy", "shop"]).arg(file).args(more);
    command.arg("--plugins").arg(&served.plugins);
    let output = command.output().await.expect("the program runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8(said).expect("it speaks UTF-8"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn deploying_is_refused_likewise_unless_forced_and_a_start_takes_what_served_as_it_was() {
    let set = [
        "--set",
        "plugins.shop.smoke_test=safe",
        "--set",
        "plugins.shop.prefix=/inn",
    ];
    let served = Served::new(&[("shop", &shop("1", 12))], &set).await;
    let file = served.plugins.parent().unwrap().join("new.wasm");
    std::fs::write(&file, shop("1", 13)).unwrap();
    let (code, said) = deploy(&served, &file, &[]).await;
    assert_eq!(
        (code, said.as_str()),
        (Some(1), &*format!("error: {REFUSED}\n"))
    );
    let (code, said) = deploy(&served, &file, &["--force"]).await;
    assert_eq!((code, said.as_str()), (Some(0), "shop@2 serves\n"));
    // It was forced once, and not again.
    let served = served.killed().await;
    assert_eq!(served.client().get("/inn/rooms?n=13").await.status, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_start_a_new_file_whose_examples_fail_is_not_served() {
    let set = ["--set", "plugins.shop.smoke_test=safe"];
    let served = Served::new(&[("shop", &shop("1", 13))], &set).await;
    assert_eq!(served.client().get("/rooms?n=12").await.status, 404);
}
