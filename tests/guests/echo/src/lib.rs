//! Answers with the body it was sent, whole: what a large body costs on its way in and out again.

use switchback_sdk::prelude::*;

/// The body back
#[post("/echo")]
fn echo(content: Option<Bytes>) -> Response {
    Response::new(200)
        .header("content-type", "application/octet-stream")
        .body(content.map(|bytes| bytes.0).unwrap_or_default())
}

plugin! { title: "Echo", routes: [echo] }
