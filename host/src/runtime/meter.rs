//! How long a call has computed: counted around each poll, read by the epoch callback in between.
//!
//! Epochs count wall-clock ticks, so a guest that comes back from a long wait trips at once. What counts is
//! the time inside `poll`: on a serving thread by the monotonic clock (it stays there for a tick at most), in the
//! slow lane by the thread's own CPU clock, since those threads run at low priority and are often preempted.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use wasmtime::UpdateDeadline;

use super::outlet::Begun;
use crate::limit::Limit;

/// How often the epoch advances, and so how long a call may compute on a serving thread before it leaves for the lane.
pub(crate) const TICK: Duration = Duration::from_millis(5);

thread_local! {
    /// Whether this thread is one of the slow lane's.
    static IN_LANE: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread as one of the slow lane's.
pub(super) fn enter_lane() {
    IN_LANE.set(true);
}

/// Nanoseconds on the clock that counts for this thread.
fn now() -> u64 {
    clock(match IN_LANE.get() {
        true => libc::CLOCK_THREAD_CPUTIME_ID,
        false => libc::CLOCK_MONOTONIC,
    })
}

fn clock(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // By libc rather than rustix: that one looks for the kernel's clock page, which valgrind hides, and crashes there.
    #[allow(
        unsafe_code,
        reason = "no crate already here reads a thread's clock under valgrind"
    )]
    // SAFETY: the call writes one `timespec` through the pointer, which is valid for it, and keeps nothing.
    let told = unsafe { libc::clock_gettime(clock, &mut time) };
    assert_eq!(told, 0, "every system that we run on has both clocks");
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The account of one call, shared by its future and its store.
#[derive(Debug)]
pub(crate) struct Meter {
    /// What the call may compute in all, in nanoseconds; of a stream it grows with time.
    limit: AtomicU64,
    /// What a stream's reserve holds when it is full, in nanoseconds.
    reserve: u64,
    /// The part of the time by which a stream's reserve refills, in percent; 0 before the head.
    share: AtomicU64,
    /// When it was last refilled, in nanoseconds of the monotonic clock.
    refilled: AtomicU64,
    /// What it has computed in the polls that are over.
    spent: AtomicU64,
    /// When the poll under way began.
    since: AtomicU64,
    /// The thread's CPU time when the poll under way first looked too long; 0 until then.
    suspected: AtomicU64,
    /// Set by the epoch callback: the future is pending only because it computed for a tick.
    yielded: AtomicBool,
    /// Set when nobody waits for the answer any more.
    cancelled: AtomicBool,
    /// Set while the call computes in the slow lane, or is in its queue.
    in_lane: AtomicBool,
    /// The head of a streamed answer, between the guest that gave it and whoever waits for it.
    begun: Mutex<Option<Box<Begun>>>,
    /// Set when the call wrote more to the log than it may.
    overran_log: AtomicBool,
    /// What the call has waited for its client, in nanoseconds, and since when it does so now, if it does.
    waited: AtomicU64,
    waits_since: AtomicU64,
    /// A limit that the guest was told of and may answer for itself.
    hit: OnceLock<Limit>,
    /// The bytes of the instance's memory when the call was last looked at.
    memory: AtomicU64,
}

/// Why a call was stopped from outside; found again in the error that wasmtime returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("limit `{}` was hit", .0.name())]
    Limit(Limit),
    #[error("nobody waits for the answer any more")]
    Cancelled,
}

impl Meter {
    pub(crate) fn new(limit_ms: u64) -> Meter {
        let limit = limit_ms.saturating_mul(1_000_000);
        Meter {
            limit: AtomicU64::new(limit),
            reserve: limit,
            share: AtomicU64::new(0),
            refilled: AtomicU64::new(0),
            spent: AtomicU64::new(0),
            since: AtomicU64::new(0),
            suspected: AtomicU64::new(0),
            yielded: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            in_lane: AtomicBool::new(false),
            begun: Mutex::new(None),
            overran_log: AtomicBool::new(false),
            waited: AtomicU64::new(0),
            waits_since: AtomicU64::new(0),
            hit: OnceLock::new(),
            memory: AtomicU64::new(0),
        }
    }

    /// The guest hands out the head of its answer and has to stand still until whoever waits has taken it. What it has
    /// computed until here is forgiven.
    pub(super) async fn begin(&self, begun: Begun, share: u64) {
        self.share(share);
        let spent = self.spent.load(Relaxed);
        self.limit.store(spent + self.reserve, Relaxed);
        *self.begun() = Some(Box::new(begun));
        // No wake: whoever takes it lets the guest go on.
        poll_fn(|_| match self.has_begun() {
            true => Poll::Pending,
            false => Poll::Ready(()),
        })
        .await;
    }

    /// From here on the call is a stream: it computes from a reserve that refills by `share` percent of the time. So it
    /// may live for an hour and compute all the while, but not take a core.
    pub(super) fn share(&self, share: u64) {
        if self.share.swap(share, Relaxed) == 0 {
            self.refilled.store(clock(libc::CLOCK_MONOTONIC), Relaxed);
        }
    }

    /// Whether the call waits for its client from here on.
    pub(super) fn set_waiting(&self, waits: bool) {
        match (self.waits_since.load(Relaxed), waits) {
            (0, true) => self
                .waits_since
                .store(clock(libc::CLOCK_MONOTONIC), Relaxed),
            (0, false) | (_, true) => {}
            (_, false) => {
                let waited = self.waited(Duration::MAX).as_nanos() as u64;
                self.waits_since.store(0, Relaxed);
                self.waited.store(waited, Relaxed);
            }
        }
    }

    /// What the call has waited for its client by now, which is not its own time. Of the wait under way `most` counts: a
    /// guest may have asked for a piece and then forgotten it.
    pub(crate) fn waited(&self, most: Duration) -> Duration {
        let before = self.waited.load(Relaxed);
        let now = match self.waits_since.load(Relaxed) {
            0 => 0,
            since => clock(libc::CLOCK_MONOTONIC).saturating_sub(since),
        };
        Duration::from_nanos(before) + Duration::from_nanos(now).min(most)
    }

    /// The guest was told of a limit, and may answer for itself.
    pub(super) fn note(&self, limit: Limit) {
        let _ = self.hit.set(limit);
    }

    /// The first limit of which the guest was told.
    pub(crate) fn hit(&self) -> Option<Limit> {
        self.hit.get().copied()
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun().is_some()
    }

    /// The head, if the guest has just handed it out.
    pub(super) fn take_begun(&self) -> Option<Box<Begun>> {
        self.begun().take()
    }

    fn begun(&self) -> std::sync::MutexGuard<'_, Option<Box<Begun>>> {
        self.begun.lock().expect("nothing panics with this lock")
    }

    /// Refills a stream's reserve for the time that has passed.
    fn refill(&self) {
        let share = self.share.load(Relaxed);
        if share == 0 {
            return;
        }
        let now = clock(libc::CLOCK_MONOTONIC);
        let passed = now.saturating_sub(self.refilled.swap(now, Relaxed));
        let full = self.spent.load(Relaxed) + self.reserve;
        let limit = self.limit.load(Relaxed) + passed / 100 * share;
        self.limit.store(limit.min(full), Relaxed);
    }

    /// How long a stream must rest until its reserve is half full again, if it is not: a guest that computes more than
    /// its share is slowed between two pieces rather than stopped.
    pub(super) fn rest(&self) -> Option<Duration> {
        let share = self.share.load(Relaxed);
        let left = self
            .limit
            .load(Relaxed)
            .saturating_sub(self.spent.load(Relaxed));
        let missing = (self.reserve / 2).checked_sub(left)?;
        (share != 0 && missing != 0).then(|| Duration::from_nanos(missing / share * 100))
    }

    /// Nanoseconds computed so far, for the log.
    pub(crate) fn spent(&self) -> Duration {
        Duration::from_nanos(self.spent.load(Relaxed))
    }

    pub(super) fn set_memory(&self, bytes: usize) {
        self.memory.store(bytes as u64, Relaxed);
    }

    /// The bytes of the instance's memory, at the call's end or, until then, at its beginning.
    pub(crate) fn memory(&self) -> u64 {
        self.memory.load(Relaxed)
    }

    /// Whether the future was left pending by [`Meter::tick`]; asking clears the mark.
    pub(super) fn take_yield(&self) -> bool {
        self.yielded.load(Relaxed) && self.yielded.swap(false, Relaxed)
    }

    /// The same, without clearing it.
    pub(super) fn has_yielded(&self) -> bool {
        self.yielded.load(Relaxed)
    }

    pub(super) fn overrun_log(&self) {
        self.overran_log.store(true, Relaxed);
    }

    /// Whether the call wrote more to the log than it may.
    pub(crate) fn overran_log(&self) -> bool {
        self.overran_log.load(Relaxed)
    }

    /// The guest stops at the next tick at the latest.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    pub(super) fn cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }

    pub(super) fn set_in_lane(&self, in_lane: bool) {
        self.in_lane.store(in_lane, Relaxed);
    }

    /// Whether the call has something to compute in the slow lane, rather than waits for something.
    pub(super) fn is_in_lane(&self) -> bool {
        self.in_lane.load(Relaxed)
    }

    /// What the epoch callback does: nothing before a tick of computing is over, then a yield.
    pub(super) fn tick(&self) -> wasmtime::Result<UpdateDeadline> {
        if self.cancelled() {
            return Err(Stopped::Cancelled.into());
        }
        let here = now().saturating_sub(self.since.load(Relaxed));
        if self.spent.load(Relaxed) + here >= self.limit.load(Relaxed) {
            return Err(Stopped::Limit(Limit::Cpu).into());
        }
        if here < TICK.as_nanos() as u64 {
            return Ok(UpdateDeadline::Continue(1));
        }
        if !IN_LANE.get() && !self.has_computed() {
            return Ok(UpdateDeadline::Continue(1));
        }
        self.yielded.store(true, Relaxed);
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(Once(false))))
    }
}

impl Meter {
    /// Whether the poll under way has computed since the tick before this one, rather than been preempted: on a busy
    /// machine a serving thread loses its core for longer than a tick, and a quick call must not pay for that.
    fn has_computed(&self) -> bool {
        let cpu = clock(libc::CLOCK_THREAD_CPUTIME_ID);
        match self.suspected.load(Relaxed) {
            0 => {
                self.suspected.store(cpu, Relaxed);
                false
            }
            suspected => cpu.saturating_sub(suspected) >= TICK.as_nanos() as u64 / 2,
        }
    }
}

/// Pending once, without a wake: whoever polls sees the mark of [`Meter::tick`] and knows to poll again.
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// A guest's future with its account. Boxed, so that it can move to another thread between two polls.
pub(super) struct Metered<T> {
    future: Pin<Box<dyn Future<Output = T> + Send>>,
    pub(super) meter: std::sync::Arc<Meter>,
}

impl<T> Metered<T> {
    pub(super) fn new(
        meter: std::sync::Arc<Meter>,
        future: Pin<Box<dyn Future<Output = T> + Send>>,
    ) -> Metered<T> {
        Metered { future, meter }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        self.meter.refill();
        let began = now();
        self.meter.since.store(began, Relaxed);
        self.meter.suspected.store(0, Relaxed);
        let polled = self.future.as_mut().poll(cx);
        let spent = self.meter.spent.load(Relaxed) + now().saturating_sub(began);
        self.meter.spent.store(spent, Relaxed);
        polled
    }
}
