//! What one call took.

use std::sync::Arc;
use std::time::Duration;

use crate::runtime::Meter;

/// What a plugin's call took, by its account: [`Host::measure`](crate::Host::measure) gives it. A streamed answer's grows
/// while it is read.
#[derive(Debug)]
pub struct CallCost(pub(crate) Arc<Meter>);

impl CallCost {
    /// What it has computed by now, which `cpu_ms` limits.
    pub fn cpu(&self) -> Duration {
        self.0.spent()
    }

    /// The memory of the instance that served it, all linear memories and tables, which `memory_bytes` limits. They never
    /// shrink, so this is the most that it had. Of a call that is not over: what it began with.
    pub fn memory_bytes(&self) -> u64 {
        self.0.memory()
    }
}
