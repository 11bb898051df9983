//! A request's body on its way to a guest that reads it as it comes, under its size and its time.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use tokio::time::Sleep;

use crate::config::Limits;

/// A body that a guest may read. Its clones are one body: [`Sent::close`] takes it from a guest that keeps it.
#[derive(Clone)]
pub(crate) struct Sent(Arc<Mutex<Option<Source>>>);

/// Why a body cannot be read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SentError {
    #[error("the body is larger than its limit")]
    TooLarge,
    #[error("the body took longer than its limit")]
    TooSlow,
    #[error("the body broke off")]
    Broken,
}

struct Source {
    body: UnsyncBoxBody<Bytes, SentError>,
    /// What may still come.
    left: u64,
    time: Duration,
    /// Armed once the body has to be waited for.
    late: Option<Pin<Box<Sleep>>>,
    failed: Option<SentError>,
}

impl Sent {
    /// A body that was read already.
    pub(crate) fn whole(body: Bytes) -> Sent {
        let left = body.len() as u64;
        let body = Full::new(body).map_err(|never| match never {});
        Sent::of(body.boxed_unsync(), left, Duration::MAX)
    }

    /// A body that still arrives.
    pub(crate) fn open<B>(body: B, limits: &Limits) -> Sent
    where
        B: Body + Send + 'static,
    {
        if body.is_end_stream() {
            return Sent::whole(Bytes::new());
        }
        let frames = body
            .map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
            .map_err(|_| SentError::Broken);
        let time = Duration::from_millis(limits.body_time_ms);
        Sent::of(frames.boxed_unsync(), limits.body_bytes, time)
    }

    fn of(body: UnsyncBoxBody<Bytes, SentError>, left: u64, time: Duration) -> Sent {
        Sent(Arc::new(Mutex::new(Some(Source {
            body,
            left,
            time,
            late: None,
            failed: None,
        }))))
    }

    /// Why the guest could not read it to its end, if it could not.
    pub(crate) fn failed(&self) -> Option<SentError> {
        self.lock().as_ref()?.failed
    }

    /// Nothing of it is read any more: a guest that still holds it must not hold the client's connection.
    pub(crate) fn close(&self) {
        let source = self.lock().take();
        // Not under the lock.
        drop(source);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Source>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = SentError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SentError>>> {
        match &mut *self.lock() {
            Some(source) => source.poll_frame(cx),
            None => Poll::Ready(Some(Err(SentError::Broken))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.lock()
            .as_ref()
            .is_some_and(|source| source.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.lock()
            .as_ref()
            .map_or_else(SizeHint::default, |source| source.body.size_hint())
    }
}

impl Source {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SentError>>> {
        if let Some(failed) = self.failed {
            return Poll::Ready(Some(Err(failed)));
        }
        let error = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let size = frame.data_ref().map_or(0, Bytes::len) as u64;
                match self.left.checked_sub(size) {
                    Some(left) => {
                        self.left = left;
                        return Poll::Ready(Some(Ok(frame)));
                    }
                    None => SentError::TooLarge,
                }
            }
            Poll::Ready(Some(Err(error))) => error,
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {
                let time = self.time;
                let late = self
                    .late
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
                ready!(late.as_mut().poll(cx));
                SentError::TooSlow
            }
        };
        self.failed = Some(error);
        Poll::Ready(Some(Err(error)))
    }
}
