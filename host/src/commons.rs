//! What all revisions of a host share: the events, the permits for all calls, and the thread that cleans up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::sync::{Semaphore, broadcast, watch};

use crate::bodies::Bodies;
use crate::config::{FaultConfig, HostConfig};
use crate::counts::status_class;
use crate::event::Event;
use crate::fault::{Fault, Faults};
use crate::revision::{Remains, Revision};

pub(crate) struct Commons {
    pub(crate) host: Arc<HostConfig>,
    /// The path under which the program around nests the host.
    pub(crate) base_path: Arc<str>,
    pub(crate) events: broadcast::Sender<Event>,
    /// How many of each kind there were.
    told: Mutex<BTreeMap<&'static str, u64>>,
    /// Answers to requests that went to no plugin, by the first digit of their status.
    others: [AtomicU64; 5],
    /// Connections that are open.
    connections: AtomicUsize,
    /// The most that were, since it was asked last.
    most_connections: AtomicUsize,
    /// What the bodies of all requests take.
    pub(crate) bodies: Arc<Bodies>,
    /// Calls at once over all plugins.
    pub(crate) permits: Arc<Semaphore>,
    /// The last calls that went wrong.
    pub(crate) faults: Faults,
    reaper: Sender<Remains>,
    /// Instances that are told that they end.
    stopping: watch::Sender<usize>,
    /// Every revision that lives, serving or draining.
    revisions: Mutex<Vec<Weak<Revision>>>,
}

/// How often idle instances and drain deadlines are looked at.
const ROUND: Duration = Duration::from_millis(500);
/// So many instances leave some 4 MiB in the allocator, and connections at least a MiB, which are worth looking for.
const MANY: usize = 100;

/// How many revisions may be freed before it is worth looking for what they left in the allocator.
const BURIED: usize = 16;

/// How many instances and connections there were of late.
#[derive(Default)]
struct Peak {
    most: usize,
    last: usize,
}

/// A connection that is open.
pub(crate) struct Connected(Arc<Commons>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
    }
}

impl Commons {
    pub(crate) fn new(host: Arc<HostConfig>, faults: FaultConfig) -> std::io::Result<Arc<Commons>> {
        let (reaper, remains) = mpsc::channel::<Remains>();
        let commons = Arc::new(Commons {
            events: broadcast::Sender::new(1024),
            told: Mutex::default(),
            others: Default::default(),
            connections: AtomicUsize::default(),
            most_connections: AtomicUsize::default(),
            bodies: Arc::new(Bodies::new(&host)),
            permits: Arc::new(Semaphore::new(host.concurrency)),
            base_path: host.base_path.as_str().into(),
            host,
            faults: Faults::new(faults),
            reaper,
            stopping: watch::Sender::new(0),
            revisions: Mutex::default(),
        });
        let weak = Arc::downgrade(&commons);
        std::thread::Builder::new()
            .name("switchback-reaper".into())
            .spawn(move || {
                let mut peak = Peak::default();
                let mut buried = 0;
                loop {
                    match remains.recv_timeout(ROUND) {
                        Ok(remains) => {
                            drop(remains);
                            buried += 1;
                        }
                        Err(RecvTimeoutError::Timeout) if buried >= BURIED => {
                            buried = 0;
                            give_back();
                        }
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                    let Some(commons) = weak.upgrade() else {
                        return;
                    };
                    commons.clean(Instant::now());
                    // Those that came and went between two rounds, too.
                    peak.most = peak.most.max(commons.most_connections.swap(0, Relaxed));
                    if peak.is_over(commons.instances() + commons.connections()) {
                        give_back();
                    }
                }
            })?;
        Ok(commons)
    }

    /// Counts a connection for as long as the guard is there.
    pub(crate) fn connected(self: &Arc<Commons>) -> Connected {
        let open = self.connections.fetch_add(1, Relaxed) + 1;
        self.most_connections.fetch_max(open, Relaxed);
        Connected(self.clone())
    }

    /// How many are open.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }

    pub(crate) fn tell(&self, event: Event) {
        let mut told = self.told.lock().expect("nothing panics with this lock");
        *told.entry(event.kind()).or_default() += 1;
        drop(told);
        // Nobody listening is no error.
        let _ = self.events.send(event);
    }

    /// The events of each kind so far.
    pub(crate) fn told(&self) -> BTreeMap<&'static str, u64> {
        let told = self.told.lock().expect("nothing panics with this lock");
        told.clone()
    }

    /// A request that went to no plugin was answered.
    pub(crate) fn answered_other(&self, status: StatusCode) {
        self.others[status_class(status)].fetch_add(1, Relaxed);
    }

    pub(crate) fn others(&self) -> [u64; 5] {
        std::array::from_fn(|class| self.others[class].load(Relaxed))
    }

    /// Keeps a fault, and tells of it.
    pub(crate) fn keep(&self, fault: Box<Fault>) {
        let fault = self.faults.keep(fault);
        self.tell(Event::FaultKept {
            plugin: fault.plugin.as_str().into(),
            revision: fault.revision,
            operation: fault.operation.clone(),
            fault: fault.id,
            cause: fault.cause.clone(),
        });
    }

    /// What is left of a revision is freed on the reaper's thread: it can take milliseconds, and the last call of a
    /// revision ends on a serving thread.
    pub(crate) fn bury(&self, remains: Remains) {
        // The thread has ended only when the host has: then it is freed here.
        let _ = self.reaper.send(remains);
    }

    /// An instance is told that it ends, for as long as what comes back is held.
    pub(crate) fn stopping(&self) -> Stopping {
        self.stopping.send_modify(|stopping| *stopping += 1);
        Stopping(self.stopping.clone())
    }

    /// Done when no instance is being told that it ends.
    pub(crate) async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // It fails only if the sender is gone, which is here.
        let _ = stopping.wait_for(|stopping| *stopping == 0).await;
    }

    pub(crate) fn register(&self, revision: &Arc<Revision>) {
        self.lock().push(Arc::downgrade(revision));
    }

    /// Drops every idle instance of every plugin: a last resort when no new one can be made.
    pub(crate) fn make_room(&self) {
        let now = Instant::now();
        for revision in self.living() {
            revision.let_go(revision.pool.retire(now, Duration::ZERO), None);
        }
    }

    fn clean(&self, now: Instant) {
        for revision in self.living() {
            let idle = Duration::from_millis(revision.limits.instance_idle_ms);
            revision.let_go(revision.pool.retire(now, idle), None);
            revision.cut_if_late(now);
        }
    }

    fn instances(&self) -> usize {
        let revisions = self.living();
        revisions.iter().map(|one| one.pool.instances()).sum()
    }

    /// Every revision that lives, serving or draining.
    pub(crate) fn living(&self) -> Vec<Arc<Revision>> {
        let mut revisions = self.lock();
        revisions.retain(|revision| revision.strong_count() > 0);
        revisions.iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Revision>>> {
        self.revisions
            .lock()
            .expect("nothing panics with this lock")
    }
}

/// One instance that is told that it ends.
pub(crate) struct Stopping(watch::Sender<usize>);

impl Drop for Stopping {
    fn drop(&mut self) {
        self.0.send_modify(|stopping| *stopping -= 1);
    }
}

impl Peak {
    /// Whether there are many fewer now, and as many as a moment ago; told once.
    fn is_over(&mut self, many: usize) -> bool {
        let at_rest = self.last == many;
        self.last = many;
        self.most = self.most.max(many);
        let over = at_rest && self.most >= many + MANY;
        if over {
            self.most = many;
        }
        over
    }
}

/// Gives memory that was freed back to the system: after a peak it lies scattered between what is still in use, and the
/// allocator would keep it.
fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code)]
    // SAFETY: it takes no pointers, and may be called by any thread at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_over_once_when_many_instances_are_gone_and_no_more_go() {
        let mut peak = Peak::default();
        let mut over = |instances: &[usize]| {
            let told = instances.iter().filter(|now| peak.is_over(**now));
            told.count()
        };
        assert_eq!(over(&[10, 300, 200]), 0);
        assert_eq!(over(&[50, 50, 50, 50]), 1);
        assert_eq!(over(&[149, 60, 60]), 0);
    }
}
