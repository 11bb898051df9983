//! Answers on their way out: the body type, and a guest's answer made into a response.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Frame, SizeHint};

use crate::runtime::GuestAnswer;
use crate::serve_error::ServeError;

/// The body of an answer.
#[derive(Debug, Default)]
pub struct Body(Bytes);

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
