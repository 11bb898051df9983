//! How often a plugin's calls ran into each limit.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::limit::Limit;

/// Counted over all of a plugin's revisions.
#[derive(Debug, Default)]
pub(crate) struct Hits([AtomicU64; Limit::ALL.len()]);

impl Hits {
    pub(crate) fn count(&self, limit: Limit) {
        self.0[limit as usize].fetch_add(1, Relaxed);
    }

    /// Every limit with its count.
    pub(crate) fn all(&self) -> Vec<(Limit, u64)> {
        let counts = self.0.iter().map(|count| count.load(Relaxed));
        Limit::ALL.into_iter().zip(counts).collect()
    }
}
