//! The host's pages in a real browser.

use switchback::Config;
use switchback_tests::guests::{hello, items};
use switchback_tests::{Browser, Harness};

async fn examples() -> Harness {
    let harness = Harness::with(Config::default()).await;
    harness.deploy("items", items()).await.expect("served");
    harness.deploy("hello", hello()).await.expect("served");
    harness
}

fn at(harness: &Harness, path: &str) -> String {
    format!("http://{}{path}", harness.address)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_load_from_their_own_origin_under_their_policy_in_light_and_dark_wide_and_narrow() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let harness = examples().await;
    let pages = [at(&harness, "/docs"), at(&harness, "/redoc")];
    browser.run("loads.mjs", &[&pages[0], &pages[1]]).await;
}
