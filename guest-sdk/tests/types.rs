//! Types of other crates as parameters, by the SDK's features.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "tests")]

use std::net::IpAddr;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use switchback_sdk::TestClient;
use switchback_sdk::prelude::*;
use url::Url;
use uuid::Uuid;

/// One of each
#[get("/each/{id}")]
fn each(
    id: Uuid,
    day: NaiveDate,
    at: Option<DateTime<Utc>>,
    price: Option<Decimal>,
    site: Option<Url>,
    ip: Option<IpAddr>,
) -> Value {
    json!([id, day, at, price, site, ip])
}

plugin! { routes: [each] }

const ID: &str = "0d1c2e3f-4a5b-4c6d-8e7f-0123456789ab";

#[test]
fn types_of_other_crates_are_parameters_that_the_host_checks() {
    let client = TestClient::new(plugin());
    let query = "day=2024-02-29&at=2024-01-02T03:04:05Z&price=12.50&site=http://a.b&ip=::1";
    let response = client.get(&format!("/each/{ID}?{query}")).send();
    assert_eq!(
        response.value(),
        json!([
            ID,
            "2024-02-29",
            "2024-01-02T03:04:05Z",
            "12.50",
            "http://a.b/",
            "::1"
        ])
    );
    let response = client.get("/each/7?day=2023-02-29&at=now&site=x").send();
    assert_eq!(response.status, 422);
    let told: Vec<Value> = response.value()["detail"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["loc"][1].clone())
        .collect();
    assert_eq!(told, ["id", "day", "at", "site"]);
}

#[test]
fn what_only_the_type_knows_is_told_as_a_violation_too() {
    let client = TestClient::new(plugin());
    let long = "9".repeat(40);
    for (name, sent) in [("ip", "1.2"), ("price", &long)] {
        let target = format!("/each/{ID}?day=2024-02-29&{name}={sent}");
        let response = client.get(&target).send();
        assert_eq!(response.status, 422, "{name}");
        let detail = &response.value()["detail"];
        assert_eq!(detail[0]["type"], "value_error");
        assert_eq!(detail[0]["loc"], json!(["query", name]));
        assert_eq!(detail[0]["input"], sent);
    }
}
