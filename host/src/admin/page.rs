//! What anybody may look at who reaches the operator's listener, whole from the binary: the page, the API's document and Swagger UI
//! over it. They show nothing of the host.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, header};

use crate::answer::Body;

const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'";

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The pages and what they load; none for anything else.
pub(super) fn answer(head: &Parts) -> Option<Response<Body>> {
    if head.method != Method::GET && head.method != Method::HEAD {
        return None;
    }
    let (content, media_type) = match head.uri.path() {
        "/" => (include_str!("assets/page.html"), "text/html; charset=utf-8"),
        "/openapi.json" => (super::CONTRACT, "application/json"),
        "/ground.css" => (include_str!("../docs/assets/ground.css"), STYLE),
        "/page.css" => (include_str!("assets/page.css"), STYLE),
        "/page.js" => (include_str!("assets/page.js"), SCRIPT),
        "/faults.js" => (include_str!("assets/faults.js"), SCRIPT),
        "/operations.js" => (include_str!("assets/operations.js"), SCRIPT),
        "/plot.js" => (include_str!("assets/plot.js"), SCRIPT),
        "/waits.js" => (include_str!("assets/waits.js"), SCRIPT),
        _ => return documentation(head),
    };
    let mut response = Response::new(Body::from(Bytes::from_static(content.as_bytes())));
    let headers: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}

#[cfg(feature = "docs")]
fn documentation(head: &Parts) -> Option<Response<Body>> {
    let page = crate::docs::over(&head.uri, &head.headers, "Switchback, for its operator");
    page.map(|page| page.map(Body::from))
}

#[cfg(not(feature = "docs"))]
fn documentation(_: &Parts) -> Option<Response<Body>> {
    None
}
