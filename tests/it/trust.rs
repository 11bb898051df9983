//! A host that serves only what it knows: components that are signed, or listed by their hash.
#![allow(clippy::unwrap_used)]

use switchback::{Component, Config, ErrorKind, TrustConfig};
use switchback_tests::harness::{Harness, until};
use switchback_tests::process::Served;

const PLUGIN: &[u8] = include_bytes!("../frozen/switchback-plugin-0.1.0.wasm");
const SIGNATURE: &str = include_str!("../golden/minisign/plugin.wasm.minisig");
/// Somebody else's.
const OTHER_KEY: &str = "RWRTx/KF7Bjpu7TGf9+guyeabKTp/CbDJlnwx2kuZYjY/H2XgoWYYRDU";

fn key() -> &'static str {
    let file = include_str!("../golden/minisign/key.pub");
    file.lines().last().unwrap()
}

async fn trusting(keys: &[&str], components: &[&str]) -> Harness {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Harness::with(Config {
        trust: TrustConfig {
            keys: owned(keys),
            components: owned(components),
        },
        ..Config::default()
    })
    .await
}

/// What a refusal says, or nothing.
async fn refusal(harness: &Harness, component: Component) -> String {
    match harness.host.deploy("plugin", component).await {
        Ok(_) => String::new(),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Untrusted, "{error}");
            error.to_string()
        }
    }
}

fn plugin() -> Component {
    Component::new(PLUGIN)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_keys_only_what_is_signed_by_one_of_them_serves() {
    let harness = trusting(&[OTHER_KEY, key()], &[]).await;
    let said = refusal(&harness, plugin()).await;
    assert!(said.contains("minisign -Sm"), "{said}");
    let said = refusal(&harness, plugin().signature("nonsense")).await;
    assert!(said.contains("no signature of minisign"), "{said}");
    let mut altered = PLUGIN.to_vec();
    *altered.last_mut().unwrap() ^= 1;
    let altered = Component::new(altered).signature(SIGNATURE);
    let said = refusal(&harness, altered).await;
    assert!(said.contains("changed after it was signed"), "{said}");
    assert!(harness.host.plugins().is_empty());
    assert_eq!(refusal(&harness, plugin().signature(SIGNATURE)).await, "");
    assert_eq!(harness.client().get("/version").await.status, 200);
    let others = trusting(&[OTHER_KEY], &[]).await;
    let said = refusal(&others, plugin().signature(SIGNATURE)).await;
    assert!(said.contains("not by any key"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_listed_by_its_hash_serves_and_static_files_only_with_the_whole() {
    let sha256sum = "0000000000000000000000000000000000000000000000000000000000000000";
    let harness = trusting(&[], &[sha256sum]).await;
    let said = refusal(&harness, plugin()).await;
    let (_, rest) = said.split_once("`trust.components` (").unwrap();
    let own = &rest[..64];
    let harness = trusting(&[], &[own]).await;
    assert_eq!(refusal(&harness, plugin()).await, "");
    let said = refusal(&harness, plugin().file("a.js", "1")).await;
    let (_, rest) = said.split_once("`trust.components` (").unwrap();
    let whole = trusting(&[], &[&rest[..64]]).await;
    assert_eq!(refusal(&whole, plugin().file("a.js", "1")).await, "");
    let said = refusal(&whole, plugin().file("a.js", "2")).await;
    assert!(said.contains("not listed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_serves_once_its_signature_lies_beside_it() {
    let keys = format!("trust.keys={}", key());
    let mut served = Served::new(&[], &["--set", &keys]).await;
    served.rename_in("plugin", PLUGIN);
    served.says("it has no signature").await;
    let mut client = served.client();
    assert_eq!(client.get("/version").await.status, 404);
    std::fs::write(served.plugins.join("plugin.wasm.minisig"), SIGNATURE).unwrap();
    until("the signed plugin to be served", async || {
        (served.client().get("/version").await.status == 200).then_some(())
    })
    .await;
}

#[test]
fn what_is_no_key_and_no_hash_is_refused_with_the_configuration() {
    let said = |keys: &[&str], components: &[&str]| {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let config = Config {
            trust: TrustConfig {
                keys: owned(keys),
                components: owned(components),
            },
            ..Config::default()
        };
        config.validate().unwrap_err().to_string()
    };
    assert!(said(&["RWQ"], &[]).starts_with("`trust.keys` has `RWQ`"));
    assert!(said(&[], &["ABC"]).starts_with("`trust.components` has `ABC`"));
}
