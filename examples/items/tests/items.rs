//! On this machine, without a server, but through the host's own checks: `cargo test -p items`.

use serde_json::json;
use switchback_sdk::TestClient;

#[test]
fn an_item_is_answered_with_its_defaults_filled_in() {
    let client = TestClient::new(items::plugin());
    let hammer = json!({"name": "Hammer", "price": 12.5});
    let response = client
        .post("/items/7")
        .query("q", "abc")
        .json(&hammer)
        .send();
    assert_eq!(response.status, 200);
    let item = json!({"name": "Hammer", "price": 12.5, "in_stock": true, "tags": []});
    assert_eq!(response.value(), json!({"id": 7, "q": "abc", "item": item}));
}

#[test]
fn every_broken_rule_is_told_at_once() {
    let client = TestClient::new(items::plugin());
    let wrong = json!({"name": "", "price": 0});
    let response = client.post("/items/seven").json(&wrong).send();
    assert_eq!(response.status, 422);
    let places: Vec<_> = response.value()["detail"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|broken| broken["loc"][1].clone())
        .collect();
    assert_eq!(places, ["id", "name", "price"]);
}
