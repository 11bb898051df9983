//! Answers on their way out: the body type, and a guest's answer made into a response.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Frame, SizeHint};

use crate::problem::{Problem, ProblemShape};
use crate::serve_error::ServeError;

/// The body of an answer: whole, or a stream of pieces that come as they are made.
pub struct Body(Inner);

enum Inner {
    Whole(Bytes),
    Stream(Pin<Box<dyn http_body::Body<Data = Bytes, Error = BodyError> + Send>>),
}

/// Why a streamed answer broke off, in words for the log. A whole answer never does.
///
/// A server resets the connection on it (HTTP/1) or the stream (HTTP/2), so that the client cannot take what it has
/// got for the whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer broke off: {0}")]
pub struct BodyError(String);

impl BodyError {
    #[cfg(feature = "runtime")]
    pub(crate) fn new(why: impl fmt::Display) -> BodyError {
        BodyError(why.to_string())
    }
}

impl Body {
    /// What is there as a whole.
    #[cfg(feature = "runtime")]
    pub(crate) fn whole(&self) -> Option<&Bytes> {
        match &self.0 {
            Inner::Whole(bytes) => Some(bytes),
            Inner::Stream(_) => None,
        }
    }

    /// Whether its pieces come one by one.
    #[cfg(feature = "runtime")]
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.0, Inner::Stream(_))
    }

    /// A body whose pieces come one by one.
    #[cfg(feature = "runtime")]
    pub(crate) fn stream(
        pieces: impl http_body::Body<Data = Bytes, Error = BodyError> + Send + 'static,
    ) -> Body {
        Body(Inner::Stream(Box::pin(pieces)))
    }
}

impl Default for Body {
    fn default() -> Body {
        Body::from(Bytes::new())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body(Inner::Whole(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Bytes::from(bytes).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Body {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Whole(bytes) => f.debug_tuple("Body").field(bytes).finish(),
            Inner::Stream(_) => f.write_str("Body(..)"),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.get_mut().0 {
            Inner::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Inner::Stream(pieces) => pieces.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Whole(bytes) => bytes.is_empty(),
            Inner::Stream(pieces) => pieces.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Inner::Stream(pieces) => pieces.size_hint(),
        }
    }
}

/// Among the extensions of an answer that refused a call because there was no place for it: whoever asks again and again
/// may be answered later.
#[cfg(feature = "runtime")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused;

/// Among the extensions of an answer whose guest says that it has ranges.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OffersRanges;

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
pub(crate) const FRAMING: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A guest's answer as a response, if HTTP allows it. The body is the host's own, or bytes where there is no host.
pub(crate) fn response<B: From<Bytes>>(answer: GuestAnswer) -> Result<Response<B>, ServeError> {
    let GuestAnswer {
        status,
        headers,
        body,
    } = answer;
    let mut response = head(status, headers, B::from(body)).map_err(ServeError::BadAnswer)?;
    if has_no_body(response.status()) {
        *response.body_mut() = B::from(Bytes::new());
    }
    Ok(response)
}

/// The head that a guest gave, whether the body is there whole or comes in pieces; or why HTTP does not allow it.
pub(crate) fn head<B>(
    status: u16,
    given: Vec<(String, String)>,
    body: B,
) -> Result<Response<B>, String> {
    let status = StatusCode::from_u16(status)
        .ok()
        .filter(|status| (200..=599).contains(&status.as_u16()))
        .ok_or_else(|| format!("status {status} is not between 200 and 599"))?;
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(given.len() + 2);
    let mut offers_ranges = false;
    for (name, value) in given {
        let bad = |what: &str| format!("header {name:?} {what} that HTTP forbids");
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("has a name"))?;
        let value =
            HeaderValue::from_maybe_shared(Bytes::from(value)).map_err(|_| bad("has a value"))?;
        offers_ranges |= header == header::ACCEPT_RANGES && value == "bytes";
        if !FRAMING.contains(&header) {
            headers.append(header, value);
        }
    }
    if offers_ranges {
        response.extensions_mut().insert(OffersRanges);
    }
    Ok(response)
}

/// Whether answers of this status have no body, whatever a guest gives.
pub(crate) fn has_no_body(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    )
}

/// How whoever sent these headers wants a problem written, if they say.
pub(crate) fn shape(headers: &HeaderMap) -> Option<ProblemShape> {
    let accept = headers.get(header::ACCEPT);
    ProblemShape::from_accept(accept.and_then(|value| value.to_str().ok()))
}

/// The one place where an error becomes a [`Problem`].
pub(crate) fn problem<B: From<Bytes>>(error: ServeError, shape: ProblemShape) -> Response<B> {
    told(Problem::from(error), shape)
}

/// A problem as it is written.
pub(crate) fn told<B: From<Bytes>>(problem: Problem, shape: ProblemShape) -> Response<B> {
    let (body, media_type) = problem.written(shape);
    let mut response = Response::new(B::from(body.into()));
    *response.status_mut() = problem.status;
    *response.headers_mut() = problem.headers;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// As FastAPI redirects, but with a relative `Location`: the host does not know under which name it was reached.
pub(crate) fn redirect<B: From<Bytes>>(address: &str) -> Response<B> {
    let mut response = Response::new(B::from(Bytes::new()));
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    match HeaderValue::from_str(address) {
        Ok(location) => drop(response.headers_mut().insert(header::LOCATION, location)),
        Err(_) => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}
