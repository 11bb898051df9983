//! Requests as standard components get them, and their answers as HTTP allows them.

use bytes::Bytes;
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{Extensions, HeaderName, HeaderValue, Request, Response, Uri, header};

use crate::admit::{Admitted, AdmittedBody};
use crate::answer::{self, Body, OffersRanges};
use crate::arrival::Incoming;
use crate::forwarded::{Forwarded, scheme_of};
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::serve_error::ServeError;

/// The path under which the guest is mounted, for one that writes links.
static X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// The request as it came, but for its path: that begins behind the plugin's prefix, so that a component need not know
/// where it is mounted, and its document says the paths that it sees.
pub(crate) fn request(
    head: &Parts,
    extensions: &Extensions,
    (base_path, prefix): (&str, &str),
    request_id: RequestId,
) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = head.method.clone();
    *request.version_mut() = head.version;
    *request.headers_mut() = head.headers.clone();
    let headers = request.headers_mut();
    headers.insert(X_REQUEST_ID.clone(), request_id.to_header());
    if let mount = format!("{base_path}{prefix}")
        && !mount.is_empty()
        && let Ok(mount) = HeaderValue::try_from(mount)
    {
        headers.insert(X_FORWARDED_PREFIX.clone(), mount);
    }
    let forwarded = extensions.get::<Forwarded>();
    let mut parts = head.uri.clone().into_parts();
    if let Some(authority) = forwarded.and_then(|told| told.authority.clone()) {
        parts.authority = Some(authority);
    }
    if !prefix.is_empty() || parts.path_and_query.is_none() {
        parts.path_and_query = Some(behind(prefix, &head.uri));
    }
    // Every request has scheme and authority in `wasi:http`; in HTTP/1.0 it needs no `host`.
    if parts.authority.is_none() {
        let host = headers
            .entry(header::HOST)
            .or_insert(HeaderValue::from_static("localhost"));
        parts.authority = Authority::try_from(host.as_bytes()).ok();
    }
    let scheme = scheme_of(extensions);
    parts.scheme = parts.authority.is_some().then_some(scheme);
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// A body that was checked, as the guest reads it: as it came, but a text as the host read it, which differs where it
/// could be read in two ways. The head tells its length.
pub(crate) fn checked(
    head: &mut Parts,
    sent: Bytes,
    admitted: &mut Admitted,
) -> Option<Box<Incoming>> {
    let body = match &mut admitted.body {
        AdmittedBody::Text { media_type, data } => {
            let data = Bytes::from(std::mem::take(data));
            let media_type = media_type.clone();
            admitted.body = AdmittedBody::Bytes {
                media_type,
                data: data.clone(),
            };
            data
        }
        AdmittedBody::Empty
        | AdmittedBody::Bytes { .. }
        | AdmittedBody::Form { .. }
        | AdmittedBody::Stream { .. } => sent,
    };
    if let Some(length) = head.headers.get_mut(header::CONTENT_LENGTH) {
        *length = body.len().into();
    }
    (!body.is_empty()).then(|| Incoming::whole(body))
}

/// Path and query behind a prefix, which the path has in whatever spelling.
fn behind(prefix: &str, uri: &Uri) -> PathAndQuery {
    let path = uri.path();
    let segments = prefix.matches('/').count();
    let rest = match path.match_indices('/').nth(segments) {
        Some((at, _)) => &path[at..],
        None => "/",
    };
    let rest = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{rest}?{query}")),
        None => PathAndQuery::try_from(rest),
    };
    rest.unwrap_or_else(|_| PathAndQuery::from_static("/"))
}

/// A guest's whole answer, if HTTP allows it.
pub(crate) fn response(answer: Response<Bytes>) -> Result<Response<Body>, ServeError> {
    let (head, body) = answer.into_parts();
    let mut head = self::head(head).map_err(ServeError::BadAnswer)?;
    // The server knows better. (Without a body it may be that of an answer to HEAD.)
    if !body.is_empty() {
        head.headers.remove(header::CONTENT_LENGTH);
    }
    let body = match answer::has_no_body(head.status) {
        true => Bytes::new(),
        false => body,
    };
    if head
        .headers
        .get(header::ACCEPT_RANGES)
        .is_some_and(|unit| unit == "bytes")
    {
        head.extensions.insert(OffersRanges);
    }
    Ok(Response::from_parts(head, body.into()))
}

/// The head of a guest's answer, if HTTP allows it. That the length is true was seen to by `wasi:http`.
pub(crate) fn head(mut head: http::response::Parts) -> Result<http::response::Parts, String> {
    if !(200..=599).contains(&head.status.as_u16()) {
        return Err(format!(
            "status {} is not between 200 and 599",
            head.status.as_u16()
        ));
    }
    for name in answer::FRAMING {
        if name != header::CONTENT_LENGTH {
            head.headers.remove(name);
        }
    }
    Ok(head)
}
