//! Who asks again and again for what is full. A refusal costs about what a small answer does, so a flood of them would
//! fill the cores that others are served on: each after the first in a row leaves a little later.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// The refusals of one connection, without another answer between them.
#[derive(Debug, Default)]
pub(super) struct Refusals(AtomicU32);

impl Refusals {
    /// What the second in a row waits; each further one waits twice as long.
    const FIRST: Duration = Duration::from_millis(10);
    /// No longer than `Retry-After` says at the least.
    const LONGEST: Duration = Duration::from_secs(1);

    /// For how long to hold the answer that refuses once more: the first comes at once.
    pub(super) fn once_more(&self) -> Duration {
        let before = self.0.fetch_add(1, Relaxed);
        match before.checked_sub(1) {
            None => Duration::ZERO,
            // The shift is bounded well before it would overflow.
            Some(doubled) => Refusals::LONGEST.min(Refusals::FIRST * (1 << doubled.min(10))),
        }
    }

    /// There was another answer.
    pub(super) fn over(&self) {
        // A write for each request would be one too many.
        if self.0.load(Relaxed) != 0 {
            self.0.store(0, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_in_a_row_wait_longer_up_to_a_second_and_another_answer_forgives_them() {
        let refusals = Refusals::default();
        let waits: Vec<u128> = (0..10).map(|_| refusals.once_more().as_millis()).collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        refusals.over();
        assert_eq!(refusals.once_more(), Duration::ZERO);
    }
}
