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

    /// Keeps an instance that was made beforehand, and has served nobody.
    pub(crate) fn welcome(&self, mut instance: Instance) {
        instance.counted = Some(self.living());
        self.idle().push(instance);
    }

    /// Keeps an instance for the next call; one that has served its time is handed back.
    pub(crate) fn put(&self, mut instance: Instance, limits: &Limits) -> Option<Instance> {
        let retires = limits.isolation == Isolation::Request || instance.is_worn(limits);
        if retires && !self.keeps {
            return Some(instance);
        }
        // The reaper looks at its clock, not every call.
        instance.idle_since = None;
        let mut idle = self.idle();
        if idle.len() >= limits.concurrency {
            return Some(instance);
        }
        idle.push(instance);
        None
    }

    /// Hands out what rests, to be freed.
    pub(crate) fn drain(&self) -> Vec<Instance> {
        std::mem::take(&mut *self.idle())
    }

    /// Retires what was seen resting `idle` ago, and marks the rest; with no `idle`, all. What retires is handed out, to be
    /// freed: that takes its time, and nobody is to wait for the lock meanwhile.
    pub(crate) fn retire(&self, now: Instant, idle: Duration) -> Vec<Instance> {
        if self.keeps {
            return Vec::new();
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
        instances.drain(..rested).collect()
    }
}
