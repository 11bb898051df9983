//! How long a silent client is waited for. hyper asks its timer for a fresh sleep per request; a timer of the runtime
//! would have to be made, registered and taken out again each time. Here a connection has one slow tick, which alone
//! looks at the clock, and a sleep is only the time at which it is over.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::attended::Signs;
use crate::config::ConnectionLimits;

/// How exactly the limits are kept.
const TICK: Duration = Duration::from_secs(2);

/// The timer of one connection.
#[derive(Debug)]
pub(super) struct Patience {
    signs: Signs,
    /// For a whole head, from connecting on.
    first: Duration,
    /// For the next head on a connection that is kept.
    next: Duration,
    /// Whether the first request has come: then silence means keep-alive.
    greeted: AtomicBool,
}

/// Wakes the connection now and then, so that it looks at its clock.
pub(super) struct Tick(Interval);

/// Over at a time of the clock below; woken by the tick.
struct Until(Duration);

/// A clock that stands still between ticks: read for every request, it must not cost one a look at the real one.
pub(super) struct Clock {
    origin: Instant,
    /// Milliseconds since then, when some connection last looked.
    seen: AtomicU64,
}

impl Clock {
    pub(super) fn of_all() -> &'static Clock {
        static CLOCK: OnceLock<Clock> = OnceLock::new();
        CLOCK.get_or_init(|| Clock {
            origin: Instant::now(),
            seen: AtomicU64::new(0),
        })
    }

    fn look(&self) {
        let now = self.origin.elapsed().as_millis() as u64;
        self.seen.fetch_max(now, Relaxed);
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.now_ms())
    }

    /// In milliseconds, never 0.
    pub(super) fn now_ms(&self) -> u64 {
        self.seen.load(Relaxed) + 1
    }
}

impl Patience {
    /// For heads as long as the settings say.
    pub(super) fn new(limits: &ConnectionLimits, signs: Signs) -> Patience {
        Patience {
            signs,
            first: Duration::from_millis(limits.first_head_ms),
            next: Duration::from_millis(limits.keep_alive_ms),
            greeted: AtomicBool::new(false),
        }
    }

    /// The length is an affair of this timer's; that there is one makes hyper ask.
    pub(super) fn first(&self) -> Duration {
        self.first
    }

    fn sleep_from(&self, now: Duration) -> Until {
        let patience = if self.greeted.swap(true, Relaxed) {
            self.next
        } else {
            self.first
        };
        Until(now + patience)
    }
}

/// hyper sleeps for nothing but heads on HTTP/1, so what it asks for is always the next head, and what was before it is over.
impl Timer for Patience {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        self.signs.answered();
        Box::pin(self.sleep_from(Clock::of_all().now()))
    }

    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(self.first)
    }

    /// What hyper makes of it is the deadline that is not looked at above.
    fn now(&self) -> Instant {
        Clock::of_all().origin
    }
}

impl Tick {
    pub(super) fn start() -> Tick {
        Clock::of_all().look();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Tick(ticks)
    }

    /// To be called whenever the connection is polled: asks for the next wake-up, and says whether this was one.
    pub(super) fn renew(&mut self, cx: &mut Context<'_>) -> bool {
        let mut ticked = false;
        while self.0.poll_tick(cx).is_ready() {
            Clock::of_all().look();
            ticked = true;
        }
        ticked
    }
}

impl Until {
    fn is_over(&self, now: Duration) -> bool {
        now >= self.0
    }
}

impl Future for Until {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.is_over(Clock::of_all().now()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl Sleep for Until {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;

    #[test]
    fn a_client_that_has_been_served_is_waited_for_longer() {
        let signs = Signs::new(&Limits::default());
        let patience = Patience::new(&ConnectionLimits::default(), signs);
        let seconds = Duration::from_secs;
        let first = patience.sleep_from(seconds(100));
        let second = patience.sleep_from(seconds(100));
        assert!(first.is_over(seconds(110)) && !second.is_over(seconds(110)));
        assert!(second.is_over(seconds(175)));
    }
}
