//! Standard components serve: `wasi:http`, in both its versions alike.

use http_body_util::BodyExt;
use switchback::{Body, Config, Event, Isolation, Limit, Limits, PluginConfig};
use switchback_tests::Raw;
use switchback_tests::guests::{self, Describe, blank};
use switchback_tests::harness::{Harness, event, until};

use crate::contracts;

/// A version of the interface, and a component that does by it what the last segment of the path says.
type Version = (&'static str, fn() -> Vec<u8>);

const V02: Version = ("wasi:http@0.2", guests::standard);
const V03: Version = ("wasi:http@0.3", guests::service);
const BOTH: [Version; 2] = [V02, V03];

async fn serving((_, component): Version, limits: Limits) -> Harness {
    let harness = Harness::with(Config {
        limits,
        ..Config::default()
    })
    .await;
    let served = harness.deploy("standard", component()).await;
    served.expect("a standard component is served");
    harness
}

fn hit(limit: Limit) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::LimitHit { limit: found, .. } if *found == limit)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_component_takes_every_method_and_path_under_its_name() {
    for version in BOTH {
        let harness = serving(version, Limits::default()).await;
        let mut client = harness.client();
        for (method, target, seen) in [
            ("GET", "/standard", "GET /"),
            ("GET", "/standard/", "GET /"),
            (
                "DELETE",
                "/standard/a/b%2Fc?q=1&q=2",
                "DELETE /a/b%2Fc?q=1&q=2",
            ),
            ("PURGE", "/st%61ndard/x", "PURGE /x"),
        ] {
            let reply = client.send(method, target, &[("x-sent", "ä")], "").await;
            assert_eq!(reply.status, 201, "{target}");
            let lines: Vec<&str> = reply.text().lines().collect();
            assert_eq!(lines[0], seen);
            assert!(lines.contains(&"authority testserver"), "{lines:?}");
            assert!(lines.contains(&"x-sent: ä"), "{lines:?}");
            assert!(
                lines.contains(&"x-forwarded-prefix: /standard"),
                "{lines:?}"
            );
            let id = format!("x-request-id: {}", reply.header("x-request-id"));
            assert!(lines.contains(&id.as_str()), "{lines:?}");
            assert_eq!(reply.header("content-type"), "text/plain");
            assert_eq!(reply.headers.get_all("x-one").iter().count(), 2);
        }
        assert_eq!(client.get("/standardx").await.status, 404);
        assert_eq!(client.get("/").await.status, 200, "the host's own index");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_reaches_a_standard_component_and_comes_back() {
    for version in BOTH {
        let harness = serving(version, Limits::default()).await;
        let mut client = harness.client();
        for size in [0, 1, 5_000, 5 << 20] {
            let body: Vec<u8> = (0..size).map(|at: usize| at as u8).collect();
            let reply = client
                .send("POST", "/standard/echo", &[], body.clone())
                .await;
            assert_eq!((reply.status.as_u16(), reply.body.len()), (200, size));
            assert_eq!(reply.body, body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_of_a_standard_component_serves_again_unless_each_call_wants_its_own() {
    for version in BOTH {
        let harness = serving(version, Limits::default()).await;
        let mut client = harness.client();
        assert_eq!(client.get("/standard/count").await.text(), "1");
        assert_eq!(client.get("/standard/keep").await.text(), "kept");
        assert_eq!(client.get("/standard/count").await.text(), "2");
        assert_eq!(client.get("/standard/trap").await.status, 500);
        assert_eq!(client.get("/standard/count").await.text(), "1");

        let fresh = serving(
            version,
            Limits {
                isolation: Isolation::Request,
                ..Limits::default()
            },
        )
        .await;
        let mut client = fresh.client();
        assert_eq!(client.get("/standard/count").await.text(), "1");
        assert_eq!(client.get("/standard/count").await.text(), "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_another_host_is_refused_by_name() {
    for version in BOTH {
        let harness = serving(version, Limits::default()).await;
        let reply = harness.client().get("/standard/fetch").await;
        assert_eq!(
            (reply.status.as_u16(), reply.text()),
            (200, "ErrorCode::HttpRequestDenied")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_component_that_fails_is_answered_with_500_and_told() {
    for version in BOTH {
        let harness = serving(version, Limits::default()).await;
        let mut events = harness.host.events();
        let silent = match version.0 {
            "wasi:http@0.2" => ("silent", "response-outparam"),
            _ => ("fail", "asked to"),
        };
        for (path, why) in [("trap", "unreachable"), silent] {
            let reply = harness.client().get(&format!("/standard/{path}")).await;
            assert_eq!(reply.status, 500);
            assert_eq!(reply.text(), r#"{"detail":"Internal Server Error"}"#);
            let failed = event(&mut events, |event| matches!(event, Event::Failed { .. })).await;
            let Event::Failed { reason, .. } = failed else {
                unreachable!()
            };
            assert!(reason.contains(why), "{reason}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_for_standard_components() {
    for version in BOTH {
        let harness = serving(
            version,
            Limits {
                cpu_ms: 100,
                time_ms: 2_000,
                memory_bytes: 8 << 20,
                stream_bytes: 1_000,
                answer_bytes: 500,
                ..Limits::default()
            },
        )
        .await;
        let mut events = harness.host.events();
        let mut client = harness.client();
        for (path, status, limit) in [
            ("spin", 504, Limit::Cpu),
            ("sleep", 504, Limit::Time),
            ("exhaust", 500, Limit::Memory),
        ] {
            let reply = client.get(&format!("/standard/{path}")).await;
            assert_eq!(reply.status.as_u16(), status, "{path}");
            event(&mut events, hit(limit)).await;
        }
        let post = async |size: usize| {
            let body = vec![b'x'; size];
            let mut client = harness.client();
            let reply = client.send("POST", "/standard/echo", &[], body).await;
            reply.status.as_u16()
        };
        assert_eq!(post(500).await, 200);
        assert_eq!(post(501).await, 500);
        event(&mut events, hit(Limit::Answer)).await;
        assert_eq!(post(1_001).await, 413);
        event(&mut events, hit(Limit::StreamBytes)).await;
    }
}

/// Begins an upload in chunks.
async fn upload(harness: &Harness, path: &str) -> Raw {
    let head =
        format!("POST /standard/{path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    Raw::send(harness, &head).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_a_standard_component_reads_has_the_limits_of_streams() {
    for version in BOTH {
        let harness = serving(
            version,
            Limits {
                body_bytes: 10,
                stream_bytes: 1_000,
                body_time_ms: 100,
                ..Limits::default()
            },
        )
        .await;
        let mut events = harness.host.events();
        let mut told = async |limit| event(&mut events, hit(limit)).await;

        let mut client = upload(&harness, "echo").await;
        client.chunk(&"x".repeat(1_000)).await;
        client.write(b"0\r\n\r\n").await;
        client.sees("HTTP/1.1 200 ").await;

        let mut client = upload(&harness, "echo").await;
        client.chunk(&"x".repeat(1_001)).await;
        client.sees("HTTP/1.1 413 ").await;
        told(Limit::StreamBytes).await;

        let mut client = upload(&harness, "echo").await;
        client.chunk("x").await;
        client.sees("HTTP/1.1 408 ").await;
        told(Limit::BodyTime).await;

        // One that takes the error for itself.
        let mut client = upload(&harness, "relay").await;
        client.chunk("first").await;
        client.sees("first").await;
        client.chunk(&"x".repeat(1_001)).await;
        client.sees("\r\n0\r\n\r\n").await;
        told(Limit::StreamBytes).await;
        let [status] = &harness.host.plugins()[..] else {
            panic!("one plugin")
        };
        let hits = |limit: Limit| {
            let mut hits = status.limit_hits.iter();
            hits.find_map(|(found, count)| (*found == limit).then_some(*count))
        };
        assert_eq!(
            (hits(Limit::StreamBytes), hits(Limit::BodyTime)),
            (Some(2), Some(1))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_the_client_is_not_a_standard_components_time() {
    for version in BOTH {
        let harness = serving(
            version,
            Limits {
                time_ms: 300,
                ..Limits::default()
            },
        )
        .await;
        let mut client = upload(&harness, "echo").await;
        for piece in ["first", "second"] {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            client.chunk(piece).await;
        }
        client.write(b"0\r\n\r\n").await;
        client.sees("firstsecond").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_a_standard_component_reads_for_does_not_stand_still() {
    for version in BOTH {
        let harness = serving(
            version,
            Limits {
                stream_idle_ms: 1_000,
                ..Limits::default()
            },
        )
        .await;
        // It answers with its first piece, and then only reads.
        let mut client = upload(&harness, "swallow").await;
        for _ in 0..4 {
            client.chunk("piece").await;
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        }
        client.write(b"0\r\n\r\n").await;
        client.sees("20\r\n0\r\n\r\n").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_component_at_the_root_takes_what_no_other_plugin_serves() {
    let root = PluginConfig {
        prefix: "/".into(),
        ..PluginConfig::default()
    };
    let shop = PluginConfig {
        prefix: "/shop".into(),
        ..PluginConfig::default()
    };
    let harness = Harness::with(Config {
        plugins: [("standard".into(), root), ("shop".into(), shop)].into(),
        ..Config::default()
    })
    .await;
    let guest = blank(&contracts::of(&["version"]), "1", Describe::Contract);
    harness.deploy("shop", guest).await.expect("it is served");
    let standard = harness.deploy("standard", guests::standard()).await;
    standard.expect("it is served");
    let mut client = harness.client();

    assert_eq!(client.get("/any/thing").await.status, 201);
    assert_eq!(client.get("/shop/version").await.status, 200);
    assert_eq!(client.get("/shop/other").await.status, 404);
    assert_eq!(client.post("/shop/version", "1").await.status, 405);
    assert_eq!(client.get("/docs").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_component_without_a_document_is_in_no_docs() {
    for version in BOTH {
        let harness = serving(version, Limits::default()).await;
        let document = harness.client().get("/openapi.json").await.json();
        assert_eq!(document["paths"], serde_json::json!({}));
        let served = &harness.host.plugins()[0];
        assert_eq!(
            (served.interface, served.concurrent, &*served.prefix),
            (version.0, version.0 == V03.0, "/standard")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_may_become_a_standard_component_and_back_without_a_lost_request() {
    let prefix = PluginConfig {
        prefix: "/site".into(),
        ..PluginConfig::default()
    };
    let harness = Harness::with(Config {
        plugins: [("site".into(), prefix)].into(),
        ..Config::default()
    })
    .await;
    let ours = || blank(&contracts::of(&["version"]), "1", Describe::Contract);
    harness.deploy("site", ours()).await.expect("it is served");
    let asked = tokio::spawn({
        let mut client = harness.client();
        async move {
            let mut seen = [0, 0];
            while seen.iter().any(|count| *count < 20) || seen.iter().sum::<u32>() < 100 {
                let reply = client.get("/site/version").await;
                match reply.status.as_u16() {
                    200 => seen[0] += 1,
                    201 => seen[1] += 1,
                    other => panic!("{other}: {}", reply.text()),
                }
            }
        }
    });
    while !asked.is_finished() {
        for component in [guests::standard(), ours()] {
            harness
                .deploy("site", component)
                .await
                .expect("it is served");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    asked.await.expect("no request was lost");
}

/// The answer as the host gives it, its body still to come.
async fn ask(harness: &Harness, path: &str) -> Body {
    let request = http::Request::get(path).body(Body::default());
    let response = harness.host.dispatch(request.expect("a request")).await;
    assert_eq!(response.status(), 200);
    response.into_body()
}

async fn frame(body: &mut Body) -> Option<Result<bytes::Bytes, switchback::BodyError>> {
    let frame = body.frame().await?;
    Some(frame.map(|frame| frame.into_data().expect("data")))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_a_standard_component_comes_piece_by_piece_and_ends_with_its_client() {
    for version in BOTH {
        let harness = serving(version, Limits::default()).await;
        let mut events = harness.host.events();
        let mut body = ask(&harness, "/standard/drip").await;
        let mut seen = String::new();
        while !seen.contains("data: 3\n\n") {
            let piece = frame(&mut body).await.expect("more").expect("no error");
            seen.push_str(std::str::from_utf8(&piece).expect("text"));
        }
        assert!(seen.starts_with("data: 0\n\ndata: 1\n\n"), "{seen}");
        drop(body);
        event(&mut events, |event| {
            matches!(event, Event::StreamBroken { .. })
        })
        .await;
        let calls = async || (harness.host.plugins()[0].calls == 0).then_some(());
        until("the guest's end", calls).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_component_that_traps_in_its_answer_does_not_end_it_as_if_it_were_whole() {
    for version in BOTH {
        let harness = serving(version, Limits::default()).await;
        let mut body = ask(&harness, "/standard/half").await;
        assert_eq!(frame(&mut body).await.unwrap().unwrap(), "half");
        let end = frame(&mut body).await;
        assert!(matches!(end, Some(Err(_))), "{end:?}");
    }
}

/// A body whose pieces a test sends one by one.
struct Sending(tokio::sync::mpsc::UnboundedReceiver<&'static str>);

impl hyper::body::Body for Sending {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, Self::Error>>> {
        let piece = self.0.poll_recv(cx);
        piece.map(|piece| piece.map(|piece| Ok(hyper::body::Frame::data(piece.into()))))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_component_reads_and_writes_while_its_client_does() {
    for version in BOTH {
        let harness = serving(version, Limits::default()).await;
        let (send, pieces) = tokio::sync::mpsc::unbounded_channel();
        let request = http::Request::post("/standard/relay").body(Sending(pieces));
        let asked = tokio::spawn({
            let host = harness.host.clone();
            async move { host.dispatch(request.expect("a request")).await }
        });
        send.send("one").expect("it is read");
        let mut body = asked.await.expect("an answer").into_body();
        assert_eq!(frame(&mut body).await.unwrap().unwrap(), "one");
        send.send("two").expect("it is read");
        assert_eq!(frame(&mut body).await.unwrap().unwrap(), "two");
        drop(send);
        assert!(frame(&mut body).await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_stops_a_standard_component_that_computes_or_waits() {
    for version in BOTH {
        let harness = serving(
            version,
            Limits {
                cpu_ms: 600_000,
                time_ms: 600_000,
                ..Limits::default()
            },
        )
        .await;
        for path in ["spin", "sleep"] {
            let asked = tokio::spawn({
                let mut client = harness.client();
                async move { client.get(&format!("/standard/{path}")).await }
            });
            let calls = async |count| {
                let ask = async || (harness.host.plugins()[0].calls == count).then_some(());
                until("calls to begin or end", ask).await;
            };
            calls(1).await;
            asked.abort();
            calls(0).await;
        }
    }
}
