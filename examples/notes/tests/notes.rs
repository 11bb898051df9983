//! The notes, through the host's checks, on this machine.

use serde_json::{Value, json};
use switchback_sdk::{TestClient, TestResponse};

fn client() -> TestClient {
    TestClient::new(notes::plugin())
}

fn create(client: &TestClient, note: &Value) -> TestResponse {
    client.post("/notes").json(note).send()
}

#[test]
fn a_note_lives_from_post_to_delete() {
    let client = client();
    let response = create(&client, &json!({"title": "Milk", "from": 3}));
    assert_eq!(response.status, 201);
    assert_eq!(response.header("location"), Some("/notes/1"));
    let kept = json!({"id": 1, "title": "Milk", "text": "", "from": 3, "until": null});
    assert_eq!(response.value(), kept);
    assert_eq!(client.get("/notes/1").send().value(), kept);

    let response = client
        .patch("/notes/1")
        .json(&json!({"text": "two litres"}))
        .send();
    assert_eq!(response.value()["text"], "two litres");
    assert_eq!(response.value()["title"], "Milk");

    let response = client
        .put("/notes/1")
        .json(&json!({"title": "Bread"}))
        .send();
    assert_eq!(response.value()["text"], "");

    let response = client.delete("/notes/1").send();
    assert_eq!((response.status, response.text()), (204, String::new()));
    assert_eq!(client.get("/notes/1").send().status, 404);
}

#[test]
fn a_list_is_read_in_pages() {
    let client = client();
    for n in 0..5 {
        create(&client, &json!({ "title": format!("note {n}") }));
    }
    let page = client
        .get("/notes")
        .query("limit", "2")
        .query("offset", "3")
        .send()
        .value();
    assert_eq!(page["total"], 5);
    assert_eq!(page["notes"][0]["title"], "note 3");
    assert_eq!(page["notes"].as_array().map(Vec::len), Some(2));
    assert_eq!(client.get("/notes?limit=0").send().status, 422);
}

#[test]
fn what_is_not_there_is_404_with_words() {
    let client = client();
    let requests = [
        client.get("/notes/7"),
        client.put("/notes/7").json(&json!({"title": "x"})),
        client.patch("/notes/7").json(&json!({})),
        client.delete("/notes/7"),
    ];
    for request in requests {
        let response = request.send();
        assert_eq!(response.status, 404);
        assert_eq!(response.value(), json!({"detail": "There is no such note"}));
    }
}

#[test]
fn a_title_is_had_by_one_note() {
    let client = client();
    create(&client, &json!({"title": "Milk"}));
    let response = create(&client, &json!({"title": "Milk"}));
    assert_eq!(response.status, 409);
    assert_eq!(response.value(), json!({"detail": {"id": 1}}));
    let same = client
        .put("/notes/1")
        .json(&json!({"title": "Milk", "text": "now"}))
        .send();
    assert_eq!(same.status, 200);
}

#[test]
fn days_in_the_wrong_order_are_told_as_the_host_tells_it() {
    let client = client();
    let response = create(&client, &json!({"title": "Milk", "from": 5, "until": 4}));
    assert_eq!(response.status, 422);
    let told = &response.value()["detail"][0];
    assert_eq!(told["loc"], json!(["body", "until"]));
    assert_eq!(told["msg"], "Value error, must not be before `from`");
    assert_eq!(told["input"], 4);
    // The host's own checks come first, in the same shape.
    let response = create(&client, &json!({"title": ""}));
    assert_eq!(response.value()["detail"][0]["type"], "string_too_short");
}

#[test]
fn every_answer_is_in_the_contract() {
    let document: Value = serde_json::from_str(&notes::plugin().openapi()).expect("JSON");
    let statuses = |pointer: &str| -> Vec<String> {
        let responses = &document.pointer(pointer).expect("an operation")["responses"];
        let responses = responses.as_object().expect("an object");
        responses.keys().cloned().collect()
    };
    assert_eq!(statuses("/paths/~1notes/post"), ["201", "404", "409"]);
    assert_eq!(
        statuses("/paths/~1notes~1{id}/delete"),
        ["204", "404", "409"]
    );
    assert_eq!(document["x-switchback-instances"], 1);
}
