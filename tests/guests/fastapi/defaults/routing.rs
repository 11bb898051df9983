//! Which function answers. The recorded functions read the path by hand, so it is not documented.

use switchback_sdk::prelude::*;

/// What was matched, and the parameters of the path.
fn matched(path: &str, params: Value) -> Value {
    json!({ "matched": format!("{} {path}", incoming::method()), "params": params })
}

#[get("/a")]
fn get_a() -> Value {
    matched("/a", json!({}))
}

#[post("/a")]
fn post_a() -> Value {
    matched("/a", json!({}))
}

/// Put B
#[put("/b/")]
fn put_b() -> Value {
    matched("/b/", json!({}))
}

/// Get Users Me
#[get("/users/me")]
fn get_me() -> Value {
    matched("/users/me", json!({}))
}

/// Get Users {Id}
#[get("/users/{id}")]
fn get_user(#[path(include_in_schema = false)] id: String) -> Value {
    matched("/users/{id}", json!({ "id": id }))
}

/// Delete Users {Id}
#[delete("/users/{id}")]
fn delete_user(#[path(include_in_schema = false)] id: String) -> Value {
    matched("/users/{id}", json!({ "id": id }))
}

/// Get Files {P:Path}
#[get("/files/{p:path}")]
fn get_file(#[path(include_in_schema = false)] p: String) -> Value {
    matched("/files/{p:path}", json!({ "p": p }))
}

/// Get X {A}-{B}
#[get("/x/{a}-{b}")]
fn get_x(
    #[path(include_in_schema = false)] a: String,
    #[path(include_in_schema = false)] b: String,
) -> Value {
    matched("/x/{a}-{b}", json!({ "a": a, "b": b }))
}

/// Get N {N:Int}
#[get("/n/{n:int}")]
fn get_n(#[path(include_in_schema = false)] n: i64) -> Value {
    matched("/n/{n:int}", json!({ "n": n }))
}

#[switchback_sdk::head("/h")]
fn head_h() -> Value {
    matched("/h", json!({}))
}

#[switchback_sdk::options("/o")]
fn options_o() -> Value {
    matched("/o", json!({}))
}

/// Where the request was sent.
fn told() -> Value {
    let path = incoming::uri();
    let host = incoming::header("host").unwrap_or_default();
    let (url, base) = (format!("http://{host}{path}"), format!("http://{host}/"));
    json!({ "path": path, "root": incoming::prefix(), "url": url, "base": base })
}

#[get("/multi", include_in_schema = false)]
fn get_multi() -> Value {
    told()
}

#[patch("/multi", include_in_schema = false)]
fn patch_multi() -> Value {
    told()
}

#[switchback_sdk::head("/multi", include_in_schema = false)]
fn head_multi() -> Value {
    told()
}

mod r {
    use switchback_sdk::prelude::*;

    /// Bare prefix
    #[get("")]
    fn bare(
        #[header(dependency = 1)] x_token: i64,
        #[query(dependency = 1, ge = 1)] page_no: i64,
    ) -> Value {
        let _ = (x_token, page_no);
        "leaf".into()
    }

    #[post("/made", status = 201)]
    fn made(
        #[header(dependency = 1)] x_token: i64,
        #[query(dependency = 1, ge = 1)] page_no: i64,
        n: i64,
    ) -> Value {
        let _ = (x_token, page_no);
        n.into()
    }

    mod inner {
        use switchback_sdk::prelude::*;

        #[get("/leaf/", tags = ["leaf"])]
        fn leaf(
            #[header(dependency = 1)] x_token: i64,
            #[query(dependency = 1, ge = 1)] page_no: i64,
        ) -> Value {
            let _ = (x_token, page_no);
            "leaf".into()
        }

        router! { prefix: "/in", tags: ["in"], deprecated: true, routes: [leaf] }
    }

    router! {
        prefix: "/r",
        tags: ["r"],
        responses: { 404: "Nope" },
        routes: [bare, made, inner::router()],
    }
}

mod again {
    use switchback_sdk::prelude::*;

    #[get("/leaf/", include_in_schema = false)]
    fn leaf_again() -> Value {
        "leaf".into()
    }

    router! { prefix: "/again/in", tags: ["again", "in"], deprecated: true, routes: [leaf_again] }
}

plugin! {
    title: "routing",
    routes: [
        get_a, post_a, put_b, get_me, get_user, delete_user, get_file, get_x, get_n, head_h, options_o, get_multi,
        patch_multi, head_multi, r::router(), again::router(),
    ],
}
