//! A call that went wrong is sent once more, through what serves or another build, and what comes of it is told.

use serde_json::{Value, json};
use switchback::{Against, Event, FaultConfig, ReplayVerdict};
use switchback_tests::guests::{Describe, blank, contract};
use switchback_tests::harness::event;
use switchback_tests::process::{Served, program};

use crate::contracts::with_paths;
use crate::faults::{host, inn, takes_n};
use crate::readme::shown;

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_tells_whether_a_build_mends_a_fault_and_touches_nothing_that_serves() {
    let harness = host(FaultConfig::default()).await;
    harness.deploy("inn", inn("1")).await.expect("served");
    let mut client = harness.client();
    assert_eq!(client.get("/rooms?n=12").await.status, 200);
    assert_eq!(client.get("/rooms?n=13").await.status, 500);
    let before = harness.host.plugins();
    let mut events = harness.host.events();
    let id = harness.host.faults()[0].id;
    let replay = async |against| harness.host.replay(id, against, false).await.unwrap();

    let same = replay(Against::Serving).await;
    assert_eq!(same.verdict, ReplayVerdict::Same);
    assert_eq!((same.then.status, same.now.status), (500, 500));
    assert!(same.now.log.iter().any(|line| line.contains("no room 13")));
    let mended = replay(Against::Component(Box::new(inn("2").into()))).await;
    assert_eq!(mended.verdict, ReplayVerdict::Mended);
    let answer = mended.now.answer.unwrap();
    let text = answer.body.unwrap().content.unwrap();
    let told: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(told["params"], json!({ "query": { "n": 13 } }));
    let status = blank(
        &with_paths(&json!({ "/rooms": { "get": takes_n("bad-header") } })),
        "1",
        Describe::Contract,
    );
    let other = replay(Against::Component(Box::new(status.into()))).await;
    assert_eq!(other.verdict, ReplayVerdict::Other);
    let elsewhere = blank(
        &contract(&[("get", "/x", "version")]),
        "1",
        Describe::Contract,
    );
    let refused = replay(Against::Component(Box::new(elsewhere.into()))).await;
    assert_eq!(
        (refused.verdict, refused.now.status),
        (ReplayVerdict::Refused, 404)
    );

    // The two calls of the client, and nothing else.
    let after = harness.host.plugins();
    assert_eq!(after[0].answers, before[0].answers);
    assert_eq!(after[0].limit_hits, before[0].limit_hits);
    assert_eq!(harness.host.faults().len(), 1);
    let told = event(&mut events, |_| true).await;
    assert!(
        matches!(
            &told,
            Event::Replayed {
                verdict: ReplayVerdict::Same,
                ..
            }
        ),
        "{told:?}"
    );

    harness.deploy("inn", inn("2")).await.expect("served");
    let mended = replay(Against::Serving).await;
    assert_eq!(
        (mended.verdict, &*mended.against),
        (ReplayVerdict::Mended, "revision 2")
    );
    let same = replay(Against::Revision(1)).await;
    assert_eq!(same.verdict, ReplayVerdict::Same);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_change_something_is_replayed_only_with_force_and_what_is_not_kept_never() {
    let harness = host(FaultConfig {
        body_bytes: 10,
        ..FaultConfig::default()
    })
    .await;
    let operation = json!({
        "operationId": "trap",
        "requestBody": { "content": { "text/plain": {} } },
        "responses": {},
    });
    let paths = json!({ "/x": { "post": operation } });
    let guest = blank(&with_paths(&paths), "1", Describe::Contract);
    harness.deploy("shop", guest).await.expect("served");
    let headers = [("content-type", "text/plain")];
    let mut client = harness.client();
    client.send("POST", "/x", &headers, "short").await;
    client
        .send("POST", "/x", &headers, "longer than is kept")
        .await;
    let host = &harness.host;
    let refused = host.replay(1, Against::Serving, false).await.unwrap_err();
    assert!(refused.to_string().contains("--force"), "{refused}");
    let forced = host.replay(1, Against::Serving, true).await.unwrap();
    assert_eq!(forced.verdict, ReplayVerdict::Same);
    let refused = host.replay(2, Against::Serving, true).await.unwrap_err();
    let why = "the body of fault 2 was not kept: it has 19 bytes, and `faults.body_bytes` is 10";
    assert_eq!(refused.to_string(), why);
    let unknown = host.replay(3, Against::Serving, true).await.unwrap_err();
    assert_eq!(unknown.to_string(), "fault 3 is not kept, or not any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_replayed_with_its_fields_and_files() {
    let harness = host(FaultConfig::default()).await;
    let form = |id: &str| {
        let file = json!({ "type": "string", "format": "binary" });
        let schema = json!({ "type": "object", "properties": {
            "file": file,
            "tags": { "type": "array", "items": { "type": "integer" } },
        } });
        let operation = json!({
            "operationId": id,
            "parameters": [{ "name": "n", "in": "query", "schema": { "type": "integer" } }],
            "requestBody": { "content": { "multipart/form-data": { "schema": schema } } },
            "responses": {},
        });
        blank(
            &with_paths(&json!({ "/x": { "post": operation } })),
            "1",
            Describe::Contract,
        )
    };
    harness.deploy("shop", form("trap")).await.expect("served");
    let sent = "--b\r\ncontent-disposition: form-data; name=\"tags\"\r\n\r\n1\r\n\
                --b\r\ncontent-disposition: form-data; name=\"tags\"\r\n\r\n2\r\n\
                --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
                content-type: text/plain\r\n\r\nswitchback-fault\r\n--b--\r\n";
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let reply = harness
        .client()
        .send("POST", "/x?n=99", &headers, sent)
        .await;
    assert_eq!(reply.status, 500);
    let against = Against::Component(Box::new(form("files").into()));
    let replay = harness.host.replay(1, against, true).await.unwrap();
    assert_eq!(replay.verdict, ReplayVerdict::Mended, "{replay:?}");
    let text = replay.now.answer.unwrap().body.unwrap().content.unwrap();
    let told: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(told["fields"], json!({ "tags": [1, 2] }));
    assert_eq!(told["files"][0]["content"], "switchback-fault");
    assert_eq!(told["files"][0]["name"], "a.txt");
}

/// With the moments that differ from run to run made the same.
fn undated(text: &str) -> String {
    const LENGTH: usize = "Sun, 29 Nov 2026 07:12:31".len();
    let mut undated = String::new();
    let mut rest = text;
    while let Some(end) = rest.find(" GMT") {
        undated.push_str(&rest[..end - LENGTH]);
        undated.push_str("then");
        rest = &rest[end + 4..];
    }
    undated + rest
}

/// Whether a text is what is shown of it, where `…` stands for anything.
fn is_shown(shown: &str, said: &str) -> bool {
    let mut pieces = shown.split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = said.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
        last = Some(piece);
    }
    rest.is_empty() || last.is_some_and(str::is_empty)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_of_the_docs_records_a_fault_and_shows_it_mended() {
    let served = Served::new(&[("inn", &inn("1"))], &[]).await;
    let folder = served.plugins.parent().unwrap();
    std::fs::write(folder.join("inn-2.wasm"), inn("2")).unwrap();
    let bin = program().parent().unwrap().display().to_string();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap());
    let address = served.address.to_string();
    let heading = "### A fault, and its mended build";
    let commands = shown("docs/operating.md", Some(heading));
    assert!(commands.len() > 5, "{commands:?}");
    for (typed, output) in commands {
        let here = |text: &str| text.replace("127.0.0.1:8000", &address);
        let silent = here(&typed).replacen("curl", "curl --silent", 1);
        let mut shell = tokio::process::Command::new("sh");
        shell
            .args(["-c", &silent])
            .env("PATH", &path)
            .current_dir(folder);
        let run = shell.output().await.expect("a shell");
        let said = String::from_utf8_lossy(&run.stdout);
        let (shown, said) = (undated(&here(&output)), undated(said.trim_end()));
        assert!(
            is_shown(&shown, &said),
            "{typed} says\n{said}\nand not\n{shown}"
        );
        // What is not mended is told by the exit status, too.
        let mended = !output.contains("it goes wrong");
        assert_eq!(run.status.success(), mended, "{typed}: {run:?}");
    }
    let audit = std::fs::read_to_string(served.plugins.join(".switchback/audit.jsonl")).unwrap();
    let replays: Vec<Value> = audit
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["change"] == "replay")
        .collect();
    assert_eq!(replays.len(), 2);
    assert_eq!(replays[1]["verdict"], "mended");
}
