//! The steps of a request that need no guest. [`dispatch`](crate::dispatch) takes them, and so does
//! [`Checks`](crate::Checks): what a plugin's native tests see is what the host does.

use http::request::Parts;

use crate::admit::{Admitted, Received, Sent};
use crate::config::Limits;
use crate::contract::Operation;
use crate::path::RequestPath;
use crate::router::{NoRoute, Router, SegmentPlaces, Segments};
use crate::serve_error::ServeError;

/// Where a request goes.
pub(crate) enum Way<T> {
    /// To this target, with the places of the path's parameters.
    Here(T, Places),
    /// 307: to the same path with a slash more at its end, or less.
    Elsewhere(String),
}

impl<T> Way<T> {
    /// The same way to what a target stands for.
    #[cfg(feature = "runtime")]
    pub(crate) fn map<U>(self, of: impl FnOnce(T) -> U) -> Way<U> {
        match self {
            Way::Here(target, places) => Way::Here(of(target), places),
            Way::Elsewhere(path) => Way::Elsewhere(path),
        }
    }
}

/// Where the path's parameters stand, still percent-encoded: places rather than texts, so that they travel with the
/// head whose path they are in.
#[derive(Debug)]
pub(crate) struct Places {
    segments: SegmentPlaces,
    /// The path they are in, where it is not as the client sent it.
    rewritten: Option<String>,
}

impl Places {
    /// Of a path without parameters.
    #[cfg(feature = "runtime")]
    pub(crate) fn none() -> Places {
        Places {
            segments: SegmentPlaces::Many(Vec::new()),
            rewritten: None,
        }
    }

    pub(crate) fn segments<'p>(&'p self, sent: &'p str) -> Segments<'p> {
        self.segments
            .within(self.rewritten.as_deref().unwrap_or(sent))
    }
}

/// Routes a request.
pub(crate) fn find<T: Copy>(router: &Router<T>, head: &Parts) -> Result<Way<T>, ServeError> {
    let path = RequestPath::new(head.uri.path());
    match router.find(&head.method, &path) {
        Ok(found) => {
            let target = *found.target;
            let segments = SegmentPlaces::of(&found.segments, path.as_str());
            let rewritten = path.rewritten();
            let places = Places {
                segments,
                rewritten,
            };
            Ok(Way::Here(target, places))
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
    places: &Places,
    body: Sent,
    limits: &Limits,
) -> Result<Admitted, ServeError> {
    let segments = places.segments(head.uri.path());
    let received = Received {
        path: &segments,
        query: head.uri.query(),
        headers: &head.headers,
        body,
    };
    operation.admit(received, limits).map_err(ServeError::from)
}
