//! A socket whose client is not waited for without end: one that reads nothing would keep it, and what is written for
//! it, for as long as it stays.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::patience::Clock;
use super::socket::{self, Socket};
use crate::config::Limits;
use crate::lasting::Lasting;

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
#[derive(Clone, Debug)]
pub(super) struct Signs(Arc<Flags>);

#[derive(Debug)]
struct Flags {
    hurry: AtomicBool,
    unread: AtomicBool,
    overdue: AtomicBool,
    /// Since when the request of HTTP/1 is there that is not done; 0: none is.
    since_ms: AtomicU64,
    lasting: Lasting,
}

impl Signs {
    pub(super) fn new(limits: &Limits) -> Signs {
        Signs(Arc::new(Flags {
            hurry: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            overdue: AtomicBool::new(false),
            since_ms: AtomicU64::new(0),
            lasting: Lasting::new(limits),
        }))
    }

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

    /// Whether its request took too long, which is why the connection is cut.
    pub(super) fn is_overdue(&self) -> bool {
        self.0.overdue.load(Relaxed)
    }

    /// How long the request of HTTP/1 may take.
    pub(super) fn lasting(&self) -> &Lasting {
        &self.0.lasting
    }

    /// A byte came: if none of a request was there, it is the first of one.
    pub(super) fn heard(&self) {
        if self.0.since_ms.load(Relaxed) == 0 {
            self.0.since_ms.store(Clock::of_all().now_ms(), Relaxed);
        }
    }

    /// What was there of a request is answered; what comes next is the next.
    pub(super) fn answered(&self) {
        self.0.since_ms.store(0, Relaxed);
        self.0.lasting.begin_anew();
    }

    /// Whether the request takes longer than it may.
    pub(super) fn is_late(&self) -> bool {
        let since = self.0.since_ms.load(Relaxed);
        let lasts = Clock::of_all().now_ms().saturating_sub(since);
        since != 0 && Duration::from_millis(lasts) > self.0.lasting.most()
    }

    /// The connection is cut for it.
    pub(super) fn cut_overdue(&self) {
        self.0.overdue.store(true, Relaxed);
    }
}

/// Else the system would go on offering its client what it has taken already.
impl Drop for Attended {
    fn drop(&mut self) {
        if self.signs.is_unread() || self.signs.is_overdue() {
            // It is closed anyway.
            let _ = socket::forget_unread(&self.socket);
        }
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
