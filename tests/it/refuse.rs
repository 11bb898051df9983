//! What must be refused: with one error that says what is wrong and what to do, and without harm to what is served.

use serde_json::{Value, json};
use switchback::{Config, ErrorKind, Limits};
use switchback_tests::Harness;
use switchback_tests::guests::{self, Describe, blank, hello};

use crate::contracts;

/// Offers bytes under the name of a plugin that is served, and beside it; both are refused alike and harm nobody.
async fn refused(bytes: Vec<u8>, kind: ErrorKind, words: &[&str]) {
    refused_under(Limits::default(), bytes, kind, words).await;
}

async fn refused_under(limits: Limits, bytes: Vec<u8>, kind: ErrorKind, words: &[&str]) {
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    harness
        .deploy("hello", hello())
        .await
        .expect("the example is served");
    let before = harness.host.openapi();
    for name in ["hello", "newcomer"] {
        let error = harness
            .deploy(name, bytes.clone())
            .await
            .expect_err("it is refused");
        assert_eq!(error.kind(), kind, "{error}");
        let text = error.to_string();
        for word in words {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
        assert!(
            !text.contains('\n') && text.len() < 1000,
            "not one readable line: {text}"
        );
    }
    let reply = harness.client().get("/hello/World").await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (200, r#"{"message":"Hello World"}"#)
    );
    assert_eq!(harness.host.openapi(), before);
}

async fn contract_refused(contract: &str, words: &[&str]) {
    refused(
        blank(contract, "1", Describe::Contract),
        ErrorKind::Contract,
        words,
    )
    .await;
}

/// A contract with one GET whose only query parameter has this schema.
fn with_schema(schema: &Value) -> String {
    let mut operation = contracts::operation("op");
    operation["parameters"] = json!([{ "name": "q", "in": "query", "schema": schema }]);
    contracts::with_paths(&json!({ "/op": { "get": operation } }))
}

macro_rules! refusals {
    ($($name:ident: $call:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            $call.await;
        }
    )*};
}

refusals! {
    an_empty_file_is_refused: refused(Vec::new(), ErrorKind::Component, &["empty"]);
    a_truncated_component_is_refused: async {
        let whole = hello();
        refused(whole[..whole.len() / 2].to_vec(), ErrorKind::Component, &["damaged"]).await;
    };
    random_bytes_are_refused: async {
        let mut random = b"\0asm\x0d\0\x01\0".to_vec();
        random.extend((0..10_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8));
        refused(random, ErrorKind::Component, &["damaged"]).await;
        refused(vec![0xA5; 4096], ErrorKind::Component, &["no WebAssembly component"]).await;
    };
    text_is_refused: refused(b"(component)".to_vec(), ErrorKind::Component, &["no WebAssembly component"]);
    a_core_module_is_refused: refused(
        guests::core_module(), ErrorKind::Component, &["core WebAssembly module", "wasm32-wasip2"]
    );
    a_component_without_our_exports_is_refused: refused(
        guests::without_exports(), ErrorKind::Interface, &["exports no `switchback:plugin/handler@0.1.0`", "plugin!"]
    );
    a_component_for_another_interface_version_is_refused: refused(
        guests::of_another_version(), ErrorKind::Interface, &["switchback:plugin@0.2.0", "serves 0.1", "rebuild"]
    );
    a_component_with_an_import_that_nobody_offers_is_refused: refused(
        guests::with_an_unknown_import(), ErrorKind::Interface, &["acme:database/queries@1.0.0", "offers"]
    );
    a_component_of_a_draft_of_wasi_http_is_refused: refused(
        guests::of_text(r#"(component (instance $i) (export "wasi:http/handler@0.3.0-rc-2026-03-15" (instance $i)))"#),
        ErrorKind::Interface, &["wasi:http/handler@0.3.0-rc-2026-03-15", "wasi:http/handler@0.3.x"]
    );
    what_wasi_0_3_has_without_tasks_is_offered_too: refused(
        guests::of_text(r#"(component (import "wasi:random/random@0.3.0" (instance
            (export "get-random-u64" (func (result u64))))))"#),
        ErrorKind::Interface, &["exports no", "nothing"]
    );
    a_contract_that_is_no_json_is_refused: contract_refused("{ openapi", &["JSON"]);
    a_contract_that_is_no_openapi_is_refused: contract_refused("{}", &["openapi"]);
    openapi_3_0_is_refused: contract_refused(
        r#"{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{}}"#, &["3.0.3", "3.1"]
    );
    an_external_ref_is_refused: contract_refused(
        &with_schema(&json!({ "$ref": "https://example.com/x.json" })), &["https://example.com/x.json"]
    );
    an_unresolvable_ref_is_refused: contract_refused(
        &with_schema(&json!({ "$ref": "#/components/schemas/Nowhere" })), &["#/components/schemas/Nowhere"]
    );
    an_id_in_a_schema_is_refused: contract_refused(
        &with_schema(&json!({ "$id": "urn:x", "type": "string" })), &["$id"]
    );
    an_invalid_schema_is_refused: contract_refused(&with_schema(&json!({ "type": "text" })), &["text"]);
    a_pattern_with_look_around_is_refused: contract_refused(
        &with_schema(&json!({ "type": "string", "pattern": "^(?=a)b" })), &["(?=a)"]
    );
    a_hundred_thousand_operations_are_refused: async {
        // The document itself is allowed to be large enough to count them.
        let limits = Limits { contract_bytes: 64 << 20, ..Limits::default() };
        let guest = blank("", "1", Describe::Operations(100_000));
        refused_under(limits, guest, ErrorKind::Contract, &["2000", "operations"]).await;
    };
    openapi_that_traps_is_refused: refused(
        blank("", "1", Describe::Trap), ErrorKind::Describe, &["`openapi()` failed"]
    );
    openapi_that_spins_is_refused: async {
        let limits = Limits { describe_cpu_ms: 100, ..Limits::default() };
        let spins = blank("", "1", Describe::Spin);
        refused_under(limits, spins, ErrorKind::Describe, &["describe_cpu_ms = 100", "should return a constant"]).await;
    };
    openapi_that_waits_is_refused: async {
        let waits = blank("", "1", Describe::Wait);
        refused(waits, ErrorKind::Describe, &["`openapi()` waited for more than 5 s"]).await;
    };
    openapi_that_returns_100_megabytes_is_refused: refused(
        blank("", "1", Describe::Bytes(100_000_000)), ErrorKind::Contract, &["contract_bytes"]
    );
    a_form_whose_fields_are_no_list_is_refused_by_name: async {
        let mut operation = contracts::operation("form");
        operation["requestBody"] = json!({ "content": { "application/x-www-form-urlencoded": { "schema": { "oneOf": [{}], "type": "object" } } } });
        contract_refused(&contracts::with_paths(&json!({ "/form": { "post": operation } })), &["`oneOf`", "application~1x-www-form-urlencoded"]).await;
    };
    a_path_of_the_hosts_own_is_refused: async {
        for path in ["/docs", "/openapi.json", "/-/live", "/openapi/x.json"] {
            let contract = contracts::with_paths(&json!({ path: { "get": contracts::operation("x") } }));
            refused(blank(&contract, "1", Describe::Contract), ErrorKind::Clash, &[path, "host's own"]).await;
        }
    };
    a_component_larger_than_its_limit_is_refused: async {
        let hello = hello();
        let limits = Limits { component_bytes: hello.len() as u64, ..Limits::default() };
        let mut larger = hello.clone();
        larger.push(0);
        refused_under(limits, larger, ErrorKind::Component, &["component_bytes"]).await;
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_outside_the_rule_is_refused() {
    let harness = Harness::new().await;
    for name in [
        "",
        "Hello",
        "1st",
        "-x",
        "a_b",
        "a.b",
        "ä",
        "a/b",
        &"x".repeat(65),
    ] {
        let error = harness
            .deploy(name, hello())
            .await
            .expect_err("it is refused");
        assert_eq!(error.kind(), ErrorKind::Name, "{error}");
    }
    assert!(harness.host.plugins().is_empty());
}
