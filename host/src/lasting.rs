//! How long one request may take as a whole, from the first byte of its head to the last of its answer. Each of its
//! parts has a limit of its own; this is about their sum, and about what none of them sees: an answer that is taken slowly.
//! The server looks at the clock, since it sees both ends; the plugin's limits say how long.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::config::Limits;

/// What a server and the host tell each other of a request.
#[derive(Debug)]
pub(crate) struct Lasting {
    /// Of a request of which nothing is known yet.
    unknown_ms: u64,
    most_ms: AtomicU64,
    over: AtomicBool,
}

impl Lasting {
    /// With the limits that hold until its plugin is known.
    pub(crate) fn new(limits: &Limits) -> Lasting {
        Lasting {
            unknown_ms: limits.request_ms,
            most_ms: AtomicU64::new(limits.request_ms),
            over: AtomicBool::new(false),
        }
    }

    /// It is one of a plugin with these limits.
    pub(crate) fn whole(&self, limits: &Limits) {
        self.most_ms.store(limits.request_ms, Relaxed);
    }

    /// Its body or its answer comes in pieces.
    pub(crate) fn streams(&self, limits: &Limits) {
        let most = limits.request_ms.saturating_add(limits.stream_ms);
        self.most_ms.store(most, Relaxed);
    }

    /// Another request comes after it.
    pub(crate) fn begin_anew(&self) {
        self.most_ms.store(self.unknown_ms, Relaxed);
        self.over.store(false, Relaxed);
    }

    pub(crate) fn most(&self) -> Duration {
        Duration::from_millis(self.most_ms.load(Relaxed))
    }

    /// Its time is over: whoever works on it answers that, if nothing is answered yet. False if that was said before.
    pub(crate) fn end(&self) -> bool {
        !self.over.swap(true, Relaxed)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }
}
