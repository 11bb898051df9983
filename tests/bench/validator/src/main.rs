//! Does one thing many times, so that its instructions can be counted:
//! `validator check|pass|parse item|list TIMES`.
//!
//! `check`: a request through all of the host's checks, its body parsed and held against the schema. `pass`: the same
//! request and the same bytes, declared as bytes, which are neither. What is between the two is parsing and checking.
//! `parse`: `serde_json::from_slice::<Value>` alone.

use std::hint::black_box;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use switchback::{Checks, GuestAnswer, Limits};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, body, times] = &arguments[..] else {
        panic!("usage: validator check|pass|parse item|list TIMES");
    };
    let times: usize = times.parse().expect("how many times");
    let item: Value = serde_json::from_str(include_str!("../../native/item-schema.json")).unwrap();
    let (schema, bytes) = match body.as_str() {
        "item" => (item, br#"{"name":"Hammer","price":12.5,"tags":["tool","steel"]}"#.to_vec()),
        _ => (json!({ "type": "array", "items": item }), list()),
    };
    if what == "parse" {
        for _ in 0..times {
            black_box(serde_json::from_slice::<Value>(black_box(&bytes)).unwrap());
        }
        return;
    }
    let content = match what.as_str() {
        "check" => json!({ "application/json": { "schema": schema } }),
        _ => json!({ "application/octet-stream": {} }),
    };
    let media_type = content.as_object().unwrap().keys().next().unwrap().clone();
    let contract = json!({
        "openapi": "3.1.0",
        "info": { "title": "items", "version": "1" },
        "paths": { "/items": { "post": {
            "operationId": "create",
            "requestBody": { "required": true, "content": content },
            "responses": {},
        } } },
    });
    let checks = Checks::new(&contract.to_string(), Limits::default()).unwrap();
    let bytes = Bytes::from(bytes);
    for _ in 0..times {
        let request = Request::post("/items")
            .header("content-type", media_type.as_str())
            .body(bytes.clone())
            .unwrap();
        let answer = checks.dispatch(request, |call| {
            black_box(call.admitted);
            GuestAnswer { status: 204, ..GuestAnswer::default() }
        });
        assert_eq!(answer.status(), 204, "{:?}", answer.body());
    }
}

/// 10,000 items in about 1 MB.
fn list() -> Vec<u8> {
    let items = (0..10_000).map(|nth| {
        let name = format!("Hammer number {nth} of the whole collection");
        json!({ "name": name, "price": nth as f64 + 0.5, "in_stock": nth % 2 == 0, "tags": ["tool"] })
    });
    serde_json::to_vec(&items.collect::<Vec<_>>()).unwrap()
}
