//! How long a silent client is waited for. hyper asks its timer for a fresh sleep per request; a timer of the runtime
//! would have to be made, registered and taken out again each time. Here a connection has one slow tick, and a sleep
//! is only the time at which it is over.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How exactly the limits are kept.
const TICK: Duration = Duration::from_secs(2);

/// The timer of one connection.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// Whether the first request has come: then silence means keep-alive.
    greeted: AtomicBool,
}

/// Wakes the connection now and then, so that it looks at its clock.
pub(super) struct Tick(Interval);

/// Over at a time; woken by the tick.
struct Until(Instant);

impl Patience {
    /// For a whole head, from connecting on: a client connects because it has something to say.
    pub(super) const FIRST_HEAD: Duration = Duration::from_secs(10);
    /// For the next head on a connection that is kept: longer than the 60 s of common proxies, so that it is they who
    /// close, and no request meets a closing connection.
    const NEXT_HEAD: Duration = Duration::from_secs(75);

    pub(super) fn start() -> (Patience, Tick) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        (Patience::default(), Tick(ticks))
    }

    fn sleep_from(&self, now: Instant) -> Pin<Box<dyn Sleep>> {
        let patience = if self.greeted.swap(true, Relaxed) {
            Patience::NEXT_HEAD
        } else {
            Patience::FIRST_HEAD
        };
        Box::pin(Until(now + patience))
    }
}

/// hyper sleeps for nothing but heads on HTTP/1, so what it asks for is always the next head.
impl Timer for Patience {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_from(Instant::now())
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep_from(deadline - Patience::FIRST_HEAD)
    }
}

impl Tick {
    /// To be called whenever the connection is polled: asks for the next wake-up.
    pub(super) fn renew(&mut self, cx: &mut Context<'_>) {
        while self.0.poll_tick(cx).is_ready() {}
    }
}

impl Future for Until {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if Instant::now() < self.0 {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

impl Sleep for Until {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_has_been_served_is_waited_for_longer() {
        let patience = Patience::default();
        let now = Instant::now();
        let over_at = |ago: u64| now - Duration::from_secs(ago);
        let is_over = |sleep: Pin<Box<dyn Sleep>>| {
            let mut sleep = sleep;
            sleep
                .as_mut()
                .poll(&mut Context::from_waker(std::task::Waker::noop()))
                .is_ready()
        };
        assert!(is_over(patience.sleep_from(over_at(11))));
        assert!(!is_over(patience.sleep_from(over_at(11))));
        assert!(is_over(patience.sleep_from(over_at(76))));
    }
}
