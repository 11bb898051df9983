//! The operations, through the host's checks, on this machine.

use serde_json::json;
use switchback_sdk::TestClient;

#[test]
fn an_item_is_listed_from_when_it_is_added_until_it_is_deleted() {
    let client = TestClient::new(stock::plugin());
    assert_eq!(client.get("/api/items").send().value(), json!([]));
    let hammer = json!({"name": "Hammer", "price": 12.5});
    let added = client.post("/api/items").json(&hammer).send();
    let kept = json!({"id": 1, "name": "Hammer", "price": 12.5, "in_stock": true});
    assert_eq!((added.status, added.value()), (201, kept.clone()));
    assert_eq!(client.get("/api/items").send().value(), json!([kept]));
    assert_eq!(client.get("/api/items/1").send().value(), kept);
    assert_eq!(client.delete("/api/items/1").send().status, 204);
    assert_eq!(client.get("/api/items/1").send().status, 404);
    let refused = client
        .post("/api/items")
        .json(&json!({"name": "", "price": 0}))
        .send();
    assert_eq!(refused.status, 422);
}
