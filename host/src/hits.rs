//! How often a plugin's calls ran into each limit, and broke its contract.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::limit::Limit;

/// Counted over all of a plugin's revisions.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    limits: [AtomicU64; Limit::ALL.len()],
    off_contract: AtomicU64,
}

impl Hits {
    pub(crate) fn count(&self, limit: Limit) {
        self.limits[limit as usize].fetch_add(1, Relaxed);
    }

    /// An answer that is not what the contract says.
    pub(crate) fn count_off_contract(&self) {
        self.off_contract.fetch_add(1, Relaxed);
    }

    /// Such answers.
    pub(crate) fn off_contract(&self) -> u64 {
        self.off_contract.load(Relaxed)
    }

    /// Every limit with its count.
    pub(crate) fn all(&self) -> Vec<(Limit, u64)> {
        let counts = self.limits.iter().map(|count| count.load(Relaxed));
        Limit::ALL.into_iter().zip(counts).collect()
    }
}
