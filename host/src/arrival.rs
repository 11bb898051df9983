//! A request's body on its way in: read whole, or in pieces as the guest asks for them, under its size and its time.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::{BodyExt, Full};
use tokio::time::Sleep;

use crate::bodies::Held;
use crate::config::Limits;
use crate::field::text;
use crate::form::{self, Broken, Keep, Part};
use crate::limit::Limit;
use crate::serve_error::ServeError;
use crate::spool::Disk;

/// A body that a guest reads piece by piece, by whichever interface. Nothing is asked of the client before the guest
/// asks for it.
pub(crate) struct Incoming {
    body: Pieces,
    /// What came and was not asked for yet.
    left: Bytes,
    /// How much more may come.
    room: u64,
    /// How long each piece is waited for.
    patience: Duration,
    /// Armed once a piece has to be waited for.
    late: Option<Pin<Box<Sleep>>>,
    /// Nothing more can be had: it is over, or what is missing must not be skipped.
    end: Option<Result<(), ReadError>>,
}

type Pieces = Pin<Box<dyn http_body::Body<Data = Bytes, Error = String> + Send>>;

/// Why a piece cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the client broke it off")]
    Closed,
    #[error("limit `{}` was hit", .0.name())]
    Limit(Limit),
}

impl Incoming {
    /// A body that still arrives.
    pub(crate) fn new<B>(
        body: B,
        headers: &HeaderMap,
        limits: &Limits,
    ) -> Result<Box<Incoming>, ServeError>
    where
        B: http_body::Body + Send + 'static,
        B::Error: std::fmt::Display,
    {
        if said(headers).is_some_and(|said| said > limits.stream_bytes) {
            return Err(ServeError::Limit(Limit::StreamBytes));
        }
        let body = body
            .map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
            .map_err(|error| error.to_string());
        let patience = Duration::from_millis(limits.body_time_ms);
        Ok(Incoming::of(Box::pin(body), limits.stream_bytes, patience))
    }

    /// A body that was read and checked before.
    pub(crate) fn whole(body: Bytes) -> Box<Incoming> {
        let room = body.len() as u64;
        let body = Full::new(body).map_err(|never| match never {});
        Incoming::of(Box::pin(body), room, Duration::MAX)
    }

    fn of(body: Pieces, room: u64, patience: Duration) -> Box<Incoming> {
        Box::new(Incoming {
            body,
            left: Bytes::new(),
            room,
            patience,
            late: None,
            end: None,
        })
    }

    /// The next piece, of `most` bytes or fewer; none of them is the end.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        most: usize,
    ) -> Poll<Result<Bytes, ReadError>> {
        while self.left.is_empty() {
            if let Some(end) = self.end {
                return Poll::Ready(end.map(|()| Bytes::new()));
            }
            match ready!(self.poll_piece(cx)) {
                Ok(Some(piece)) => self.left = piece,
                Ok(None) => self.end = Some(Ok(())),
                Err(error) => self.end = Some(Err(error)),
            }
        }
        let size = self.left.len().min(most);
        Poll::Ready(Ok(self.left.split_to(size)))
    }

    /// What comes next, trailers as a piece without bytes.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, ReadError>> {
        let Poll::Ready(frame) = self.body.as_mut().poll_frame(cx) else {
            let patience = self.patience;
            let sleep = || Box::pin(tokio::time::sleep(patience));
            ready!(self.late.get_or_insert_with(sleep).as_mut().poll(cx));
            return Poll::Ready(Err(ReadError::Limit(Limit::BodyTime)));
        };
        self.late = None;
        let Some(frame) = frame else {
            return Poll::Ready(Ok(None));
        };
        let frame = frame.map_err(|_| ReadError::Closed)?;
        let data = frame.into_data().unwrap_or_default();
        self.room = (self.room)
            .checked_sub(data.len() as u64)
            .ok_or(ReadError::Limit(Limit::StreamBytes))?;
        Poll::Ready(Ok(Some(data)))
    }

    /// Why the guest could not read it to its end, if it tried.
    pub(crate) fn failed(&self) -> Option<ReadError> {
        self.end.and_then(Result::err)
    }
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

/// How long the client says that the body is.
fn said(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok())
}

/// Whether a body may be larger than that, as far as its client says.
pub(crate) fn may_exceed(headers: &HeaderMap, bytes: usize) -> bool {
    said(headers).is_none_or(|said| said > bytes as u64)
}

/// Reads a form in parts to its end while it arrives: what is large goes to disk.
pub(crate) async fn read_parts<B>(
    body: B,
    headers: &HeaderMap,
    limits: &Limits,
    disk: &Disk,
    held: &Held,
) -> Result<Vec<Part>, ServeError>
where
    B: http_body::Body + Send,
    B::Error: std::fmt::Display,
{
    if said(headers).is_some_and(|said| said > limits.body_bytes) {
        return Err(ServeError::Limit(Limit::Body));
    }
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.map(|value| text(value.as_bytes()));
    let mut body = pin!(body);
    let mut room = limits.body_bytes;
    // Why the body ended early, which the parser has no words for.
    let broken = Mutex::new(None);
    let pieces = futures_util::stream::poll_fn(|cx| {
        let frame = match ready!(body.as_mut().poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(frame) => frame.map_err(|error| ServeError::BodyBroken(error.to_string())),
        };
        let piece = frame.and_then(|frame| {
            let data = frame
                .into_data()
                .map(|mut data| data.copy_to_bytes(data.remaining()));
            let data = data.unwrap_or_default();
            let left = room.checked_sub(data.len() as u64);
            room = left.ok_or(ServeError::Limit(Limit::Body))?;
            held.take(data.len())?;
            Ok(data)
        });
        Poll::Ready(Some(piece.map_err(|error| {
            *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            io::Error::other("the body ended early")
        })))
    });
    let keep = Keep {
        disk: Some((disk, held)),
    };
    let parts = form::parts(
        content_type.as_deref().unwrap_or_default(),
        pieces,
        limits,
        keep,
    );
    let time = Duration::from_millis(limits.body_time_ms);
    let parts = tokio::time::timeout(time, parts)
        .await
        .map_err(|_| ServeError::Limit(Limit::BodyTime))?;
    let broken = broken.into_inner().unwrap_or_else(PoisonError::into_inner);
    match (parts, broken) {
        (Ok(parts), _) => Ok(parts),
        (Err(_), Some(broken)) => Err(broken),
        // Nothing at all is an empty form, as it is where the body is read whole.
        (Err(Broken::Rejection(_)), None) if room == limits.body_bytes => Ok(Vec::new()),
        (Err(Broken::Rejection(rejection)), None) => Err(rejection.into()),
        (Err(Broken::Disk(error)), None) => Err(ServeError::Disk(error)),
        (Err(Broken::Full(error)), None) => Err(*error),
    }
}

/// Reads a body to its end.
pub(crate) async fn read<B>(
    body: B,
    headers: &HeaderMap,
    limits: &Limits,
    held: &Held,
) -> Result<Bytes, ServeError>
where
    B: http_body::Body,
    B::Error: std::fmt::Display,
{
    let most = usize::try_from(limits.body_bytes).unwrap_or(usize::MAX);
    let said = said(headers);
    if said.is_some_and(|said| said > limits.body_bytes) {
        return Err(ServeError::Limit(Limit::Body));
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    held.has_room(said.unwrap_or(0))?;
    let mut body = pin!(body);
    // Armed only once the body has to be waited for.
    let mut late: Option<Pin<Box<Sleep>>> = None;
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    loop {
        let frame = poll_fn(|cx| {
            if let Poll::Ready(frame) = body.as_mut().poll_frame(cx) {
                return Poll::Ready(Ok(frame));
            }
            let time = Duration::from_millis(limits.body_time_ms);
            let timer = late.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
            timer
                .as_mut()
                .poll(cx)
                .map(|()| Err(ServeError::Limit(Limit::BodyTime)))
        })
        .await?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|error| ServeError::BodyBroken(error.to_string()))?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        let size = first.len() + rest.len() + data.remaining();
        if size > most {
            return Err(ServeError::Limit(Limit::Body));
        }
        held.take(data.remaining())?;
        // A body in one piece, which most are, is never copied.
        if first.is_empty() && rest.is_empty() {
            first = data.copy_to_bytes(data.remaining());
        } else {
            if rest.is_empty() {
                rest.reserve(size.max(said.map_or(0, |said| said as usize)));
                rest.put(std::mem::take(&mut first));
            }
            rest.put(data);
        }
        if body.is_end_stream() {
            break;
        }
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}
