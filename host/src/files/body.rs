//! The body of a file's answer: read piece by piece, as fast as the client takes it. What the system has in memory is read at
//! once; what has to be fetched, off the serving threads.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::answer::{Body, BodyError};
use crate::spool::FileContent;

/// What of a file is held for a client, as in Starlette.
const PIECE_BYTES: usize = 64 << 10;

/// How many pieces are fetched at the same time, of all files: enough for a disk to have its choice, and too few for their
/// threads to keep those that serve from a core.
static FETCHING: Semaphore = Semaphore::const_new(16);

/// A part of an answer.
pub(super) enum Piece {
    Text(Bytes),
    /// Of the file, from the first to before the last byte.
    Content(u64, u64),
}

/// These parts, one after the other.
pub(super) fn body(content: FileContent, pieces: Vec<Piece>) -> Body {
    if let ([Piece::Content(begin, end)], false) = (&pieces[..], content.is_on_disk()) {
        let most = usize::try_from(end - begin).unwrap_or(usize::MAX);
        if let Ok(whole) = content.piece(*begin, most) {
            return Body::from(whole);
        }
    }
    Body::stream(Reading {
        content,
        pieces: pieces.into(),
        under_way: None,
    })
}

struct Reading {
    content: FileContent,
    pieces: VecDeque<Piece>,
    under_way: Option<Fetched>,
}

/// A piece that is being fetched. One that the client does not wait for ends by itself.
type Fetched = Pin<Box<dyn Future<Output = io::Result<Bytes>> + Send>>;

fn fetch(content: FileContent, begin: u64, most: usize) -> Fetched {
    Box::pin(async move {
        let _turn = FETCHING.acquire().await.map_err(io::Error::other)?;
        let read = spawn_blocking(move || content.piece(begin, most));
        read.await.map_err(io::Error::other)?
    })
}

impl Reading {
    fn left(&self) -> u64 {
        let lengths = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.len() as u64,
            Piece::Content(begin, end) => end - begin,
        });
        lengths.sum()
    }
}

impl http_body::Body for Reading {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let read = match this.pieces.front_mut() {
            None => return Poll::Ready(None),
            Some(Piece::Text(text)) => Ok(std::mem::take(text)),
            Some(Piece::Content(begin, end)) => {
                let most = usize::try_from(*end - *begin)
                    .unwrap_or(usize::MAX)
                    .min(PIECE_BYTES);
                let at_hand = match &this.under_way {
                    Some(_) => None,
                    None => this.content.piece_at_hand(*begin, most),
                };
                let read = match at_hand {
                    Some(bytes) => Ok(bytes),
                    None => {
                        let under_way = this
                            .under_way
                            .get_or_insert_with(|| fetch(this.content.clone(), *begin, most));
                        let read = ready!(under_way.as_mut().poll(cx));
                        this.under_way = None;
                        read
                    }
                };
                *begin += most as u64;
                match read {
                    Ok(bytes) if bytes.len() == most => Ok(bytes),
                    Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
                    Err(why) => Err(why),
                }
            }
        };
        if matches!(this.pieces.front(), Some(Piece::Text(_)))
            || matches!(this.pieces.front(), Some(Piece::Content(begin, end)) if begin == end)
        {
            this.pieces.pop_front();
        }
        Poll::Ready(Some(match read {
            Ok(bytes) => Ok(Frame::data(bytes)),
            Err(why) => {
                this.pieces.clear();
                tracing::warn!("a static file cannot be read: {why}; its answer is cut off");
                Err(BodyError::new(why))
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}
