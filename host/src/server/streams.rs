//! The requests of one connection of HTTP/2: their tasks, who of client and host is waited for, and how many the client
//! gave up.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};
use std::time::Duration;

use hyper::rt::Executor;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::connection::Client;
use crate::config::Limits;
use crate::lasting::Lasting;

tokio::task_local! {
    /// The stream whose task this is.
    static TURN: Arc<Turn>;
}

/// How many more requests a client may give up than it takes answers: a page that is left gives up some dozens.
const GIVEN_UP: u64 = 200;

/// A handle on all of them.
#[derive(Clone)]
pub(super) struct Streams(Arc<Inner>);

struct Inner {
    client: Arc<Client>,
    write_idle: Duration,
    tasks: Mutex<JoinSet<Ended>>,
    begun: AtomicU64,
    answered: AtomicU64,
    given_up: AtomicU64,
}

/// How long a request whose time is over may take to say so.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Why a stream is over.
enum Ended {
    Done,
    /// Its request took too long.
    Overdue,
    /// The client took nothing of its answer for too long.
    Unread,
}

/// Whether it is the client who is waited for: it was given a piece of its answer, and takes nothing of it.
#[derive(Debug)]
pub(super) struct Turn {
    is_clients: AtomicBool,
    given: AtomicU64,
    /// How long the request may take.
    pub(super) lasting: Lasting,
}

impl Turn {
    fn new(limits: &Limits) -> Turn {
        Turn {
            is_clients: AtomicBool::new(false),
            given: AtomicU64::new(0),
            lasting: Lasting::new(limits),
        }
    }

    /// That of the stream in whose task this is called.
    pub(super) fn of_this_task() -> Option<Arc<Turn>> {
        TURN.try_with(Arc::clone).ok()
    }

    pub(super) fn to_client(&self) {
        self.given.fetch_add(1, Relaxed);
        self.is_clients.store(true, Relaxed);
    }

    pub(super) fn to_host(&self) {
        self.is_clients.store(false, Relaxed);
    }
}

/// Ends all tasks when the connection ends, however it does.
pub(super) struct Cut(Streams);

impl Drop for Cut {
    fn drop(&mut self) {
        self.0.lock().abort_all();
    }
}

/// A request that has no answer yet; dropped without one, its client gave it up.
pub(super) struct Going(Option<Arc<Inner>>);

impl Going {
    pub(super) fn done(mut self) {
        if let Some(streams) = self.0.take() {
            streams.answered.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        if let Some(streams) = &self.0 {
            streams.given_up.fetch_add(1, Relaxed);
        }
    }
}

impl Streams {
    pub(super) fn new(client: Arc<Client>, write_idle: Duration) -> Streams {
        Streams(Arc::new(Inner {
            client,
            write_idle,
            tasks: Mutex::default(),
            begun: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
        }))
    }

    pub(super) fn cut_on_drop(&self) -> Cut {
        Cut(self.clone())
    }

    pub(super) fn going(&self) -> Going {
        Going(Some(self.0.clone()))
    }

    /// Those that are there now.
    pub(super) fn open(&self) -> usize {
        self.lock().len()
    }

    /// Those that there ever were.
    pub(super) fn begun(&self) -> u64 {
        self.0.begun.load(Relaxed)
    }

    /// Whether the client gives up more requests than anybody has reason to: each costs a call that nobody waits for.
    pub(super) fn are_given_up(&self) -> bool {
        let answered = self.0.answered.load(Relaxed);
        self.0.given_up.load(Relaxed) > GIVEN_UP + answered
    }

    /// Looks after those that are over.
    pub(super) fn tidy(&self) {
        let mut tasks = self.lock();
        while let Some(ended) = tasks.try_join_next() {
            match ended {
                Ok(Ended::Done) => {}
                Ok(Ended::Unread) => self.0.client.left_unread(),
                Ok(Ended::Overdue) => self.0.client.overdue(),
                Err(error) if error.is_panic() => {
                    tracing::error!(%error, "a stream was lost to a defect of the host; please report it");
                }
                Err(_) => {}
            }
        }
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, JoinSet<Ended>> {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        self.0.begun.fetch_add(1, Relaxed);
        let turn = Arc::new(Turn::new(self.0.client.usual()));
        let stream = TURN.scope(turn.clone(), stream);
        self.lock().spawn(watched(stream, turn, self.0.write_idle));
    }
}

/// Dropping a stream resets it.
async fn watched(stream: impl Future<Output = ()>, turn: Arc<Turn>, idle: Duration) -> Ended {
    let began = Instant::now();
    let mut stream = pin!(stream);
    let mut late: Option<Pin<Box<Sleep>>> = None;
    let mut waiting: Option<(u64, Pin<Box<Sleep>>)> = None;
    std::future::poll_fn(|cx| {
        if stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ended::Done);
        }
        // Armed once it has to be waited for; by then more may be known of how long it may take.
        let due = || began + turn.lasting.most();
        let late = late.get_or_insert_with(|| Box::pin(sleep_until(due())));
        while late.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if due() > now {
                late.as_mut().reset(due());
            } else if turn.lasting.end() {
                late.as_mut().reset(now + LAST_WORD);
                if stream.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Ended::Done);
                }
            } else {
                return Poll::Ready(Ended::Overdue);
            }
        }
        if !turn.is_clients.load(Relaxed) {
            waiting = None;
            return Poll::Pending;
        }
        let given = turn.given.load(Relaxed);
        let waiting = match &mut waiting {
            Some((since, waiting)) if *since == given => waiting,
            other => &mut other.insert((given, Box::pin(sleep(idle)))).1,
        };
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Ended::Unread)
    })
    .await
}
