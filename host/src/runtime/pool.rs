//! The idle instances of one revision, and when they retire.

use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use super::instance::Instance;
use crate::config::{Isolation, Limits};

/// Idle instances, the last used on top: a warm one is quicker, and the others get to retire.
pub(crate) struct Pool {
    idle: Mutex<Vec<Instance>>,
}

impl Pool {
    pub(crate) fn new() -> Pool {
        Pool {
            idle: Mutex::new(Vec::new()),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle.lock().expect("nothing panics with this lock")
    }

    pub(crate) fn take(&self) -> Option<Instance> {
        self.idle().pop()
    }

    /// Keeps an instance for the next call, unless it has served its time.
    pub(crate) fn put(&self, mut instance: Instance, limits: &Limits) {
        if limits.isolation == Isolation::Request || instance.is_worn(limits) {
            return;
        }
        instance.idle_since = Instant::now();
        let mut idle = self.idle();
        if idle.len() < limits.concurrency {
            idle.push(instance);
        }
    }

    /// Retires what has rested since before `then`; all, to make room, with `then` in the future.
    pub(crate) fn retire(&self, then: Instant) {
        let mut idle = self.idle();
        let rested = idle.partition_point(|instance| instance.idle_since < then);
        let retired: Vec<_> = idle.drain(..rested).collect();
        drop(idle);
        // Unmapping takes its time: not under the lock that calls wait for.
        drop(retired);
    }
}
