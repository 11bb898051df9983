//! Compressed answers: for whom, of what, and how streams go through.

use std::io::Read;

use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use switchback::{Body, Coding, Compression, Config, Host};
use switchback_tests::guests::{Describe, blank, contract};
use switchback_tests::{Reply, harness};

use crate::starlette;

const ALL: [Coding; 3] = [Coding::Zstd, Coding::Br, Coding::Gzip];

async fn serving(codings: &[Coding]) -> Host {
    let compression = Compression {
        codings: codings.to_vec(),
        ..Compression::default()
    };
    starlette::serving(Config {
        compression,
        ..Config::default()
    })
    .await
}

async fn ask(host: &Host, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::default()).expect("a request");
    let (head, body) = host.dispatch(request).await.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    Reply {
        status: head.status,
        headers: head.headers,
        body,
    }
}

async fn script(host: &Host, script: &str, accept: &str) -> Reply {
    let headers = [("x-script", script), ("accept-encoding", accept)];
    ask(host, "GET", "/script", &headers).await
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().expect("text"))
}

/// As much as can be read of what was compressed.
fn decoded(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut reader: Box<dyn Read> = match coding {
        "gzip" => Box::new(flate2::read::GzDecoder::new(bytes)),
        "br" => Box::new(brotli::Decompressor::new(bytes, 4096)),
        "zstd" => Box::new(zstd::stream::read::Decoder::new(bytes).expect("a decoder")),
        _ => Box::new(bytes),
    };
    let (mut all, mut some) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = reader.read(&mut some) {
        all.extend_from_slice(&some[..count]);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_the_coding_that_it_likes_most() {
    let host = serving(&ALL).await;
    for (accept, coding) in [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate", ""),
        ("", ""),
        ("*", "zstd"),
        ("zstd;q=0, *;q=0.1", "br"),
        ("zstd;q=0.5, gzip;q=0.8, br; Q=0.7", "gzip"),
        ("gzip;q=0", ""),
        ("gzip;q=x, br;q=0.001", "br"),
        ("gzip;q=0.5, identity", ""),
        ("gzip;q=0.5, identity;q=0.2", "gzip"),
        ("identity;q=0, *;q=0", ""),
    ] {
        let reply = script(&host, "header etag \"1\"; whole 5000", accept).await;
        assert_eq!(reply.header("content-encoding"), coding, "{accept}");
        assert_eq!(reply.header("vary"), "Accept-Encoding", "{accept}");
        let tag = if coding.is_empty() {
            "\"1\""
        } else {
            "W/\"1\""
        };
        assert_eq!(reply.header("etag"), tag, "{accept}");
        assert_eq!(
            decoded(coding, &reply.body),
            "x".repeat(5000).as_bytes(),
            "{accept}"
        );
        assert_eq!(reply.body.len() < 500, !coding.is_empty(), "{accept}");
    }
    let only = serving(&[Coding::Gzip]).await;
    let reply = script(&only, "whole 5000", "br, zstd, gzip;q=0.1").await;
    assert_eq!(reply.header("content-encoding"), "gzip");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_gain_nothing_or_may_not_be_changed_stays_as_it_is() {
    let host = serving(&ALL).await;
    for (answer, varies) in [
        ("whole 499", false),
        ("header content-encoding br; whole 5000", false),
        (
            "header cache-control public, No-Transform; whole 5000",
            false,
        ),
        ("header content-type image/png; whole 5000", false),
        ("header content-type Video/MP4; whole 5000", false),
        ("header content-type text/event-stream; whole 5000", false),
        (
            "header content-range bytes 0-4999/9000; status 206; whole 5000",
            false,
        ),
        ("status 206; whole 5000", false),
        ("status 304; whole 0", false),
        ("status 204; whole 0", false),
        (
            "header content-type text/event-stream; start 200; write hello",
            false,
        ),
        ("header vary Origin, accept-encoding; whole 500", true),
    ] {
        let reply = script(&host, answer, "gzip").await;
        let coding = reply.header("content-encoding");
        let own = if answer.contains("content-encoding") {
            "br"
        } else {
            ""
        };
        assert_eq!(coding, if varies { "gzip" } else { own }, "{answer}");
        let vary = if varies {
            "Origin, accept-encoding"
        } else {
            ""
        };
        assert_eq!(reply.header("vary"), vary, "{answer}");
    }
    let svg = script(&host, "header content-type image/svg+xml; whole 500", "br").await;
    assert_eq!(svg.header("content-encoding"), "br");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_setting_nothing_is_compressed() {
    let host = serving(&[]).await;
    let reply = script(&host, "whole 5000", "gzip, br, zstd").await;
    assert_eq!((reply.body.len(), reply.header("vary")), (5000, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_and_the_hosts_own_pages_are_compressed_whole() {
    let host = serving(&ALL).await;
    for coding in ["gzip", "br", "zstd"] {
        let reply = script(&host, "whole 3000000", coding).await;
        assert_eq!(reply.header("content-encoding"), coding);
        assert_eq!(decoded(coding, &reply.body).len(), 3_000_000);
        let page = ask(&host, "GET", "/docs", &[("accept-encoding", coding)]).await;
        assert_eq!(page.header("content-encoding"), coding);
        let text = decoded(coding, &page.body);
        assert!(String::from_utf8_lossy(&text).contains("<html"));
    }
    let head = ask(&host, "HEAD", "/docs", &[("accept-encoding", "gzip")]).await;
    assert_eq!(head.header("content-encoding"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_was_weakened_is_known_again() {
    let compression = Compression {
        codings: vec![Coding::Gzip],
        min_bytes: 1,
    };
    let host = starlette::serving(Config {
        compression,
        ..Config::default()
    })
    .await;
    let accept = ("accept-encoding", "gzip");
    let first = ask(&host, "GET", "/openapi.json", &[accept]).await;
    let tag = first.header("etag");
    assert!(tag.starts_with("W/\""), "{tag}");
    let again = ask(
        &host,
        "GET",
        "/openapi.json",
        &[accept, ("if-none-match", tag)],
    )
    .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_piece_of_a_stream_can_be_read_before_the_next_is_written() {
    let host = serving(&ALL).await;
    for coding in ["gzip", "br", "zstd"] {
        let request = Request::get("/script")
            .header(
                "x-script",
                "start 200; write hello; sleep 50; write again; wait",
            )
            .header("accept-encoding", coding);
        let request = request.body(Body::default()).expect("a request");
        let (head, mut body) = host.dispatch(request).await.into_parts();
        assert_eq!(header(&head.headers, "content-encoding"), coding);
        assert_eq!(header(&head.headers, "vary"), "Accept-Encoding");
        let mut came = Vec::new();
        for seen in ["hello", "helloagain"] {
            // The guest never ends, so that this comes because it was flushed.
            while decoded(coding, &came) != seen.as_bytes() {
                let frame = tokio::time::timeout(harness::PATIENCE, body.frame()).await;
                let frame = frame.expect("it comes").expect("more").expect("no error");
                came.extend_from_slice(&frame.into_data().expect("bytes"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_as_its_guest_ends_it() {
    let host = serving(&ALL).await;
    for coding in ["gzip", "br", "zstd"] {
        let long = format!("start 200; {}write end", "bytes 60000; ".repeat(20));
        let reply = script(&host, &long, coding).await;
        let text = decoded(coding, &reply.body);
        assert_eq!(text.len(), 20 * 60_000 + 3);
        assert!(text.ends_with(b"xend"));

        let request = Request::get("/script")
            .header("x-script", "start 200; write hello; abort asked to")
            .header("accept-encoding", coding);
        let request = request.body(Body::default()).expect("a request");
        let body = host.dispatch(request).await.into_body();
        let error = body.collect().await.expect_err("it broke off").to_string();
        assert!(error.contains("asked to"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_ends_a_compressed_stream() {
    let host = serving(&ALL).await;
    let mut events = host.events();
    let request = Request::get("/script")
        .header("x-script", "start 200; flood 1000")
        .header("accept-encoding", "zstd");
    let request = request.body(Body::default()).expect("a request");
    let mut body = host.dispatch(request).await.into_body();
    assert!(body.frame().await.is_some());
    drop(body);
    harness::event(&mut events, |event| {
        matches!(event, switchback::Event::StreamBroken { .. })
    })
    .await;
    let guest = contract(&[("get", "/script", "script")]);
    let guest = blank(&guest, "2", Describe::Contract);
    let swapped = host.deploy("blank", guest).await.expect("served");
    assert_eq!(swapped.revision, 2);
}
