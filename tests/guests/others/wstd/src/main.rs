//! A component of `wasi:http` 0.2 written with `wstd`: a POST comes back, of any other request it is told what came.

use wstd::http::{Body, Method, Request, Response, Result};

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>> {
    let answer = Response::builder().header("content-type", "text/plain");
    let (head, body) = request.into_parts();
    if head.method == Method::POST {
        return Ok(answer.body(body)?);
    }
    let target = head
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    let mut lines = vec![
        format!("{} {target}", head.method),
        format!("scheme {}", head.uri.scheme_str().unwrap_or_default()),
        format!(
            "authority {}",
            head.uri.authority().map_or("", |host| host.as_str())
        ),
    ];
    for (name, value) in &head.headers {
        lines.push(format!(
            "{name}: {}",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    Ok(answer.body(lines.join("\n").into())?)
}
