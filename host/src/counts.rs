//! What a revision's answers were, by operation: how many of which status, how long they took, what went wrong.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

/// Buckets an octave: an upper bound is at most 19 % above what it stands for.
const STEPS: u32 = 4;
/// The first bucket holds all that is quicker: 16 µs.
const LEAST_US: u64 = 16;
/// Up to 58 s; the last bucket holds what is slower, too.
const BUCKETS: usize = 22 * STEPS as usize;

/// Of one revision. An operation that was never called takes no room.
pub(crate) struct Counts(Box<[OnceLock<Box<Operation>>]>);

/// Of one operation.
#[derive(Debug)]
struct Operation {
    /// By the first digit of their status, from 1 on.
    statuses: [AtomicU64; 5],
    /// Of the 5xx, those that are the plugin's own fault or answer.
    failed: AtomicU64,
    /// Clients that went away before an answer.
    left: AtomicU64,
    /// Answers that were held against the contract.
    held: AtomicU64,
    off_contract: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
    total_us: AtomicU64,
}

impl Default for Operation {
    fn default() -> Operation {
        Operation {
            statuses: Default::default(),
            failed: AtomicU64::new(0),
            left: AtomicU64::new(0),
            held: AtomicU64::new(0),
            off_contract: AtomicU64::new(0),
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            total_us: AtomicU64::new(0),
        }
    }
}

/// What an operation's answers, or those of several, came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Tally {
    /// Answers by the first digit of their status: 1xx, 2xx, 3xx, 4xx, 5xx.
    pub statuses: [u64; 5],
    /// Of the 5xx, those that are the plugin's own: a trap, a limit it ran into, an answer that is none, or its own 5xx. Not
    /// those by which the host refuses a call for want of room.
    pub failed: u64,
    /// Clients that went away before their answer.
    pub left: u64,
    /// Answers that were held against the contract.
    pub held: u64,
    /// Of these, those that broke it.
    pub off_contract: u64,
    /// Milliseconds until the answer's head, summed.
    pub total_ms: f64,
    /// Of each bucket its count; see [`Tally::quantile_ms`].
    #[serde(skip)]
    buckets: Vec<u64>,
}

impl Counts {
    pub(crate) fn new(operations: usize) -> Counts {
        Counts((0..operations).map(|_| OnceLock::new()).collect())
    }

    fn of(&self, operation: usize) -> &Operation {
        self.0[operation].get_or_init(Box::default)
    }

    /// An answer; `failed` if it is the plugin's own failure.
    pub(crate) fn answered(
        &self,
        operation: usize,
        status: StatusCode,
        failed: bool,
        took: Duration,
    ) {
        let counts = self.of(operation);
        counts.statuses[status_class(status)].fetch_add(1, Relaxed);
        if failed {
            counts.failed.fetch_add(1, Relaxed);
        }
        let us = took.as_micros() as u64;
        counts.buckets[bucket(us)].fetch_add(1, Relaxed);
        counts.total_us.fetch_add(us, Relaxed);
    }

    /// Its client went away first.
    pub(crate) fn left(&self, operation: usize) {
        self.of(operation).left.fetch_add(1, Relaxed);
    }

    /// An answer was held against the contract.
    pub(crate) fn held(&self, operation: usize) {
        self.of(operation).held.fetch_add(1, Relaxed);
    }

    /// It broke the contract.
    pub(crate) fn off_contract(&self, operation: usize) {
        self.of(operation).off_contract.fetch_add(1, Relaxed);
    }

    /// What an operation came to; none if it was never called.
    pub(crate) fn tally(&self, operation: usize) -> Option<Tally> {
        let counts = self.0.get(operation)?.get()?;
        let load = |count: &AtomicU64| count.load(Relaxed);
        Some(Tally {
            statuses: std::array::from_fn(|at| load(&counts.statuses[at])),
            failed: load(&counts.failed),
            left: load(&counts.left),
            held: load(&counts.held),
            off_contract: load(&counts.off_contract),
            total_ms: load(&counts.total_us) as f64 / 1e3,
            buckets: counts.buckets.iter().map(load).collect(),
        })
    }

    /// What all operations together came to.
    pub(crate) fn sum(&self) -> Tally {
        let tallies = (0..self.0.len()).filter_map(|operation| self.tally(operation));
        tallies.fold(Tally::default(), |sum, tally| sum.with(&tally))
    }
}

impl Tally {
    /// Both together.
    pub(crate) fn with(mut self, other: &Tally) -> Tally {
        for (own, other) in self.statuses.iter_mut().zip(other.statuses) {
            *own += other;
        }
        self.failed += other.failed;
        self.left += other.left;
        self.held += other.held;
        self.off_contract += other.off_contract;
        self.total_ms += other.total_ms;
        self.buckets.resize(BUCKETS, 0);
        for (own, other) in self.buckets.iter_mut().zip(&other.buckets) {
            *own += other;
        }
        self
    }

    /// Answers in all.
    pub fn answers(&self) -> u64 {
        self.statuses.iter().sum()
    }

    /// For each octave from 256 µs to 17 s: its upper bound in seconds, and how many answers took no longer.
    pub(crate) fn octaves(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = (4..=20).map(|octave| LEAST_US << octave);
        bounds.map(|us| {
            let below = &self.buckets[..self.buckets.len().min(bucket(us))];
            (us as f64 / 1e6, below.iter().sum())
        })
    }

    /// The time until their heads that so many of 1 took no longer than, in milliseconds; at most 19 % too high. None if there
    /// were no answers.
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        let answers: u64 = self.buckets.iter().sum();
        let wanted = (answers as f64 * quantile).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Some(bound_us(at) as f64 / 1e3);
            }
        }
        None
    }
}

/// Where answers of a status are counted: by its first digit, from 0 for 1xx on.
pub(crate) fn status_class(status: StatusCode) -> usize {
    usize::from(status.as_u16() / 100).clamp(1, 5) - 1
}

/// The bucket of a time: by its octave, and the two bits after the leading one.
fn bucket(us: u64) -> usize {
    if us < LEAST_US {
        return 0;
    }
    let octave = us.ilog2() - LEAST_US.ilog2();
    let step = (us >> (us.ilog2() - STEPS.ilog2())) as usize & (STEPS as usize - 1);
    (1 + (octave * STEPS) as usize + step).min(BUCKETS - 1)
}

/// The first time that is too long for a bucket, in microseconds.
fn bound_us(bucket: usize) -> u64 {
    let (octave, step) = (
        bucket as u64 / u64::from(STEPS),
        bucket as u64 % u64::from(STEPS),
    );
    (LEAST_US << octave) * (u64::from(STEPS) + step) / u64::from(STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_below_the_bound_of_its_bucket_and_not_below_that_of_the_one_before() {
        for us in (0..20_000).chain([1 << 20, 30_000_000, 58_720_255]) {
            let at = bucket(us);
            assert!(us < bound_us(at), "{us} in {at}");
            assert!(at == 0 || us >= bound_us(at - 1), "{us} in {at}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_and_sums_are_of_what_was_counted() {
        let counts = Counts::new(2);
        for ms in 1..=100 {
            counts.answered(0, StatusCode::OK, false, Duration::from_millis(ms));
        }
        counts.answered(1, StatusCode::BAD_GATEWAY, true, Duration::from_secs(1));
        let first = counts.tally(0).unwrap();
        let half = first.quantile_ms(0.5).unwrap();
        assert!((50.0..60.0).contains(&half), "{half}");
        let sum = counts.sum();
        assert_eq!((sum.answers(), sum.failed, sum.statuses[4]), (101, 1, 1));
        assert!(sum.quantile_ms(1.0).unwrap() >= 1000.0);
        assert_eq!(Counts::new(1).tally(0), None);
    }
}
