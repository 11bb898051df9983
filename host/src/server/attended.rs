//! A socket whose client is not waited for without end: one that reads nothing would keep it, and what is written for
//! it, for as long as it stays.

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

/// A socket, and how long its client may take nothing of what is there to be written.
#[derive(Debug)]
pub(super) struct Attended {
    socket: Socket,
    signs: Signs,
    write_idle: Duration,
    /// Armed while it takes nothing.
    idle: Option<Pin<Box<Sleep>>>,
}

/// What a connection and its socket have to tell each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Signs(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    hurry: AtomicBool,
    unread: AtomicBool,
}

impl Signs {
    /// The server ends: nobody is waited for.
    pub(super) fn hurry(&self) {
        self.0.hurry.store(true, Relaxed);
    }

    pub(super) fn is_hurried(&self) -> bool {
        self.0.hurry.load(Relaxed)
    }

    /// Whether the client took nothing of its answer for too long, which is why the connection broke off.
    pub(super) fn is_unread(&self) -> bool {
        self.0.unread.load(Relaxed)
    }
}

impl Attended {
    pub(super) fn new(socket: Socket, signs: Signs, write_idle: Duration) -> Attended {
        Attended {
            socket,
            signs,
            write_idle,
            idle: None,
        }
    }

    /// What becomes of a write: nothing, for as long as the client may take nothing.
    fn attend(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.idle = None;
            return written;
        }
        let write_idle = self.write_idle;
        let idle = self.idle.get_or_insert_with(|| Box::pin(sleep(write_idle)));
        ready!(idle.as_mut().poll(cx));
        self.signs.0.unread.store(true, Relaxed);
        // Else the system would go on offering the client what it has taken already.
        self.socket.forget_unread()?;
        Poll::Ready(Err(io::Error::other("the client does not read its answer")))
    }
}

impl AsyncRead for Attended {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Attended {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.attend(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, pieces);
        self.attend(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
