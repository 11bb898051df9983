//! Peer for bodies: axum, answering `POST /echo` with the body it was sent, read whole. `peer-echo PORT`.

use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::serve::ListenerExt;
use axum::{Router, routing::post};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let app = Router::new()
        .route("/echo", post(async |body: Bytes| body))
        .layer(DefaultBodyLimit::disable());
    let port = std::env::args().nth(1).unwrap_or_else(|| "8103".into());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, app).await
}
