//! The idle instances of one revision, and when they retire.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::instance::Instance;
use crate::config::{Isolation, Limits};

/// Idle instances, the last used on top: a warm one is quicker, and the others get to retire.
pub(crate) struct Pool {
    /// None ever retires: the plugin's state is in their memory.
    pub(crate) keeps: bool,
    /// Holding it is being one of its instances that live, idle or not.
    living: Arc<()>,
    idle: Mutex<Vec<Instance>>,
}

impl Pool {
    pub(crate) fn new(keeps: bool) -> Pool {
        Pool {
            keeps,
            living: Arc::default(),
            idle: Mutex::new(Vec::new()),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle.lock().expect("nothing panics with this lock")
    }

    /// What an instance holds for as long as it lives.
    pub(crate) fn living(&self) -> Arc<()> {
        self.living.clone()
    }

    /// Instances that live, idle or not.
    pub(crate) fn instances(&self) -> usize {
        Arc::strong_count(&self.living) - 1
    }

    pub(crate) fn take(&self) -> Option<Instance> {
        self.idle().pop()
    }

    /// Keeps an instance that was made beforehand.
    pub(crate) fn welcome(&self, mut instance: Instance, limits: &Limits) {
        instance.counted = Some(self.living());
        self.put(instance, limits);
    }

    /// Keeps an instance for the next call, unless it has served its time.
    pub(crate) fn put(&self, mut instance: Instance, limits: &Limits) {
        let retires = limits.isolation == Isolation::Request || instance.is_worn(limits);
        if retires && !self.keeps {
            return;
        }
        // The reaper looks at its clock, not every call.
        instance.idle_since = None;
        let mut idle = self.idle();
        if idle.len() < limits.concurrency {
            idle.push(instance);
        }
    }

    /// Retires what was seen resting `idle` ago, and marks the rest; with no `idle`, all.
    pub(crate) fn retire(&self, now: Instant, idle: Duration) {
        if self.keeps {
            return;
        }
        let mut instances = self.idle();
        // Those below rest for longer.
        let rests = |instance: &mut Instance| {
            now.saturating_duration_since(*instance.idle_since.get_or_insert(now))
        };
        let rested = instances
            .iter_mut()
            .map(rests)
            .filter(|rested| *rested >= idle)
            .count();
        let retired: Vec<_> = instances.drain(..rested).collect();
        drop(instances);
        // Unmapping takes its time: not under the lock that calls wait for.
        drop(retired);
    }
}
