//! The example `notes` as a component: state in memory, seen by every client.

use serde_json::json;
use switchback::{Config, Limits};
use switchback_tests::{Harness, guests};

/// A host with the notes, on which also a slow machine refuses nobody.
async fn serving() -> Harness {
    let limits = Limits {
        queue_ms: 60_000,
        ..Limits::default()
    };
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    harness
        .deploy("notes", guests::notes())
        .await
        .expect("served");
    harness
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_the_same_for_every_client_and_gone_after_a_swap() {
    let harness = serving().await;
    let many = (0..20).map(|n| {
        let mut client = harness.client();
        tokio::spawn(async move {
            let note = json!({ "title": format!("note {n}") }).to_string();
            client.post("/notes", &note).await.json()["id"].as_u64()
        })
    });
    let mut ids = std::collections::BTreeSet::new();
    for created in many.collect::<Vec<_>>() {
        ids.insert(created.await.expect("no panic").expect("an id"));
    }
    assert_eq!(ids, (1..=20).collect());

    let mut client = harness.client();
    let page = client.get("/notes?limit=3&offset=18").await.json();
    assert_eq!(page["total"], 20);
    assert_eq!(page["notes"].as_array().map(Vec::len), Some(2));

    harness
        .deploy("notes", guests::notes())
        .await
        .expect("served anew");
    assert_eq!(client.get("/notes").await.json()["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_author_refuses_looks_like_what_the_host_refuses() {
    let harness = serving().await;
    let mut client = harness.client();
    let wrong = json!({"title": "Milk", "from": 5, "until": 4}).to_string();
    let reply = client.post("/notes", &wrong).await;
    assert_eq!(reply.status, 422);
    let told = json!({
        "type": "value_error",
        "loc": ["body", "until"],
        "msg": "Value error, must not be before `from`",
        "input": 4,
        "ctx": {"error": {}},
    });
    assert_eq!(reply.json(), json!({ "detail": [told] }));
    let missing = client.get("/notes/7").await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json(), json!({"detail": "There is no such note"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_an_authors_enum_stand_in_the_merged_document() {
    let harness = serving().await;
    let document = harness.client().get("/openapi.json").await.json();
    let responses = &document["paths"]["/notes/{id}"]["put"]["responses"];
    assert_eq!(
        responses["409"]["description"],
        "Another note has this title"
    );
    assert_eq!(
        responses["409"]["content"]["application/json"]["schema"]["properties"]["detail"]["$ref"],
        "#/components/schemas/notes.NoteErrorTitleTaken"
    );
    assert!(responses["422"].is_object());
}
