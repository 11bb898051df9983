//! The steps of a request that need no guest. [`dispatch`](crate::dispatch) takes them, and so does
//! [`Checks`](crate::Checks): what a plugin's native tests see is what the host does.

use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};

use crate::admit::{Admitted, Received, Sent};
use crate::config::Limits;
use crate::contract::Operation;
use crate::path::RequestPath;
use crate::problem::{Problem, ProblemShape};
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

/// What a plugin's own page for a problem gets: the problem, in place of the request's body.
pub(crate) fn admit_problem(
    operation: &Operation,
    head: &Parts,
    problem: &Problem,
    limits: &Limits,
) -> Result<Admitted, ServeError> {
    let mut headers = head.headers.clone();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    let received = Received {
        path: &[],
        query: head.uri.query(),
        headers: &headers,
        body: Sent::Whole(problem.to_json(ProblemShape::Rfc9457).into()),
    };
    operation
        .admit(received, limits)
        .map_err(|_| ServeError::BadAnswer(UNFIT.into()))
}

const UNFIT: &str = "the operation with `x-switchback-on-problem` takes no body like \
    `{\"type\", \"title\", \"status\", \"detail\", \"errors\"}`, or needs a parameter that the request lacks";

/// Whether a plugin is asked for its own page: who has no place for a call has none for one about that.
pub(crate) fn has_page(problem: &Problem) -> bool {
    !matches!(
        problem.status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    )
}

/// Gives a plugin's page the problem's status, unless it says another than 200, and the problem's headers (`allow`) beside
/// its own.
pub(crate) fn finish_page<B>(page: &mut Response<B>, problem: &Problem) {
    if page.status() == StatusCode::OK {
        *page.status_mut() = problem.status;
    }
    for (name, value) in &problem.headers {
        page.headers_mut()
            .entry(name)
            .or_insert_with(|| value.clone());
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
