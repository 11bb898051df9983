//! A request line that alone is more than a head may be. hyper gives a head up once it fills its buffer, and answers 431,
//! whatever filled it; what came says whether it was the target, which is 414 (RFC 9112, 3).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

/// What hyper says, and what is said instead.
const HEAD_TOO_LARGE: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\n";
const URI_TOO_LONG: &[u8] = b"HTTP/1.1 414 URI Too Long\r\n";
/// Nobody sends a long line in pieces this small, but whoever wants to be slow; so usual requests are not looked through.
const SMALL: usize = 1 << 10;

/// That of the request which is there, as far as it has come.
#[derive(Debug)]
pub(super) struct RequestLine {
    /// Longer, and it is the line that is too long.
    most: usize,
    length: usize,
    has_ended: bool,
    /// What is left to be written of another answer than was given.
    instead: Bytes,
}

impl RequestLine {
    pub(super) fn new(most: usize) -> RequestLine {
        RequestLine {
            most,
            length: 0,
            has_ended: false,
            instead: Bytes::new(),
        }
    }

    /// More came.
    pub(super) fn heard(&mut self, bytes: &[u8]) {
        if self.has_ended {
            return;
        }
        if bytes.len() < SMALL {
            self.has_ended = true;
            return;
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        self.has_ended = end.is_some();
        self.length += end.unwrap_or(bytes.len());
    }

    /// Writes an answer, or another in its place.
    pub(super) fn poll_write(
        &mut self,
        stream: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.length > self.most && bytes.starts_with(HEAD_TOO_LARGE) {
            return self.poll_instead(stream, cx, bytes);
        }
        (self.length, self.has_ended) = (0, false);
        stream.poll_write(cx, bytes)
    }

    fn poll_instead(
        &mut self,
        mut stream: Pin<&mut impl AsyncWrite>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.instead.is_empty() {
            self.instead = [URI_TOO_LONG, &bytes[HEAD_TOO_LARGE.len()..]]
                .concat()
                .into();
        }
        while self.instead.has_remaining() {
            let written = ready!(stream.as_mut().poll_write(cx, &self.instead))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.advance(written);
        }
        self.length = 0;
        Poll::Ready(Ok(bytes.len()))
    }
}
