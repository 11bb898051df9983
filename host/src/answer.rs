//! Answers on their way out: the body type, and a guest's answer made into a response.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Frame, SizeHint};

use crate::problem::{Problem, ProblemShape};
use crate::serve_error::ServeError;

/// The body of an answer.
#[derive(Debug, Default)]
pub struct Body(Bytes);

impl Body {
    /// All of it.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body(bytes)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Body(bytes.into())
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Body {
        Body(Bytes::from_static(text.as_bytes()))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let bytes = std::mem::take(&mut self.get_mut().0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

/// What a guest answered, not yet looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestAnswer {
    /// 200 to 599; anything else is answered with 500.
    pub status: u16,
    /// Names and values; how the message is framed is the host's, so such headers are dropped.
    pub headers: Vec<(String, String)>,
    /// The body, empty for none.
    pub body: Bytes,
}

/// What a guest may not set: how the message is framed is the host's.
const FRAMING: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A guest's answer as a response, if HTTP allows it.
pub(crate) fn response(answer: GuestAnswer) -> Result<Response<Body>, ServeError> {
    let status = StatusCode::from_u16(answer.status)
        .ok()
        .filter(|status| (200..=599).contains(&status.as_u16()))
        .ok_or_else(|| {
            ServeError::BadAnswer(format!(
                "status {} is not between 200 and 599",
                answer.status
            ))
        })?;
    let mut response = Response::new(Body(answer.body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(answer.headers.len() + 2);
    for (name, value) in answer.headers {
        let bad =
            |what: &str| ServeError::BadAnswer(format!("header {name:?} {what} that HTTP forbids"));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("has a name"))?;
        let value =
            HeaderValue::from_maybe_shared(Bytes::from(value)).map_err(|_| bad("has a value"))?;
        if !FRAMING.contains(&header) {
            headers.append(header, value);
        }
    }
    if matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    ) {
        *response.body_mut() = Body::default();
    }
    Ok(response)
}

/// How a problem is written to whoever sent these headers.
pub(crate) fn shape(headers: &HeaderMap) -> ProblemShape {
    let accept = headers.get(header::ACCEPT);
    ProblemShape::from_accept(accept.and_then(|value| value.to_str().ok()))
}

/// The one place where an error becomes a [`Problem`].
pub(crate) fn problem(error: ServeError, shape: ProblemShape) -> Response<Body> {
    let problem = Problem::from(error);
    let mut response = Response::new(Body::from(problem.to_json(shape)));
    *response.status_mut() = problem.status;
    *response.headers_mut() = problem.headers;
    let media_type = HeaderValue::from_static(shape.media_type());
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    response
}

/// As FastAPI redirects, but with a relative `Location`: the host does not know under which name it was reached.
pub(crate) fn redirect(base_path: &str, path: &str) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    match HeaderValue::from_maybe_shared(Bytes::from(format!("{base_path}{path}"))) {
        Ok(location) => drop(response.headers_mut().insert(header::LOCATION, location)),
        Err(_) => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}
