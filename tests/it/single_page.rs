//! The example `stock`: operations, and a page of their own that a browser shows.

use switchback::Component;
use switchback_tests::{Browser, Harness, tools};

/// The plugin's folder; none after saying that the test is skipped.
#[track_caller]
fn stock() -> Option<Component> {
    let folder = tools::in_repository("examples/dist/stock");
    if !folder.join("static").exists() {
        tools::skip("it needs examples/dist/stock, which `make page-guest` builds by npm");
        return None;
    }
    let (_, component) = Component::read(&folder).expect("a plugin's folder");
    Some(component)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_plugins_own_lists_items_and_adds_one() {
    let (Some(browser), Some(stock)) = (Browser::find(), stock()) else {
        return;
    };
    let harness = Harness::new().await;
    harness
        .host
        .deploy("stock", stock)
        .await
        .expect("it is served");
    let pictures = std::env::var("SWITCHBACK_PICTURES").unwrap_or_default();
    let address = format!("http://{}", harness.address);
    browser.run("stock.mjs", &[&address, &pictures]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_build_are_kept_by_browsers_and_its_index_is_asked_for() {
    let Some(stock) = stock() else { return };
    let harness = Harness::new().await;
    harness
        .host
        .deploy("stock", stock)
        .await
        .expect("it is served");
    let mut client = harness.client();
    let accepts = [("accept-encoding", "gzip, deflate, br, zstd")];
    let index = client.send("GET", "/stock/", &accepts, "").await;
    assert_eq!(
        (
            index.header("cache-control"),
            index.header("content-encoding")
        ),
        ("no-cache", "br")
    );
    let index = client.get("/stock/").await;
    let (_, script) = index.text().split_once("src=\"").expect("it has a script");
    let script = script.split('"').next().expect("its address");
    let script = client.send("GET", script, &accepts, "").await;
    assert_eq!(script.status, 200);
    assert_eq!(
        script.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(script.header("content-encoding"), "br");
    assert_eq!(client.get("/stock/api/items").await.text(), "[]");
    assert_eq!(client.get("/stock/api/nothing").await.text(), index.text());
    let api = client
        .send(
            "GET",
            "/stock/api/nothing",
            &[("accept", "application/json")],
            "",
        )
        .await;
    assert_eq!(api.status, 404);
}
