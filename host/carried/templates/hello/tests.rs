//! The routes on this machine, through the checks of the host: `cargo test`.

use serde_json::json;
use switchback_sdk::TestClient;

fn client() -> TestClient {
    TestClient::new(CRATE::plugin())
}

#[test]
fn a_greeting_is_said_as_often_as_asked() {
    let response = client().get("/hello/World?times=2").send();
    assert_eq!(response.value(), json!({ "message": "Hello World World" }));
}

#[test]
fn a_card_needs_a_sender() {
    let response = client().post("/cards").json(&json!({ "from": "" })).send();
    assert_eq!(response.status, 422);
    assert_eq!(response.value()["detail"][0]["loc"], json!(["body", "from"]));
}
