//! What was built for a version of an interface that was served once is served for ever.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use switchback_tests::harness::Harness;

/// A kept component, and what it is asked: a body that is sent, and what then is in the answer's.
struct Frozen {
    file: &'static str,
    interface: &'static str,
    asked: &'static [(&'static str, &'static str, &'static str, &'static str)],
}

const ALL: [Frozen; 3] = [
    Frozen {
        file: "switchback-plugin-0.1.0.wasm",
        interface: "switchback:plugin@0.1",
        asked: &[
            ("GET", "/counter", "", r#""count":1"#),
            ("GET", "/incoming", "", r#""uri":"/incoming""#),
            ("GET", "/script", "", "in-two-pieces"),
            ("GET", "/big?n=70000", "", "xxxxxxxx"),
        ],
    },
    Frozen {
        file: "wasi-http-0.2.wasm",
        interface: "wasi:http@0.2",
        asked: &[
            ("GET", "/frozen/a?q=1", "", "GET /a?q=1"),
            ("POST", "/frozen/echo", "a body", "a body"),
        ],
    },
    Frozen {
        file: "wasi-http-0.3.wasm",
        interface: "wasi:http@0.3",
        asked: &[
            ("GET", "/frozen/a?q=1", "", "GET /a?q=1"),
            ("POST", "/frozen/echo", "a body", "a body"),
        ],
    },
];

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/frozen"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_of_each_version_that_was_served_still_is() {
    for Frozen {
        file,
        interface,
        asked,
    } in ALL
    {
        let harness = Harness::new().await;
        let component = std::fs::read(folder().join(file)).unwrap();
        harness.host.deploy("frozen", component).await.expect(file);
        assert_eq!(harness.host.plugins()[0].interface, interface);
        for (method, target, body, wanted) in asked {
            let script = [("x-script", "start 200; write in-two; write -pieces")];
            let mut client = harness.client();
            let reply = client.send(method, target, &script, *body).await;
            assert!(
                reply.status.is_success(),
                "{file}: {target}: {}",
                reply.text()
            );
            assert!(
                reply.text().contains(wanted),
                "{file}: {target}: {}",
                reply.text()
            );
        }
    }
}

#[test]
fn every_frozen_component_is_asked_something() {
    let files = std::fs::read_dir(folder()).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = files.filter(|file| file.ends_with(".wasm")).collect();
    let asked: BTreeSet<String> = ALL.iter().map(|frozen| frozen.file.into()).collect();
    assert_eq!(files, asked);
}
