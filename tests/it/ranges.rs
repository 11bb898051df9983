//! An answer of a plugin that says it has ranges and which state of itself it is: the host gives what clients ask for of it.

use switchback_tests::Reply;
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::Harness;

use crate::contracts;

async fn serving() -> Harness {
    let harness = Harness::new().await;
    let guest = blank(&contracts::of(&["document"]), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("it is served");
    harness
}

async fn get(harness: &Harness, n: u8, headers: &[(&str, &str)]) -> Reply {
    let target = format!("/document?n={n}");
    harness.client().send("GET", &target, headers, "").await
}

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

#[tokio::test(flavor = "multi_thread")]
async fn a_range_is_206_and_the_rest_of_the_answer_as_it_was() {
    let harness = serving().await;
    for (range, content_range, body) in [
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=-1", "bytes 9-9/10", "9"),
    ] {
        let reply = get(&harness, 0, &[("range", range)]).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (206, body));
        assert_eq!(reply.header("content-range"), content_range);
        assert_eq!(reply.header("content-length"), body.len().to_string());
        let kept = [
            "content-type",
            "etag",
            "x-own",
            "last-modified",
            "accept-ranges",
        ];
        let kept = kept.map(|name| reply.header(name).to_owned());
        assert_eq!(kept, ["text/plain", "\"a\"", "1", DATE, "bytes"]);
    }
    let reply = get(&harness, 0, &[]).await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, "0123456789"));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_ranges_are_parts() {
    let harness = serving().await;
    let reply = get(&harness, 0, &[("range", "bytes=0-1,8-")]).await;
    let media_type = reply.header("content-type");
    let boundary = media_type.strip_prefix("multipart/byteranges; boundary=");
    let boundary = boundary.expect("parts");
    let part = |range: &str, text: &str| {
        format!(
            "--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes {range}/10\r\n\r\n{text}\r\n"
        )
    };
    let parts = part("0-1", "01") + &part("8-9", "89") + &format!("--{boundary}--");
    assert_eq!((reply.status.as_u16(), reply.text()), (206, &*parts));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_range_of_it_is_told() {
    let harness = serving().await;
    let beyond = get(&harness, 0, &[("range", "bytes=10-")]).await;
    assert_eq!(beyond.status, 416);
    assert_eq!(beyond.header("content-range"), "bytes */10");
    let lines = get(&harness, 0, &[("range", "lines=1-2")]).await;
    assert_eq!(
        (lines.status.as_u16(), lines.text()),
        (400, "Only support bytes range")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_it_does_not_get_it_again() {
    let harness = serving().await;
    for (n, headers, status) in [
        (0, &[("if-none-match", "\"b\", W/\"a\"")][..], 304),
        (0, &[("if-none-match", "*")], 304),
        (0, &[("if-none-match", "\"b\"")], 200),
        (0, &[("if-modified-since", DATE)], 304),
        (
            0,
            &[("if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT")],
            200,
        ),
        // RFC 9110, 13.1.3: the tag comes first.
        (
            0,
            &[("if-modified-since", DATE), ("if-none-match", "\"b\"")],
            200,
        ),
        (1, &[("if-none-match", "\"a\"")], 304),
        (1, &[("if-modified-since", DATE)], 200),
    ] {
        let reply = get(&harness, n, headers).await;
        assert_eq!(reply.status, status, "{n} {headers:?}");
        if status == 304 {
            assert!(reply.body.is_empty() && reply.header("etag").contains("\"a\""));
            assert_eq!(reply.header("content-type"), "");
            assert_eq!(
                reply.header("cache-control"),
                if n == 0 { "no-cache" } else { "" }
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_given_only_of_what_the_client_has_the_rest_of() {
    let harness = serving().await;
    for (n, of, status) in [
        (0, "\"a\"", 206),
        (0, DATE, 206),
        (0, "\"b\"", 200),
        (0, "Sun, 06 Nov 1994 08:49:38 GMT", 200),
        // A weak tag does not say that every byte is the same.
        (1, "W/\"a\"", 200),
    ] {
        let headers = [("range", "bytes=0-0"), ("if-range", of)];
        assert_eq!(get(&harness, n, &headers).await.status, status, "{n} {of}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_do_not_say_so_are_left_alone() {
    let harness = serving().await;
    let asked = [("range", "bytes=0-0"), ("if-none-match", "*")];
    // Without tag and date, without ranges, and of another status than 200.
    for (n, status) in [(2, 200), (3, 200), (4, 404)] {
        let reply = get(&harness, n, &asked).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text()),
            (status, "0123456789")
        );
    }
}
