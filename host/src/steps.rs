//! The steps of a request that need no guest. [`dispatch`](crate::dispatch) takes them, and so does
//! [`Checks`](crate::Checks): what a plugin's native tests see is what the host does.

use bytes::Bytes;
use http::request::Parts;

use crate::admit::{Admitted, Received, Rejection};
use crate::config::Limits;
use crate::contract::Operation;
use crate::path::RequestPath;
use crate::router::{NoRoute, Router};
use crate::serve_error::ServeError;

/// Where a request goes.
pub(crate) enum Way<T> {
    /// To this target, with the path's parameters, still percent-encoded.
    Here(T, Vec<String>),
    /// 307: to the same path with a slash more at its end, or less.
    Elsewhere(String),
}

/// Routes a request.
pub(crate) fn find<T: Copy>(router: &Router<T>, head: &Parts) -> Result<Way<T>, ServeError> {
    let path = RequestPath::new(head.uri.path());
    match router.find(&head.method, &path) {
        Ok(found) => {
            let segments = found.segments.iter();
            let segments = segments.map(|segment| (*segment).to_owned()).collect();
            Ok(Way::Here(*found.target, segments))
        }
        Err(NoRoute::Unknown) => Err(ServeError::NotFound),
        Err(NoRoute::Method(allowed)) => Err(ServeError::MethodNotAllowed(allowed)),
        Err(NoRoute::Slash(mut path)) => {
            if let Some(query) = head.uri.query() {
                path.push('?');
                path.push_str(query);
            }
            Ok(Way::Elsewhere(path))
        }
    }
}

/// What the contract says of parameters and body; what comes out is what the guest will get.
pub(crate) fn admit(
    operation: &Operation,
    head: &Parts,
    segments: &[String],
    body: Bytes,
    limits: &Limits,
) -> Result<Admitted, ServeError> {
    let received = Received {
        path: segments,
        query: head.uri.query(),
        headers: &head.headers,
        body,
    };
    operation
        .admit(received, limits)
        .map_err(|rejection| match rejection {
            Rejection::Violations(violations) => ServeError::Invalid(violations),
            Rejection::BadBody(why) => ServeError::BadBody(why),
            Rejection::MediaType => ServeError::MediaType,
        })
}
