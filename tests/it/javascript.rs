//! Plugins in JavaScript: what the shop of `examples/shop-js` promises beyond what all languages share, and the SDK's
//! own tests.

use std::process::Command;

use serde_json::{Value, json};
use switchback_tests::guests::built_if_there;
use switchback_tests::process::program;
use switchback_tests::{Client, Harness, Reply, tools};

const JSON: (&str, &str) = ("content-type", "application/json");
const TOKEN: (&str, &str) = ("x-token", "secret");

/// A host that serves the shop; none after saying that the test is skipped.
#[track_caller]
fn shop() -> Option<Vec<u8>> {
    let shop = built_if_there("shop-js");
    if shop.is_none() {
        tools::skip(
            "examples/dist/shop-js.wasm is not built: `make guests` says what JavaScript lacks",
        );
    }
    shop
}

async fn serving(shop: Vec<u8>) -> Harness {
    let harness = Harness::new().await;
    harness
        .deploy("shop-js", shop)
        .await
        .expect("served with the limits that are default");
    harness
}

async fn create(client: &mut Client, item: &Value) -> Reply {
    client
        .send("POST", "/items", &[JSON, TOKEN], item.to_string())
        .await
}

fn hammer() -> Value {
    json!({ "name": "Hammer", "category": "tool", "price": { "amount": 12.55 } })
}

#[tokio::test(flavor = "multi_thread")]
async fn state_in_module_variables_is_kept_by_the_one_instance() {
    let Some(shop) = shop() else { return };
    let harness = serving(shop).await;
    let mut client = harness.client();
    let made = create(&mut client, &hammer()).await;
    let price = json!({ "amount": 12.55, "currency": "EUR" });
    let item = json!({ "id": 1, "name": "Hammer", "category": "tool", "price": price, "tags": [] });
    assert_eq!((made.status.as_u16(), made.json()), (201, item.clone()));
    // Over a connection of its own.
    assert_eq!(harness.client().get("/items/1").await.json(), item);
    let all = client.get("/items?category=toy").await;
    assert_eq!((all.status.as_u16(), all.json()), (200, json!([])));

    let gone = client.send("DELETE", "/items/1", &[TOKEN], "").await;
    assert_eq!((gone.status.as_u16(), gone.text()), (204, ""));
    let missing = client.get("/items/1").await;
    assert_eq!(
        (missing.status.as_u16(), missing.json()),
        (404, json!({ "detail": "there is no item 1" }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_the_authors_own_answers_like_one_of_the_hosts() {
    let Some(shop) = shop() else { return };
    let harness = serving(shop).await;
    let mut client = harness.client();
    let mut item = hammer();
    item["floor"] = json!({ "amount": 20 });
    let refused = create(&mut client, &item).await;
    let violation = json!({ "type": "value_error", "loc": ["body", "floor", "amount"],
        "msg": "must not be above the price", "input": 20 });
    assert_eq!(
        (refused.status.as_u16(), refused.json()),
        (422, json!({ "detail": [violation] }))
    );
    item["category"] = json!("food");
    assert_eq!(
        create(&mut client, &item).await.json()["detail"][0]["type"],
        "enum"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_parameter_decides_who_may() {
    let Some(shop) = shop() else { return };
    let harness = serving(shop).await;
    let mut client = harness.client();
    let item = hammer().to_string();
    let none = client.send("POST", "/items", &[JSON], item.clone()).await;
    assert_eq!(
        (none.status.as_u16(), &none.json()["detail"][0]["loc"]),
        (422, &json!(["header", "x-token"]))
    );
    let wrong = [JSON, ("X-Token", "guess")];
    let wrong = client.send("POST", "/items", &wrong, item).await;
    assert_eq!(wrong.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_union_is_told_by_its_property_and_its_defaults_are_filled_in() {
    let Some(shop) = shop() else { return };
    let harness = serving(shop).await;
    let mut client = harness.client();
    create(&mut client, &hammer()).await;
    let mut order = json!({
        "lines": [{ "item": 1, "count": 3 }, { "item": 1 }],
        "delivery": { "kind": "parcel", "street": "a", "city": "b" },
        "from": "2026-01-02",
        "until": "2026-01-03",
    });
    let priced = client.post("/orders", &order.to_string()).await.json();
    assert_eq!(
        (&priced["total"], &priced["lines"][1]["count"]),
        (&json!(50.2), &json!(1))
    );
    order["delivery"] = json!({ "kind": "drone" });
    let refused = client.post("/orders", &order.to_string()).await.json();
    assert_eq!(
        refused["detail"][0]["ctx"]["expected_tags"],
        "'pickup', 'parcel'"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_file_comes_back_byte_by_byte() {
    let Some(shop) = shop() else { return };
    let harness = serving(shop).await;
    let mut client = harness.client();
    create(&mut client, &hammer()).await;
    // Larger than the piece that the SDK reads at once, and no text.
    let photo: Vec<u8> = (0..200_000_u32).map(|at| (at % 251) as u8).collect();
    let mut body = b"--b\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\
        content-type: image/png\r\n\r\n"
        .to_vec();
    body.extend(&photo);
    body.extend(b"\r\n--b--\r\n");
    let form = [("content-type", "multipart/form-data; boundary=b"), TOKEN];
    let stored = client.send("PUT", "/items/1/photo", &form, body).await;
    assert_eq!(stored.json(), json!({ "size": 200_000, "caption": "" }));
    let sent = client.get("/items/1/photo").await;
    assert_eq!(sent.header("content-type"), "image/png");
    assert!(sent.body[..] == photo[..], "the photo has changed");
    // It is a file, and so the host gives parts of it, and not again what a client has.
    let part = client.send("GET", "/items/1/photo", &[("range", "bytes=250-252")], "");
    let part = part.await;
    assert_eq!(
        (part.status.as_u16(), &part.body[..]),
        (206, &[250, 0, 1][..])
    );
    let known = [("if-none-match", sent.header("etag"))];
    let known = client.send("GET", "/items/1/photo", &known, "").await;
    assert_eq!(known.status, 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_read_in_pieces_while_it_arrives() {
    let Some(shop) = shop() else { return };
    let harness = serving(shop).await;
    let mut client = harness.client();
    // Larger than a body that is read whole may be.
    let list = "hammer,12.55\n".repeat(200_000);
    let csv = [("content-type", "text/csv")];
    let counted = client.send("POST", "/items/count", &csv, list).await;
    assert_eq!(
        counted.json(),
        json!({ "lines": 200_000, "bytes": "2600000" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_finds_is_answered_by_the_apps_own_function() {
    let Some(shop) = shop() else { return };
    let harness = serving(shop).await;
    let other = harness.client().send("PATCH", "/orders", &[], "").await;
    assert_eq!(
        (other.status.as_u16(), other.text(), other.header("allow")),
        (405, "PATCH is nothing that /orders knows", "POST")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_plugin_in_javascript_is_built_and_served() {
    let packages = tools::in_repository("guest-sdk/javascript/node_modules");
    if !packages.join("componentize-qjs").exists() {
        return tools::skip("componentize-qjs is not installed: `make guests` says what it lacks");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let switchback = |arguments: &[&str]| {
        let ran = Command::new(program())
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("it starts");
        assert!(ran.status.success(), "{arguments:?}: {ran:?}");
    };
    switchback(&["new", "greet", "--template", "javascript"]);
    // What npm would install, without a network.
    let carried = folder.path().join("greet/.switchback/javascript");
    std::os::unix::fs::symlink(packages, carried.join("node_modules")).expect("linked");
    switchback(&["build", "greet"]);

    let component = std::fs::read(folder.path().join("greet.wasm")).expect("built");
    let harness = Harness::new().await;
    harness.deploy("greet", component).await.expect("served");
    let mut client = harness.client();
    let hello = client.get("/hello/World").await;
    assert_eq!(hello.text(), r#"{"message":"Hello World"}"#);
}

#[test]
fn the_javascript_sdk_and_its_example_pass_their_own_tests() {
    let Some(node) = tools::find("node") else {
        return tools::skip("Node is not installed: run tests/tools.sh");
    };
    // What each needs of npm, and of the build.
    for (folder, needs) in [
        ("guest-sdk/javascript", "typescript"),
        ("examples/shop-js", "switchback"),
    ] {
        let folder = tools::in_repository(folder);
        if !folder.join("node_modules").join(needs).exists() {
            return tools::skip("some packages are missing: run `make guests` and tests/tools.sh");
        }
        let run = Command::new(&node)
            .arg("--test")
            .current_dir(folder)
            .output()
            .expect("it starts");
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stdout)
        );
    }
}
