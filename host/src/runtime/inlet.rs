//! A client's body as guests read it: the wait for it is the client's time, and not the call's.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::Sleep;

use super::meter::Meter;
use crate::arrival::{Incoming, ReadError};
use crate::pipe::Pipe;

/// The next piece, of `most` bytes or fewer; none of them is the end.
pub(super) fn poll_read(
    body: &mut Incoming,
    meter: &Meter,
    cx: &mut Context<'_>,
    most: usize,
) -> Poll<Result<Bytes, ReadError>> {
    let piece = body.poll_read(cx, most);
    meter.set_waiting(piece.is_pending());
    piece
}

/// A body as `wasi:http` takes it: given away for good. Its clones are one body, and [`Lent::take_back`] takes it from a
/// guest that keeps it.
#[derive(Clone)]
pub(super) struct Lent(Arc<Mutex<Option<Reading>>>);

struct Reading {
    body: Box<Incoming>,
    meter: Arc<Meter>,
    /// `limits.stream_cpu_percent`
    share: u64,
    /// Until the guest has computed no more than its share.
    rest: Option<Pin<Box<Sleep>>>,
    /// The answer, once it streams.
    answer: Option<Arc<Pipe>>,
}

impl Lent {
    pub(super) fn new(body: Box<Incoming>, meter: Arc<Meter>, share: u64) -> Lent {
        Lent(Arc::new(Mutex::new(Some(Reading {
            body,
            meter,
            share,
            rest: None,
            answer: None,
        }))))
    }

    /// An answer that its guest reads for does not stand still.
    pub(super) fn answered_by(&self, pipe: &Arc<Pipe>) {
        if let Some(reading) = &mut *self.lock() {
            reading.answer = Some(pipe.clone());
        }
    }

    /// Nothing of it is read any more: a guest that still holds it must not hold the client's connection. Why it could
    /// not be read to its end, if the guest tried.
    pub(super) fn take_back(&self) -> Option<ReadError> {
        // Not dropped under the lock.
        let reading = self.lock().take()?;
        reading.meter.set_waiting(false);
        reading.body.failed()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Reading>> {
        // A body of the program around the host is polled under it, and may panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for Lent {
    type Data = Bytes;
    type Error = ReadError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReadError>>> {
        let piece = match &mut *self.lock() {
            Some(reading) => ready!(reading.poll_piece(cx)),
            None => Err(ReadError::Closed),
        };
        Poll::Ready(match piece {
            Ok(piece) if piece.is_empty() => None,
            piece => Some(piece.map(Frame::data)),
        })
    }
}

impl Reading {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, ReadError>> {
        if self.rest.is_none() {
            let rest = self.meter.rest();
            self.rest = rest.map(|rest| Box::pin(tokio::time::sleep(rest)));
        }
        if let Some(rest) = &mut self.rest {
            ready!(rest.as_mut().poll(cx));
            self.rest = None;
        }
        let piece = poll_read(&mut self.body, &self.meter, cx, usize::MAX);
        match (&piece, &self.answer) {
            // One that is not there at once makes the call a stream.
            (Poll::Pending, _) => self.meter.share(self.share),
            (Poll::Ready(_), Some(answer)) => answer.touch(),
            (Poll::Ready(_), None) => {}
        }
        piece
    }
}
