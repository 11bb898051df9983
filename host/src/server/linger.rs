//! A connection's end that an unfinished client survives. A socket that is closed while bytes of the client are unread
//! is reset, and the reset overtakes the answer: the client of a 413 or a 431, still sending, would see a broken pipe
//! and never learn why. So after the last byte of the answer the client is listened to for a little longer.
//!
//! And one that a client which reads nothing does not put off for ever: it would keep a socket, and what is written for
//! it, for as long as it stays.

use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::socket::Socket;

/// How long a client may take to notice that it was answered, and to close.
const PATIENCE: Duration = Duration::from_secs(2);

/// A stream that, when it is shut down, first says so to the client and then reads on, until the client closes too.
pub(super) struct Lingering {
    stream: Socket,
    hurried: Hurry,
    /// Since the answer was out.
    until: Option<Pin<Box<Sleep>>>,
    /// How long the client may take nothing of what is there to be written.
    write_idle: Duration,
    /// Armed while it takes nothing.
    idle: Option<Pin<Box<Sleep>>>,
}

/// The client took nothing of its answer for too long.
#[derive(Debug, thiserror::Error)]
#[error("the client does not read its answer")]
pub(super) struct Unread;

impl Unread {
    /// Whether a connection ended for this reason.
    pub(super) fn is_why(error: &hyper::Error) -> bool {
        let cause = error
            .source()
            .and_then(|cause| cause.downcast_ref::<io::Error>());
        cause.is_some_and(|cause| cause.get_ref().is_some_and(|inner| inner.is::<Unread>()))
    }
}

/// Said when the server ends: then nobody is waited for.
#[derive(Clone, Default)]
pub(super) struct Hurry(Arc<AtomicBool>);

impl Hurry {
    pub(super) fn up(&self) {
        self.0.store(true, Relaxed);
    }
}

impl Lingering {
    pub(super) fn new(stream: Socket, hurried: Hurry, write_idle: Duration) -> Self {
        Lingering {
            stream,
            hurried,
            until: None,
            write_idle,
            idle: None,
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Lingering {
            stream,
            write_idle,
            idle,
            ..
        } = &mut *self;
        if let Poll::Ready(written) = Pin::new(&mut *stream).poll_write(cx, bytes) {
            *idle = None;
            return Poll::Ready(written);
        }
        let idle = idle.get_or_insert_with(|| Box::pin(sleep(*write_idle)));
        ready!(idle.as_mut().poll(cx));
        // Else the system would go on offering the client what it has taken already.
        stream.forget_unread()?;
        Poll::Ready(Err(io::Error::other(Unread)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Lingering {
            stream,
            hurried,
            until,
            ..
        } = &mut *self;
        if until.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
        }
        let until = until.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        let mut ignored = [0; 4096];
        while !hurried.0.load(Relaxed) && until.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut ignored);
            let read = ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}
