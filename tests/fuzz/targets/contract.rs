//! Any text as a contract: it is read or refused, soon, and what is read answers requests.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use switchback::{Checks, GuestAnswer, Limits};

/// As many paths are asked: reading is what this target is about.
const ASKED: usize = 8;

fuzz_target!(|text: &str| {
    let Ok(checks) = Checks::new(text, Limits::default()) else {
        return;
    };
    let document: Value = serde_json::from_str(text).expect("a contract is JSON");
    let Some(paths) = document["paths"].as_object() else {
        return;
    };
    for (path, item) in paths.iter().take(ASKED) {
        let methods = item
            .as_object()
            .map(|item| item.keys().map(|key| key.to_ascii_uppercase()).collect());
        let methods: Vec<String> = methods.unwrap_or_default();
        for method in methods.into_iter().take(ASKED).chain(["GET".into()]) {
            for body in ["", "{\"a\":[{\"a\":1}]}", "a=1&b="] {
                let request = http::Request::builder()
                    .method(method.as_str())
                    .uri(path.replace(['{', '}'], "") + "?a=1&b=x&b=")
                    .header(
                        "content-type",
                        if body.starts_with('{') {
                            "application/json"
                        } else {
                            "application/x-www-form-urlencoded"
                        },
                    )
                    .body(Bytes::from_static(body.as_bytes()));
                let Ok(request) = request else { continue };
                let answer = checks.dispatch(request, |call| GuestAnswer {
                    status: 200,
                    headers: Vec::new(),
                    body: call.admitted.params.into(),
                });
                assert!(
                    !answer.status().is_server_error(),
                    "answered {}",
                    answer.status()
                );
            }
        }
    }
});
