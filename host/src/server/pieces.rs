//! An answer over HTTP/2, which takes whatever it is given and holds it until the client wants it: so it is given one
//! piece at a time, and of a large answer copies, since a piece would keep the whole of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::streams::Turn;
use crate::answer::{Body, BodyError};

/// As large as a frame may be unless a client says otherwise.
const PIECE: usize = 16 << 10;

/// A body whose pieces are small.
pub(super) struct Pieces {
    body: Body,
    /// What is left of a piece that was too large.
    rest: Bytes,
    turn: Option<Arc<Turn>>,
}

impl Pieces {
    /// To be called by the task of the stream.
    pub(super) fn new(body: Body) -> Pieces {
        Pieces {
            body,
            rest: Bytes::new(),
            turn: Turn::of_this_task(),
        }
    }

    fn give(&mut self, bytes: Bytes) -> Frame<Bytes> {
        if let Some(turn) = &self.turn {
            turn.to_client();
        }
        self.rest = bytes;
        let piece = match self.rest.len() {
            0..=PIECE => std::mem::take(&mut self.rest),
            _ => Bytes::copy_from_slice(&self.rest.split_to(PIECE)),
        };
        Frame::data(piece)
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            return Poll::Ready(Some(Ok(self.give(rest))));
        }
        if let Some(turn) = &self.turn {
            turn.to_host();
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        polled.map(|frame| {
            Some(frame?.map(|frame| match frame.into_data() {
                Ok(bytes) => self.give(bytes),
                Err(frame) => frame,
            }))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    /// Asked for before the first piece is given.
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
