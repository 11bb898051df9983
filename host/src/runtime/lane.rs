//! The slow lane: a call that computes for longer than a tick goes on here, so that it cannot hold a
//! serving thread. wasmtime's own epoch yield wakes itself, which starves tokio's timers and sockets; here a yield only
//! means "next, please" between the lane's few threads, which run at low priority.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::load::{Load, Part};
use super::meter::{self, Meter, Metered};
use super::outlet::Begun;
use crate::limit::Limit;

/// The lane's threads; they end when the last user of the lane is gone.
pub(crate) struct Lane {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    /// How many calls of one plugin may compute here at once: all cores but one, so that another plugin finds a place.
    places: usize,
    load: Load,
}

struct Queue {
    waiting: VecDeque<Box<dyn Turn>>,
    /// Turns taken so far.
    turns: u64,
    closed: bool,
}

/// A plugin's own account of the lane.
pub(crate) struct Lanes {
    lane: Arc<Shared>,
    /// Calls of this plugin that compute here now.
    running: AtomicUsize,
    /// Calls of this plugin that wait for a turn.
    waiting: AtomicUsize,
    /// When it last had a turn, counted in turns.
    last_turn: AtomicU64,
    /// Until when its calls start here, in milliseconds since `born`.
    slow_until: AtomicU64,
    born: Instant,
    /// What its calls do on the serving threads.
    part: Arc<Part>,
}

/// How long a plugin's calls start in the lane after one of them computed for a tick there.
const SLOW: Duration = Duration::from_secs(1);

impl Lane {
    pub(crate) fn new() -> std::io::Result<Lane> {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue {
                waiting: VecDeque::new(),
                turns: 0,
                closed: false,
            }),
            work: Condvar::new(),
            places: (cores - 1).max(1),
            load: Load::new(cores),
        });
        for _ in 0..cores.max(2) {
            let shared = shared.clone();
            std::thread::Builder::new()
                .name("switchback-lane".into())
                .spawn(move || shared.work())?;
        }
        Ok(Lane { shared })
    }

    /// The account of one more plugin.
    pub(crate) fn join(&self) -> Arc<Lanes> {
        Arc::new(Lanes {
            lane: self.shared.clone(),
            running: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            last_turn: AtomicU64::new(0),
            slow_until: AtomicU64::new(0),
            born: Instant::now(),
            part: self.shared.load.join(),
        })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let mut queue = self
            .shared
            .queue
            .lock()
            .expect("the lane never panics with its lock");
        queue.closed = true;
        // Dropped outside of the lock: a guest's last words run while its future is dropped.
        let left = std::mem::take(&mut queue.waiting);
        drop(queue);
        drop(left);
        self.shared.work.notify_all();
    }
}

/// Why a call ended without its guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// A deadline passed.
    Late(Limit),
    /// Its revision had to be gone.
    Cut,
    /// The client of a streamed answer is gone.
    Left,
    /// The host broke while the guest called it.
    Lost,
}

/// What came of a guest's run.
pub(crate) enum Ran<T> {
    /// It is over.
    Done(T),
    /// It has begun to stream its answer, and stands still until it is told to [go on](Lanes::go_on).
    Begun(Box<Begun>, Running<T>),
}

/// A guest under way. Dropping it stops the guest within a tick.
pub(crate) struct Running<T> {
    guest: Metered<T>,
    cancel: CancelOnDrop,
}

impl<T> Running<T> {
    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.guest.meter
    }
}

impl Lanes {
    /// Runs a guest's future to its end, or to the head of its answer: here, and in the lane once it has computed for a tick. `interrupt` is armed
    /// only when the guest first has to be waited for. Dropping this future stops the guest within a tick.
    pub(crate) async fn run<T: Send + 'static, I>(
        self: &Arc<Lanes>,
        meter: Arc<Meter>,
        future: Pin<Box<dyn Future<Output = T> + Send>>,
        start_slow: bool,
        interrupt: impl FnOnce(&Arc<Meter>) -> I,
    ) -> Result<Ran<T>, Interrupt>
    where
        I: Future<Output = Interrupt>,
    {
        let cancel = CancelOnDrop(meter.clone());
        let mut guest = Metered::new(meter, future);
        let mut slow = start_slow || self.is_slow();
        self.part.called();
        if !slow {
            // The usual call: one poll, and no timer.
            let first = poll_fn(|cx| Poll::Ready(guest.poll(cx))).await;
            self.lane.load.add(&self.part, guest.meter.spent());
            match first {
                Poll::Ready(value) => return Ok(Ran::Done(value)),
                Poll::Pending => slow = guest.meter.take_yield(),
            }
        }
        // Boxed: what only some calls need would else be moved about with every call.
        let interrupt = interrupt(&guest.meter);
        Box::pin(self.wait(Running { guest, cancel }, slow, interrupt)).await
    }

    /// The rest of a guest's run after its answer has begun.
    pub(crate) async fn go_on<T: Send + 'static>(
        self: &Arc<Lanes>,
        running: Running<T>,
        interrupt: impl Future<Output = Interrupt>,
    ) -> Result<T, Interrupt> {
        match self.wait(running, self.is_slow(), interrupt).await? {
            Ran::Done(value) => Ok(value),
            Ran::Begun(..) => unreachable!("an answer begins once"),
        }
    }

    /// The rest of a call that did not end at once.
    async fn wait<T: Send + 'static>(
        self: &Arc<Lanes>,
        running: Running<T>,
        mut slow: bool,
        interrupt: impl Future<Output = Interrupt>,
    ) -> Result<Ran<T>, Interrupt> {
        let Running { mut guest, cancel } = running;
        let mut interrupt = std::pin::pin!(interrupt);
        loop {
            if let Some(begun) = guest.meter.take_begun() {
                return Ok(Ran::Begun(begun, Running { guest, cancel }));
            }
            if slow {
                slow = false;
                match self.go_slow(guest, interrupt.as_mut()).await? {
                    Turned::Done(value) => return Ok(Ran::Done(value)),
                    Turned::Waits(back) => guest = back,
                }
                continue;
            }
            let polled = poll_fn(|cx| match guest.poll(cx) {
                Poll::Ready(value) => Poll::Ready(Ok(Polled::Done(value))),
                Poll::Pending if guest.meter.take_yield() => Poll::Ready(Ok(Polled::Yields)),
                Poll::Pending if guest.meter.has_begun() => Poll::Ready(Ok(Polled::Begins)),
                Poll::Pending => interrupt.as_mut().poll(cx).map(Err),
            })
            .await?;
            match polled {
                Polled::Done(value) => return Ok(Ran::Done(value)),
                Polled::Yields => slow = true,
                Polled::Begins => {}
            }
        }
    }

    async fn go_slow<T: Send + 'static>(
        self: &Arc<Lanes>,
        guest: Metered<T>,
        mut interrupt: Pin<&mut impl Future<Output = Interrupt>>,
    ) -> Result<Turned<T>, Interrupt> {
        let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        let (reply, mut answer) = oneshot::channel();
        guest.meter.set_in_lane(true);
        let turn = Box::new(Computing {
            guest,
            waker,
            reply,
            handle: Handle::current(),
            lanes: self.clone(),
        });
        self.lane.push(turn);
        poll_fn(|cx| match Pin::new(&mut answer).poll(cx) {
            Poll::Ready(Ok(turned)) => Poll::Ready(Ok(turned)),
            // Nobody but a panic in one of our own imports drops a call that is still waited for.
            Poll::Ready(Err(_)) => Poll::Ready(Err(Interrupt::Lost)),
            Poll::Pending => interrupt.as_mut().poll(cx).map(Err),
        })
        .await
    }

    fn now_ms(&self) -> u64 {
        self.born.elapsed().as_millis() as u64
    }

    /// Said by a call that has computed for a tick in the lane, and by no other: one that merely starts there would
    /// keep a plugin slow for as long as it is asked, and one that left its serving thread may only have been preempted.
    fn compute_here(&self) {
        self.slow_until
            .store(self.now_ms() + SLOW.as_millis() as u64, Relaxed);
    }

    /// Whether its calls start here: one computed here of late, or the plugin took more than its share of the serving
    /// threads. Then it stays for as long as it wants more than it gets and others are there to be kept from.
    fn is_slow(&self) -> bool {
        if self.part.takes_too_much() {
            self.compute_here();
        }
        let until = self.slow_until.load(Relaxed);
        if until == 0 || self.now_ms() < until {
            return until != 0;
        }
        let stays = self.waiting.load(Relaxed) > 0 && self.lane.load.has_others(&self.part);
        self.slow_until.store(0, Relaxed);
        if stays {
            self.compute_here();
        }
        stays
    }
}

/// Dropped with the dispatch future, wherever the guest is by then.
struct CancelOnDrop(Arc<Meter>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// How a poll of a guest ended that is not waiting for something.
enum Polled<T> {
    Done(T),
    /// It has computed for a tick.
    Yields,
    /// It has handed out the head of its answer.
    Begins,
}

enum Turned<T> {
    Done(T),
    /// The guest waits for something: it needs no thread, so it goes back to its own task.
    Waits(Metered<T>),
}

/// A call in the lane, whatever it returns.
trait Turn: Send {
    fn lanes(&self) -> &Arc<Lanes>;
    /// Computes for a tick; gives itself back if there is more to compute.
    fn take(self: Box<Self>) -> Option<Box<dyn Turn>>;
}

struct Computing<T> {
    guest: Metered<T>,
    /// Of the task that waits for the reply, so that what the guest waits for wakes that task.
    waker: Waker,
    reply: oneshot::Sender<Turned<T>>,
    /// Timers and sockets stay on the driver of the runtime that serves the request.
    handle: Handle,
    lanes: Arc<Lanes>,
}

impl<T: Send + 'static> Turn for Computing<T> {
    fn lanes(&self) -> &Arc<Lanes> {
        &self.lanes
    }

    fn take(mut self: Box<Self>) -> Option<Box<dyn Turn>> {
        let handle = self.handle.clone();
        let _entered = handle.enter();
        // Also reached by a call that was cancelled: the guest's stack has to be unwound under its runtime.
        if self.guest.meter.cancelled() {
            drop(self);
            return None;
        }
        match self.guest.poll(&mut Context::from_waker(&self.waker)) {
            Poll::Ready(value) => drop(self.reply.send(Turned::Done(value))),
            // Unless its head is to go out first: tasks of a guest may compute on beside it.
            Poll::Pending if self.guest.meter.take_yield() && !self.guest.meter.has_begun() => {
                self.lanes.compute_here();
                return Some(self);
            }
            Poll::Pending => {
                self.guest.meter.set_in_lane(false);
                drop(self.reply.send(Turned::Waits(self.guest)));
            }
        }
        None
    }
}

impl Shared {
    fn push(&self, turn: Box<dyn Turn>) {
        turn.lanes().waiting.fetch_add(1, Relaxed);
        self.queue
            .lock()
            .expect("the lane never panics with its lock")
            .waiting
            .push_back(turn);
        self.work.notify_one();
    }

    fn work(&self) {
        meter::enter_lane();
        // Lowest priority: a serving thread that has something to do comes first. Where the system refuses, the lane
        // works all the same.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19);
        while let Some(turn) = self.next() {
            let lanes = turn.lanes().clone();
            let more = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| turn.take()));
            lanes.running.fetch_sub(1, Relaxed);
            if let Ok(Some(turn)) = more {
                self.push(turn);
            } else {
                // A place became free: a call that was passed over may go.
                self.work.notify_one();
            }
        }
    }

    /// The next call, with its place taken: of the plugins that have a place left, the one whose last turn is longest
    /// ago, and of its calls the first. None when the lane closes.
    fn next(&self) -> Option<Box<dyn Turn>> {
        let mut queue = self
            .queue
            .lock()
            .expect("the lane never panics with its lock");
        loop {
            if queue.closed {
                return None;
            }
            let waiting = queue.waiting.iter().map(|turn| turn.lanes()).enumerate();
            let next = waiting
                .filter(|(_, lanes)| lanes.running.load(Relaxed) < self.places)
                .min_by_key(|(_, lanes)| lanes.last_turn.load(Relaxed));
            if let Some((at, _)) = next {
                let turn = queue.waiting.remove(at)?;
                queue.turns += 1;
                let lanes = turn.lanes();
                lanes.last_turn.store(queue.turns, Relaxed);
                lanes.waiting.fetch_sub(1, Relaxed);
                lanes.running.fetch_add(1, Relaxed);
                return Some(turn);
            }
            queue = self
                .work
                .wait(queue)
                .expect("the lane never panics with its lock");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_plugin_leaves_the_lane_though_it_is_still_asked() {
        let lane = Lane::new().unwrap();
        let lanes = lane.join();
        lanes.compute_here();
        assert!(lanes.is_slow());
        lanes.slow_until.store(lanes.now_ms() + 50, Relaxed);

        while lanes.now_ms() < 200 {
            let quick = Box::pin(async { tokio::task::yield_now().await });
            let call = lanes.run(Arc::new(Meter::new(1_000)), quick, false, |_| {
                std::future::pending()
            });
            call.await.unwrap();
        }

        assert!(!lanes.is_slow());
    }
}
