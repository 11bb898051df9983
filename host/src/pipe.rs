//! What a streamed answer flows through: a guest writes at one end, the server reads at the other. So many bytes fit in;
//! then the guest waits. It holds no thread at either end, and each end notices when the other is gone.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::answer::BodyError;

/// What may be under way, in bytes: enough to keep a fast client busy while the guest makes more, and little enough to
/// be held for thousands of slow ones. One piece that is larger goes through alone.
const ROOM: usize = 64 << 10;
/// What a piece takes besides its bytes, so that a million tiny ones are no way around the bound.
const PER_PIECE: usize = 64;

/// The guest's end, shared by its store and the task that it runs on.
#[derive(Debug)]
pub(crate) struct Pipe {
    state: Mutex<State>,
    /// There may be room again.
    room: Notify,
    /// The reader is gone before it had all.
    left: CancellationToken,
}

#[derive(Debug)]
struct State {
    pieces: VecDeque<Bytes>,
    /// What they take of the room.
    taken: usize,
    /// All that was written, in bytes.
    written: u64,
    /// Nothing more comes: all is said, or it broke off.
    end: Option<Result<(), BodyError>>,
    /// When a piece last went in or out.
    moved: Instant,
    reader: Option<Waker>,
}

/// The server's end. Dropping it tells the guest that nobody reads any more.
#[derive(Debug)]
pub(crate) struct Source {
    pipe: Arc<Pipe>,
    /// A piece went out, and the reader may not have sent it yet.
    unsent: bool,
}

/// Nobody reads any more, or the end was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

/// Both ends of a new one.
pub(crate) fn pipe() -> (Arc<Pipe>, Source) {
    let pipe = Arc::new(Pipe {
        state: Mutex::new(State {
            pieces: VecDeque::new(),
            taken: 0,
            written: 0,
            end: None,
            moved: Instant::now(),
            reader: None,
        }),
        room: Notify::new(),
        left: CancellationToken::new(),
    });
    let source = Source {
        pipe: pipe.clone(),
        unsent: false,
    };
    (pipe, source)
}

impl Pipe {
    /// Puts a piece in, once there is room. One writer at a time.
    pub(crate) async fn write(&self, piece: Bytes) -> Result<(), Closed> {
        let takes = piece.len() + PER_PIECE;
        loop {
            {
                let mut state = self.state();
                if state.end.is_some() || self.left.is_cancelled() {
                    return Err(Closed);
                }
                if piece.is_empty() {
                    return Ok(());
                }
                if state.taken == 0 || state.taken + takes <= ROOM {
                    state.taken += takes;
                    state.written += piece.len() as u64;
                    state.moved = Instant::now();
                    state.pieces.push_back(piece);
                    let reader = state.reader.take();
                    drop(state);
                    reader.inspect(Waker::wake_by_ref);
                    return Ok(());
                }
            }
            self.room.notified().await;
        }
    }

    /// Says that all was written, or why no more comes; what was said first holds. What is under way still arrives.
    pub(crate) fn end(&self, how: Result<(), BodyError>) {
        let mut state = self.state();
        state.end.get_or_insert(how);
        let reader = state.reader.take();
        drop(state);
        reader.inspect(Waker::wake_by_ref);
        self.room.notify_one();
    }

    /// Done when nobody reads any more, though there is more.
    pub(crate) async fn left(&self) {
        self.left.cancelled().await;
    }

    /// Whether nobody reads any more.
    pub(crate) fn is_left(&self) -> bool {
        self.left.is_cancelled()
    }

    /// When a piece last went in or out.
    pub(crate) fn moved(&self) -> Instant {
        self.state().moved
    }

    /// Something else moved that belongs to it.
    pub(crate) fn touch(&self) {
        self.state().moved = Instant::now();
    }

    /// All that was written, in bytes.
    pub(crate) fn written(&self) -> u64 {
        self.state().written
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics with this lock")
    }
}

impl http_body::Body for Source {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Source { pipe, unsent } = self.get_mut();
        let mut state = pipe.state();
        if let Some(piece) = state.pieces.pop_front() {
            state.taken -= piece.len() + PER_PIECE;
            state.moved = Instant::now();
            drop(state);
            pipe.room.notify_one();
            *unsent = true;
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match &state.end {
            Some(Ok(())) => Poll::Ready(None),
            // hyper drops what it has not sent yet together with the connection: so it gets to send it first.
            Some(Err(_)) if std::mem::take(unsent) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Err(why)) => Poll::Ready(Some(Err(why.clone()))),
            None => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let state = self.pipe.state();
        state.pieces.is_empty() && state.end == Some(Ok(()))
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let (unread, all_said) = {
            let mut state = self.pipe.state();
            state.taken = 0;
            let all_said = state.end == Some(Ok(()));
            (std::mem::take(&mut state.pieces), all_said)
        };
        // Who has read all of it has not left: what the guest still does is not cut short.
        if !all_said || !unread.is_empty() {
            self.pipe.left.cancel();
        }
        drop(unread);
        self.pipe.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;

    use http_body::Body;
    use http_body_util::BodyExt;

    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    fn bytes(count: usize) -> Bytes {
        vec![1; count].into()
    }

    #[test]
    fn a_writer_waits_until_the_reader_has_made_room() {
        let (pipe, mut source) = pipe();
        assert_eq!(now(pipe.write(bytes(40 << 10))), Poll::Ready(Ok(())));
        let mut second = pin!(pipe.write(bytes(40 << 10)));
        assert_eq!(now(second.as_mut()), Poll::Pending);
        assert!(now(source.frame()).is_ready());
        assert_eq!(now(second), Poll::Ready(Ok(())));
        assert_eq!(pipe.written(), 80 << 10);
    }

    #[test]
    fn a_piece_larger_than_the_room_goes_through_alone() {
        let (pipe, mut source) = pipe();
        assert_eq!(now(pipe.write(bytes(1 << 20))), Poll::Ready(Ok(())));
        assert_eq!(now(pipe.write(bytes(1))), Poll::Pending);
        assert!(now(source.frame()).is_ready());
        assert_eq!(now(pipe.write(bytes(1))), Poll::Ready(Ok(())));
    }

    #[test]
    fn tiny_pieces_are_bounded_too() {
        let (pipe, _source) = pipe();
        let taken = (0..100_000)
            .take_while(|_| now(pipe.write(bytes(1))).is_ready())
            .count();
        assert!(taken < 1100, "{taken}");
    }

    #[test]
    fn a_writer_that_waits_learns_that_the_reader_has_gone() {
        let (pipe, source) = pipe();
        assert_eq!(now(pipe.write(bytes(64 << 10))), Poll::Ready(Ok(())));
        let mut waits = pin!(pipe.write(bytes(1)));
        assert_eq!(now(waits.as_mut()), Poll::Pending);
        drop(source);
        assert_eq!(now(waits), Poll::Ready(Err(Closed)));
        assert_eq!(now(pipe.write(Bytes::new())), Poll::Ready(Err(Closed)));
    }

    #[test]
    fn who_has_read_all_has_not_left() {
        for (read, left) in [(true, false), (false, true)] {
            let (pipe, mut source) = pipe();
            assert_eq!(now(pipe.write(bytes(3))), Poll::Ready(Ok(())));
            pipe.end(Ok(()));
            assert!(!read || now(source.frame()).is_ready());
            drop(source);
            assert_eq!(pipe.is_left(), left);
        }
    }

    #[test]
    fn what_was_written_before_a_break_still_arrives() {
        let (pipe, mut source) = pipe();
        assert_eq!(now(pipe.write(bytes(3))), Poll::Ready(Ok(())));
        pipe.end(Err(BodyError::new("asked to")));
        pipe.end(Ok(()));
        assert_eq!(now(pipe.write(bytes(3))), Poll::Ready(Err(Closed)));
        assert!(matches!(now(source.frame()), Poll::Ready(Some(Ok(_)))));
        assert!(now(source.frame()).is_pending(), "time to send it");
        assert!(matches!(now(source.frame()), Poll::Ready(Some(Err(_)))));
    }

    #[derive(Default)]
    struct Woken(std::sync::atomic::AtomicBool);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    }

    #[test]
    fn a_reader_that_waits_is_woken_by_a_piece_and_by_the_end() {
        let (pipe, mut source) = pipe();
        let mut woken_by = |act: &dyn Fn()| {
            let woken = Arc::new(Woken::default());
            let waker = woken.clone().into();
            let mut cx = Context::from_waker(&waker);
            while Pin::new(&mut source).poll_frame(&mut cx).is_ready() {}
            act();
            woken.0.load(std::sync::atomic::Ordering::SeqCst)
        };
        assert!(woken_by(&|| assert!(now(pipe.write(bytes(3))).is_ready())));
        assert!(woken_by(&|| pipe.end(Ok(()))));
    }
}
