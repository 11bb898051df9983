//! Errors, redirects, cookies, media types.

use switchback_sdk::prelude::*;

#[get("/error/text")]
fn error_text() -> Result<Value, Problem> {
    Err(Problem::new(418, "teapot").header("x-why", "tea"))
}

#[get("/error/object")]
fn error_object() -> Result<Value, Problem> {
    Err(Problem::new(409, json!({ "code": "dup", "at": [1, null] })))
}

#[get("/error/none")]
fn error_none() -> Result<Value, Problem> {
    Err(Problem::new(404, "Not Found"))
}

#[get("/error/401")]
fn error_401() -> Result<Value, Problem> {
    Err(Problem::new(401, "Unauthorized").header("www-authenticate", "Bearer"))
}

#[get("/error/204")]
fn error_204() -> Response {
    Response::new(204)
}

#[get("/error/304")]
fn error_304() -> Response {
    Response::new(304).header("etag", "x")
}

#[get("/error/500")]
fn error_500() -> Result<Value, Problem> {
    Err(Problem::new(500, "mine"))
}

#[get("/error/crash")]
fn error_crash() -> Value {
    panic!("x")
}

#[get("/error/undumpable")]
fn error_undumpable() -> Result<Value, Problem> {
    Err(Problem::new(400, json!({ "d": f64::NAN })))
}

#[get("/redirect/default")]
fn redirect_default() -> Redirect {
    Redirect("/x?a=b c&d=\u{e9}".into())
}

#[get("/redirect/303", status = 303)]
fn redirect_303() -> Redirect {
    Redirect("http://a.b/\u{e9}".into())
}

#[get("/redirect/class", status = 302)]
fn redirect_class() -> Redirect {
    Redirect("/to".into())
}

#[get("/cookies")]
fn cookies() -> With<Value> {
    With::new(json!({ "ok": true }))
        .header("x-a", "1")
        .cookie(Cookie::new("a", "1"))
        .cookie(
            Cookie::new("b", "x y;~")
                .max_age(60)
                .path("/p")
                .domain("a.b")
                .secure()
                .http_only()
                .same_site_strict(),
        )
        .cookie(Cookie::forget("c").path("/q"))
}

#[get("/media/html")]
fn media_html() -> Html {
    Html("<b>\u{e9}</b>".into())
}

#[get("/media/text")]
fn media_text() -> Text {
    Text("t\u{e9}".into())
}

/// An answer of this media type.
fn of(media_type: &str, body: impl Into<Vec<u8>>) -> Response {
    Response::new(200)
        .header("content-type", media_type)
        .body(body)
}

#[get("/media/bytes")]
fn media_bytes() -> Response {
    of("application/octet-stream", [0, 0xff])
}

#[get("/media/none")]
fn media_none() -> Response {
    Response::new(200).body("x")
}

#[get("/media/empty")]
fn media_empty() -> Response {
    Response::new(200)
}

#[get("/media/xml")]
fn media_xml() -> Response {
    of("application/xml", "<a/>")
}

#[get("/media/text-subtype")]
fn media_text_subtype() -> Response {
    of("text/csv; charset=utf-8", "a,b")
}

#[get("/media/charset")]
fn media_charset() -> Response {
    of("text/plain; charset=latin-1", "a")
}

#[get("/media/json")]
fn media_json() -> Response {
    Response::json(202, &json!({ "a": [1.0, "\u{e9}"], "b": null }))
}

#[get("/injected", status = 202)]
fn injected(#[query(default = 0)] code: i64) -> With<Value> {
    let answer = With::new(json!({ "a": 1 })).header("x-a", "1");
    let answer = answer.cookie(Cookie::new("k", "v"));
    match u16::try_from(code) {
        Ok(status) if status > 0 => answer.status(status),
        _ => answer,
    }
}

router! {
    routes: [
        error_text, error_object, error_none, error_401, error_204, error_304, error_500, error_crash, error_undumpable,
        redirect_default, redirect_303, redirect_class, cookies, media_html, media_text, media_bytes, media_none,
        media_empty, media_xml, media_text_subtype, media_charset, media_json, injected,
    ],
}
