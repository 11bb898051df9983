//! An application that is told where it lives.

use switchback_sdk::prelude::*;

fn told() -> Value {
    let (path, root) = (incoming::uri(), incoming::prefix());
    let host = incoming::header("host").unwrap_or_default();
    let (url, base) = (
        format!("http://{host}{path}"),
        format!("http://{host}{root}/"),
    );
    json!({ "path": path, "root": root, "url": url, "base": base })
}

/// Where
#[get("/where")]
fn place() -> Value {
    told()
}

/// Where
#[get("/slash/")]
fn slash() -> Value {
    told()
}

plugin! {
    title: "root-path",
    servers: { "https://a.b": "first" },
    routes: [place, slash],
}
