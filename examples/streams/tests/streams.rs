//! The example's own tests, on this machine.

use serde_json::json;
use switchback_sdk::TestClient;

fn client() -> TestClient {
    TestClient::new(streams::plugin())
}

#[test]
fn a_clock_ticks_as_often_as_it_is_asked_to() {
    let events = client().get("/clock?ticks=1").send().events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event.as_deref(), Some("tick"));
}

#[test]
fn primes_come_a_line_each() {
    let response = client().get("/primes?count=3").send();
    assert_eq!(response.header("content-type"), Some("application/jsonl"));
    let primes: Vec<serde_json::Value> = response.lines();
    assert_eq!(primes[2], json!({"number": 3, "prime": 5}));
}

#[test]
fn lines_are_counted_while_they_come() {
    let text = "one\ntwo\n";
    let counted = client().post("/count").body("text/plain", text).send();
    assert_eq!(counted.value(), json!({"lines": 2, "bytes": 8}));

    let events = client().post("/progress").body("text/plain", text).send();
    let last = events.events().pop().expect("there is a last one");
    assert_eq!(last.event.as_deref(), Some("end"));
    assert_eq!(last.json::<serde_json::Value>()["lines"], 2);
}
