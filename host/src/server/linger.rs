//! A connection's end that an unfinished client survives. A socket that is closed while bytes of the client are unread
//! is reset, and the reset overtakes the answer: the client of a 413 or a 431, still sending, would see a broken pipe
//! and never learn why. So after the last byte of the answer the client is listened to for a little longer.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::attended::Signs;
use super::request_line::RequestLine;
use super::socket::Stream;

/// How long a client may take to notice that it was answered, and to close.
const PATIENCE: Duration = Duration::from_secs(2);

/// A stream that, when it is shut down, first says so to the client and then reads on, until the client closes too.
pub(super) struct Lingering {
    /// What was read before it was known what the client speaks.
    before: Bytes,
    stream: Stream,
    line: RequestLine,
    signs: Signs,
    /// Since the answer was out.
    until: Option<Pin<Box<Sleep>>>,
    /// Whether the client knows.
    said: bool,
}

impl Lingering {
    pub(super) fn new(before: Bytes, stream: Stream, line: RequestLine, signs: Signs) -> Self {
        Lingering {
            before,
            stream,
            line,
            signs,
            until: None,
            said: false,
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.before.is_empty() {
            let count = self.before.len().min(buffer.remaining());
            buffer.put_slice(&self.before[..count]);
            self.before.advance(count);
            self.signs.heard();
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.signs.heard();
        self.line.heard(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Lingering { stream, line, .. } = &mut *self;
        line.poll_write(Pin::new(stream), cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Lingering {
            stream,
            signs,
            until,
            said,
            ..
        } = &mut *self;
        let until = until.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        if !*said {
            match Pin::new(&mut *stream).poll_shutdown(cx)? {
                Poll::Ready(()) => *said = true,
                // With TLS there is something to write, and clients that read nothing.
                Poll::Pending if signs.is_hurried() => return Poll::Ready(Ok(())),
                Poll::Pending => return until.as_mut().poll(cx).map(Ok),
            }
        }
        let mut ignored = [0; 4096];
        while !signs.is_hurried() && until.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut ignored);
            let read = ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}
