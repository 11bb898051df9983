//! An application that is mounted at `/sub`, beside another.

use switchback_sdk::prelude::*;

/// Where
#[get("/where")]
fn r#where() -> Value {
    let (path, root) = (incoming::uri(), incoming::prefix());
    let host = incoming::header("host").unwrap_or_default();
    // Starlette's `base_url` is that of what it is mounted in.
    let outer = root.strip_suffix("/sub").unwrap_or(&root);
    let (url, base) = (
        format!("http://{host}{path}"),
        format!("http://{host}{outer}/"),
    );
    json!({ "path": path, "root": root, "url": url, "base": base })
}

plugin! { title: "sub", version: "0.1.0", routes: [r#where] }
