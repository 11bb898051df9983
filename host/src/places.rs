//! Places for calls: how many of a plugin may be under way, which of them nobody else can take, and a queue that refuses
//! at once whoever would wait in vain.
//!
//! A plugin's first places are its own: however busy the others are, it finds them. What it wants beyond them it takes
//! from those that all plugins share, so a plugin that is flooded, or whose calls hang, fills these and no more.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Limits;
use crate::limit::Limit;
use crate::serve_error::ServeError;

/// The places of one revision.
pub(crate) struct Places {
    /// Those that only this plugin takes.
    own: Arc<Semaphore>,
    /// Those that it may have besides, each with one of all plugins'.
    more: Arc<Semaphore>,
    all: Arc<Semaphore>,
    count: usize,
    /// The most that may wait, and how long each does.
    queue_calls: usize,
    patience: Duration,
    queue: Mutex<Queue>,
}

/// The right to one call, for as long as the guest runs: also while it is stopped after its client went away.
pub(crate) struct Permit {
    _place: OwnedSemaphorePermit,
    _of_all: Option<OwnedSemaphorePermit>,
}

/// Who waits, and how fast the queue has moved of late.
struct Queue {
    waiting: usize,
    /// Calls that got their place since `since`. Both are halved now and then, so that what was long ago counts less.
    served: f64,
    since: Instant,
}

/// How far back the queue's speed is looked at.
const MEMORY: Duration = Duration::from_secs(2);
/// Calls that must have got their place before the queue's speed is taken for known.
const KNOWN: f64 = 8.0;
/// The longest that a client is told to stay away: what a queue is like then, nobody knows.
const LONGEST_RETRY: u64 = 60;

impl Places {
    pub(crate) fn new(limits: &Limits, all: Arc<Semaphore>) -> Places {
        let own = limits.reserved_calls.min(limits.concurrency);
        Places {
            own: Arc::new(Semaphore::new(own)),
            more: Arc::new(Semaphore::new(limits.concurrency - own)),
            all,
            count: limits.concurrency,
            queue_calls: limits.queue_calls,
            patience: Duration::from_millis(limits.queue_ms),
            queue: Mutex::new(Queue {
                waiting: 0,
                served: 0.0,
                since: Instant::now(),
            }),
        }
    }

    /// Calls under way.
    pub(crate) fn taken(&self) -> usize {
        self.count - self.own.available_permits() - self.more.available_permits()
    }

    /// Calls that wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.queue().waiting
    }

    /// A place, if one is free. Never before somebody who waits: a place that becomes free is theirs.
    pub(crate) fn at_once(&self) -> Option<Permit> {
        if let Ok(own) = self.own.clone().try_acquire_owned() {
            return Some(Permit::own(own));
        }
        let more = self.more.clone().try_acquire_owned().ok()?;
        let all = self.all.clone().try_acquire_owned().ok()?;
        Some(Permit::of_all(more, all))
    }

    /// A place as soon as there is one, for which it waits its turn; at most for the time that a call may, and not at
    /// all if that would be in vain.
    pub(crate) async fn in_turn(&self) -> Result<Permit, ServeError> {
        let mut turn = self.line_up()?;
        const OPEN: &str = "these semaphores are never closed";
        let own = async { Permit::own(self.own.clone().acquire_owned().await.expect(OPEN)) };
        let shared = async {
            let more = self.more.clone().acquire_owned().await.expect(OPEN);
            let all = self.all.clone().acquire_owned().await.expect(OPEN);
            Permit::of_all(more, all)
        };
        tokio::select! {
            permit = own => turn.served(permit),
            permit = shared => turn.served(permit),
            () = tokio::time::sleep(self.patience) => Err(self.busy(Limit::Concurrency)),
        }
    }

    /// Whether a call that asks now finds a place, or one in the queue that is worth waiting at.
    pub(crate) fn has_room(&self) -> Result<(), ServeError> {
        let shared = || self.more.available_permits() > 0 && self.all.available_permits() > 0;
        if self.own.available_permits() > 0 || shared() {
            return Ok(());
        }
        let full = self.queue().is_full(Instant::now(), self);
        full.map_or(Ok(()), |limit| Err(self.busy(limit)))
    }

    /// A place in the queue.
    fn line_up(&self) -> Result<Turn<'_>, ServeError> {
        let now = Instant::now();
        let mut queue = self.queue();
        if queue.waiting == 0 {
            (queue.served, queue.since) = (0.0, now);
        }
        if let Some(limit) = queue.is_full(now, self) {
            drop(queue);
            return Err(self.busy(limit));
        }
        queue.waiting += 1;
        Ok(Turn {
            places: self,
            served: false,
        })
    }

    fn busy(&self, limit: Limit) -> ServeError {
        let wait = self.queue().wait(Instant::now(), self.patience);
        let seconds = wait.map_or(1, |wait| wait.as_secs_f64().ceil() as u64);
        ServeError::Busy {
            limit,
            retry_after: seconds.clamp(1, LONGEST_RETRY),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("nothing panics with this lock")
    }
}

impl Permit {
    fn own(place: OwnedSemaphorePermit) -> Permit {
        Permit {
            _place: place,
            _of_all: None,
        }
    }

    fn of_all(place: OwnedSemaphorePermit, all: OwnedSemaphorePermit) -> Permit {
        Permit {
            _place: place,
            _of_all: Some(all),
        }
    }
}

impl Queue {
    /// Why nobody else may wait in it. One may always: it finds out whether there is hope for the next.
    fn is_full(&self, now: Instant, places: &Places) -> Option<Limit> {
        if self.waiting >= places.queue_calls {
            return Some(Limit::Queue);
        }
        let wait = self.wait(now, places.patience);
        let in_vain = wait.is_some_and(|wait| wait > places.patience);
        (self.waiting > 0 && in_vain).then_some(Limit::Concurrency)
    }

    /// How long one more would wait, by how many wait and how fast they got their places; none if that is not known.
    fn wait(&self, now: Instant, patience: Duration) -> Option<Duration> {
        let looked_at = now.saturating_duration_since(self.since);
        // Nobody served for as long as anybody waits is knowledge, too.
        let known = self.served >= KNOWN || looked_at >= patience;
        let each = looked_at.as_secs_f64() / self.served.max(1.0);
        known.then(|| Duration::from_secs_f64(each * (self.waiting + 1) as f64))
    }

    fn serve(&mut self, now: Instant) {
        self.served += 1.0;
        let looked_at = now.saturating_duration_since(self.since);
        if looked_at > MEMORY {
            self.served /= 2.0;
            self.since = now - looked_at / 2;
        }
    }
}

/// One who waits. Dropped when it got its place, gave up, or its client went away.
struct Turn<'p> {
    places: &'p Places,
    served: bool,
}

impl Turn<'_> {
    fn served(&mut self, permit: Permit) -> Result<Permit, ServeError> {
        self.served = true;
        Ok(permit)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queue = self.places.queue();
        queue.waiting -= 1;
        if self.served {
            queue.serve(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn queue(waiting: usize, served: f64, now: Instant) -> Queue {
        Queue {
            waiting,
            served,
            since: now - SECOND / 2,
        }
    }

    #[test]
    fn a_queue_that_moves_slowly_is_not_worth_waiting_in() {
        let now = Instant::now();
        // Twenty in half a second: the fiftieth waits for more than one.
        let wait = |waiting| queue(waiting, 20.0, now).wait(now, SECOND);
        assert_eq!(wait(19), Some(SECOND / 2));
        assert!(wait(49).is_some_and(|wait| wait > SECOND));
    }

    #[test]
    fn nothing_is_concluded_from_a_few_calls() {
        let now = Instant::now();
        assert_eq!(queue(500, 1.0, now).wait(now, SECOND), None);
    }

    #[test]
    fn a_queue_that_has_not_moved_for_as_long_as_anybody_waits_is_known_to_stand() {
        let now = Instant::now();
        let stuck = queue(1, 0.0, now).wait(now, SECOND / 4);
        assert_eq!(stuck, Some(SECOND));
    }

    #[test]
    fn what_was_long_ago_counts_less() {
        let (began, mut queue) = (Instant::now(), queue(9, 1000.0, Instant::now()));
        for seconds in 1..=10 {
            queue.serve(began + SECOND * seconds);
        }
        let now = began + SECOND * 10;
        let wait = queue.wait(now, SECOND).expect("it is known");
        assert!(wait > SECOND / 2, "{wait:?}");
    }

    #[tokio::test]
    async fn a_plugin_finds_its_own_places_though_others_took_all_the_rest() {
        let all = Arc::new(Semaphore::new(2));
        let limits = Limits {
            concurrency: 8,
            reserved_calls: 1,
            queue_ms: 1,
            ..Limits::default()
        };
        let places = |limits| Places::new(limits, all.clone());
        let (flooded, neighbour) = (places(&limits), places(&limits));
        let taken: Vec<_> = std::iter::from_fn(|| flooded.at_once()).collect();
        assert_eq!((taken.len(), flooded.taken()), (3, 3));
        assert!(flooded.in_turn().await.is_err());
        let own = neighbour.at_once();
        assert!(own.is_some());
        assert!(neighbour.at_once().is_none());
        drop(taken);
        assert!(neighbour.at_once().is_some());
        assert_eq!((flooded.taken(), flooded.waiting()), (0, 0));
    }

    #[tokio::test]
    async fn a_place_goes_to_who_waits_and_not_to_who_comes() {
        let limits = Limits {
            concurrency: 1,
            ..Limits::default()
        };
        let places = Places::new(&limits, Arc::new(Semaphore::new(1)));
        let held = places.at_once();
        let mut waits = Box::pin(places.in_turn());
        assert!(polled(&mut waits).await.is_none());
        assert_eq!(places.waiting(), 1);
        drop(held);
        assert!(places.at_once().is_none());
        assert!(polled(&mut waits).await.is_some_and(|turn| turn.is_ok()));
        assert_eq!(places.waiting(), 0);
    }

    /// What a future has to say now.
    async fn polled<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        use std::task::Poll;
        std::future::poll_fn(|cx| {
            Poll::Ready(match std::pin::Pin::new(&mut *future).poll(cx) {
                Poll::Ready(value) => Some(value),
                Poll::Pending => None,
            })
        })
        .await
    }
}
