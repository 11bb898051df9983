//! An application that is mounted at `/strict`, and redirects no slashes.

use switchback_sdk::prelude::*;

#[get("/a/")]
fn a() -> Value {
    "a".into()
}

plugin! { title: "strict", redirect_slashes: false, routes: [a] }
