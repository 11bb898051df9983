//! Calls that went wrong are kept, without secrets and within bounds; `replays.rs` sends them once more.

use std::sync::Arc;

use serde_json::{Value, json};
use switchback::{
    Against, AnswerChecks, Change, Config, Event, Fault, FaultConfig, FaultKind, Limits,
    ReplayVerdict, Rollout,
};
use switchback_tests::Client;
use switchback_tests::guests::{Describe, Hoard, blank, contract, hoard};
use switchback_tests::harness::{Harness, event, until};

use crate::contracts::with_paths;

pub(crate) async fn host(faults: FaultConfig) -> Harness {
    let limits = Limits {
        cpu_ms: 50,
        time_ms: 2_000,
        ..Limits::default()
    };
    Harness::with(Config {
        limits,
        faults,
        ..Config::default()
    })
    .await
}

pub(crate) fn takes_n(id: &str) -> Value {
    json!({
        "operationId": id,
        "parameters": [{ "name": "n", "in": "query", "schema": { "type": "integer" } }],
        "responses": { "200": { "description": "ok" } },
    })
}

/// `GET /rooms?n=` fails for 13 in version 1, and in no other.
pub(crate) fn inn(version: &str) -> Vec<u8> {
    let items = json!({ "/rooms": { "get": takes_n("room"), "put": takes_n("trap") } });
    blank(&with_paths(&items), version, Describe::Contract)
}

fn kinds(harness: &Harness) -> Vec<FaultKind> {
    let faults = harness.host.faults();
    faults.iter().rev().map(|fault| fault.kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_kept_with_what_was_asked_logged_and_answered() {
    let harness = host(FaultConfig::default()).await;
    let operation = json!({
        "operationId": "trap",
        "parameters": [{ "name": "n", "in": "query", "schema": { "type": "integer" } }],
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "type": "object" } } } },
        "responses": {},
    });
    let paths = json!({ "/x": { "post": operation } });
    let guest = blank(&with_paths(&paths), "1", Describe::Contract);
    harness.deploy("shop", guest).await.expect("served");
    let mut events = harness.host.events();
    let headers = [
        ("content-type", "application/json"),
        ("x-request-id", "ours-1"),
        ("x-seen", "yes"),
    ];
    let reply = harness
        .client()
        .send("POST", "/x?n=7&m=8", &headers, r#"{"a": [1]}"#)
        .await;
    assert_eq!(reply.status, 500);
    let told = event(&mut events, |event| {
        matches!(event, Event::FaultKept { .. })
    })
    .await;
    let Event::FaultKept { fault: id, .. } = told else {
        unreachable!()
    };
    let fault = harness.host.fault(id).unwrap();
    assert_eq!(
        (&*fault.plugin, fault.revision, &*fault.operation),
        ("shop", 1, "trap")
    );
    assert_eq!((fault.kind, fault.status), (FaultKind::Trap, 500));
    assert!(fault.cause.contains("unreachable"), "{}", fault.cause);
    assert_eq!(fault.request_id, "ours-1");
    assert_eq!(fault.request.method, "POST");
    assert_eq!(fault.request.uri, "/x?n=7&m=8");
    assert_eq!(fault.request.params, json!({ "query": { "n": 7 } }));
    let seen = ("x-seen".to_owned(), "yes".to_owned());
    assert!(fault.request.headers.contains(&seen));
    let body = fault.request.body.as_ref().unwrap();
    assert_eq!(body.content.as_deref(), Some(&br#"{"a": [1]}"#[..]));
    assert!(
        fault.log.iter().any(|line| line.contains("asked to trap")),
        "{:?}",
        fault.log
    );
    assert_eq!(fault.answer, None);
    assert!(fault.hidden.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_tells_the_functions_that_it_was_in() {
    let harness = host(FaultConfig::default()).await;
    let guest = hoard(&contract(&[("get", "/x", "segments")]), Hoard::default());
    harness.deploy("shop", guest).await.expect("served");
    let mut client = harness.client();
    // Dropped segments are there no more at the second call in an instance.
    client.get("/x").await;
    assert_eq!(client.get("/x").await.status, 500);
    assert_eq!(harness.host.faults()[0].frames, ["segments"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_does_wrong_is_kept_and_what_others_do_is_not() {
    let harness = host(FaultConfig::default()).await;
    let paths: serde_json::Map<String, Value> = ["spin", "wait", "bad-header", "status", "version"]
        .map(|id| (format!("/{id}"), json!({ "get": takes_n(id) })))
        .into_iter()
        .collect();
    let mut paths = Value::Object(paths);
    let wrong = json!({ "type": "object", "required": ["price"] });
    paths["/version"]["get"]["responses"] = json!({ "200": {
        "description": "ok", "content": { "application/json": { "schema": wrong } },
    } });
    let guest = blank(&with_paths(&paths), "1", Describe::Contract);
    harness.deploy("shop", guest).await.expect("served");
    let mut client = harness.client();
    for (target, status) in [
        ("/status?n=404", 404),
        ("/status?n=x", 422),
        ("/nothing", 404),
        ("/status?n=200", 200),
    ] {
        assert_eq!(client.get(target).await.status, status, "{target}");
    }
    assert_eq!(kinds(&harness), []);
    for (target, status) in [
        ("/spin", 504),
        ("/wait", 504),
        ("/bad-header", 500),
        ("/status?n=503", 503),
        // Looked at and answered as it is.
        ("/version", 200),
    ] {
        assert_eq!(client.get(target).await.status, status, "{target}");
    }
    use FaultKind::{Answered, BadAnswer, Limit, OffContract};
    assert_eq!(
        kinds(&harness),
        [Limit, Limit, BadAnswer, Answered, OffContract]
    );
    let faults = harness.host.faults();
    let answer = faults[0].answer.as_ref().unwrap();
    assert_eq!((faults[0].status, answer.status), (200, 200));
    let body = answer.body.as_ref().unwrap();
    assert_eq!(body.content.as_deref(), Some(&br#"{"version":"1"}"#[..]));
    assert!(faults[0].cause.contains("price"), "{}", faults[0].cause);
    assert_eq!(
        faults[1].cause,
        "the plugin answered 503 Service Unavailable"
    );
    assert_eq!(faults[4].cause, "limit `cpu_ms` was hit");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_enforcing_keeps_back_is_kept_with_its_fault() {
    let limits = Limits {
        answers: AnswerChecks::Enforced,
        ..Limits::default()
    };
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    let paths = json!({ "/x": { "get": {
        "operationId": "version",
        "responses": { "200": { "description": "ok", "content": { "application/json": {
            "schema": { "type": "object", "properties": { "version": { "type": "integer" } } },
        } } } },
    } } });
    let guest = blank(&with_paths(&paths), "one", Describe::Contract);
    harness.deploy("shop", guest).await.expect("served");
    assert_eq!(harness.client().get("/x").await.status, 500);
    let fault = &harness.host.faults()[0];
    assert_eq!((fault.kind, fault.status), (FaultKind::OffContract, 500));
    assert_eq!(fault.answer.as_ref().unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_kept_wherever_a_contract_or_a_setting_says_that_it_is_one() {
    let harness = host(FaultConfig {
        hidden_headers: vec!["X-Ours".into()],
        ..FaultConfig::default()
    })
    .await;
    let secret = json!({ "type": "string", "format": "password" });
    let body = json!({ "type": "object", "properties": {
        "name": { "type": "string" },
        "login": { "type": "object", "properties": { "pin": { "type": "string", "writeOnly": true } } },
    } });
    let form =
        json!({ "type": "object", "properties": { "pin": secret, "name": { "type": "string" } } });
    let operation = |content: Value| {
        json!({
            "operationId": format!("status{}", content.as_object().unwrap().len()),
            "parameters": [
                { "name": "code", "in": "path", "required": true, "schema": secret },
                { "name": "otp", "in": "query", "schema": secret },
                { "name": "X-Pass", "in": "header", "schema": secret },
                { "name": "session", "in": "cookie", "schema": { "type": "string" } },
            ],
            "requestBody": { "content": content },
            "responses": {},
        })
    };
    let mut post = operation(json!({ "application/json": { "schema": body } }));
    post["operationId"] = "trap".into();
    let mut put = operation(json!({
        "application/x-www-form-urlencoded": { "schema": form },
        "multipart/form-data": { "schema": form },
    }));
    put["operationId"] = "exit".into();
    let mut document: Value = serde_json::from_str(&with_paths(
        &json!({ "/x/{code}": { "post": post, "put": put } }),
    ))
    .unwrap();
    document["components"]["securitySchemes"] = json!({
        "key": { "type": "apiKey", "in": "query", "name": "key" },
    });
    let guest = blank(&document.to_string(), "1", Describe::Contract);
    harness.deploy("shop", guest).await.expect("served");
    let mut client = harness.client();
    let target = "/x/SECRET-0?otp=SECRET-1&open=yes&key=SECRET-2";
    let headers = |media_type| {
        [
            ("content-type", media_type),
            ("authorization", "Bearer SECRET-3"),
            ("cookie", "session=SECRET-4"),
            ("x-pass", "SECRET-5"),
            ("x-ours", "SECRET-6"),
            ("x-open", "seen"),
        ]
    };
    let json_sent = r#"{"name":"ada","login":{"pin":"SECRET-7"}}"#;
    let multipart = "--b\r\ncontent-disposition: form-data; name=\"pin\"\r\n\r\nSECRET-8\r\n\
                     --b\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\nada\r\n--b--\r\n";
    for (method, media_type, sent) in [
        ("POST", "application/json", json_sent),
        (
            "PUT",
            "application/x-www-form-urlencoded",
            "pin=SECRET-9&name=ada",
        ),
        ("PUT", "multipart/form-data; boundary=b", multipart),
    ] {
        let reply = client
            .send(method, target, &headers(media_type), sent)
            .await;
        assert_eq!(reply.status, 500, "{}", reply.text());
    }
    let faults = harness.host.faults();
    assert_eq!(faults.len(), 3);
    for fault in &faults {
        let kept = format!("{fault:?} {}", serde_json::to_string(&**fault).unwrap());
        assert!(!kept.contains("SECRET"), "{kept}");
        assert_eq!(
            fault.request.uri,
            "/x/**********?otp=**********&open=yes&key=**********"
        );
        assert!(kept.contains("seen") && kept.contains("ada"), "{kept}");
        for place in [
            "header authorization",
            "header x-ours",
            "query otp",
            "path code",
        ] {
            assert!(
                fault.hidden.iter().any(|it| it == place),
                "{:?}",
                fault.hidden
            );
        }
    }
    assert!(faults[2].hidden.contains(&"body /login/pin".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_always_leaves_room_for_what_fails_once_and_nothing_grows() {
    let harness = host(FaultConfig {
        kept: 10,
        ..FaultConfig::default()
    })
    .await;
    let operations = [("get", "/once", "exit"), ("get", "/always", "trap")];
    let guest = blank(&contract(&operations), "1", Describe::Contract);
    harness.deploy("shop", guest).await.expect("served");
    let mut client = harness.client();
    client.get("/once").await;
    for _ in 0..30 {
        client.get("/always").await;
    }
    let faults = harness.host.faults();
    let ids: Vec<u64> = faults.iter().map(|fault| fault.id).collect();
    assert_eq!(ids, [31, 30, 1]);

    // Other bounds while it serves.
    for (kept, are) in [(2, vec![31, 30]), (0, vec![])] {
        let faults = FaultConfig {
            kept,
            ..FaultConfig::default()
        };
        let config = Config {
            faults,
            ..Config::default()
        };
        harness.host.reconfigure(config).await.expect("taken");
        client.get("/nothing").await;
        let faults = harness.host.faults();
        assert_eq!(faults.iter().map(|it| it.id).collect::<Vec<_>>(), are);
    }

    for faults in [
        FaultConfig {
            kept: 0,
            ..FaultConfig::default()
        },
        // Not even one fits.
        FaultConfig {
            bytes: 1 << 16,
            body_bytes: 1 << 16,
            ..FaultConfig::default()
        },
    ] {
        let harness = host(faults).await;
        let operation = json!({
            "operationId": "trap",
            "requestBody": { "content": { "text/plain": {} } },
            "responses": {},
        });
        let paths = json!({ "/x": { "post": operation } });
        let guest = blank(&with_paths(&paths), "1", Describe::Contract);
        harness.deploy("shop", guest).await.expect("served");
        let body = "x".repeat(1 << 16);
        let headers = [("content-type", "text/plain")];
        let reply = harness.client().send("POST", "/x", &headers, body).await;
        assert_eq!(reply.status, 500);
        assert_eq!(harness.host.faults(), Vec::<Arc<Fault>>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_a_copy_for_a_candidate_in_shadow_is_kept_as_that() {
    let harness = host(FaultConfig::default()).await;
    harness.deploy("inn", inn("2")).await.expect("served");
    let shadow = Change::Try {
        name: "inn".into(),
        component: inn("1").into(),
        rollout: Rollout {
            percent: 100.0,
            shadow: true,
            ..Rollout::default()
        },
    };
    harness.host.apply(vec![shadow]).await;
    assert_eq!(harness.client().get("/rooms?n=13").await.status, 200);
    let fault = until("the copy's fault", async || {
        harness.host.faults().into_iter().next()
    })
    .await;
    assert_eq!(
        (fault.copy, fault.revision, fault.kind),
        (true, 2, FaultKind::Trap)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_off_is_kept_with_what_was_asked() {
    let harness = host(FaultConfig::default()).await;
    let guest = blank(
        &contract(&[("get", "/x", "script")]),
        "1",
        Describe::Contract,
    );
    harness.deploy("shop", guest).await.expect("served");
    let headers = [("x-script", "start 200; write a; trap")];
    let reply = Client::new(harness.address)
        .try_send("GET", "/x", &headers, "")
        .await;
    assert!(reply.is_err());
    let fault = until("the fault", async || {
        harness.host.faults().into_iter().next()
    })
    .await;
    assert_eq!((fault.kind, fault.status), (FaultKind::Trap, 200));
    assert!(
        fault
            .request
            .headers
            .iter()
            .any(|(name, _)| name == "x-script")
    );
    let replay = harness.host.replay(fault.id, Against::Serving, false).await;
    assert_eq!(replay.unwrap().verdict, ReplayVerdict::Same);
}
