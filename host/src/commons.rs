//! What all revisions of a host share: the events, the permits for all calls, and the thread that cleans up.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, broadcast};

use crate::config::HostConfig;
use crate::event::Event;
use crate::revision::{Remains, Revision};

pub(crate) struct Commons {
    pub(crate) host: Arc<HostConfig>,
    pub(crate) events: broadcast::Sender<Event>,
    /// Calls at once over all plugins.
    pub(crate) permits: Arc<Semaphore>,
    reaper: Sender<Remains>,
    /// Every revision that lives, serving or draining.
    revisions: Mutex<Vec<Weak<Revision>>>,
}

/// How often idle instances and drain deadlines are looked at.
const ROUND: Duration = Duration::from_millis(500);

impl Commons {
    pub(crate) fn new(host: Arc<HostConfig>) -> std::io::Result<Arc<Commons>> {
        let (reaper, remains) = mpsc::channel::<Remains>();
        let commons = Arc::new(Commons {
            events: broadcast::Sender::new(1024),
            permits: Arc::new(Semaphore::new(host.concurrency)),
            host,
            reaper,
            revisions: Mutex::default(),
        });
        let weak = Arc::downgrade(&commons);
        std::thread::Builder::new()
            .name("switchback-reaper".into())
            .spawn(move || {
                loop {
                    match remains.recv_timeout(ROUND) {
                        Ok(remains) => drop(remains),
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                    let Some(commons) = weak.upgrade() else {
                        return;
                    };
                    commons.clean(Instant::now());
                }
            })?;
        Ok(commons)
    }

    pub(crate) fn tell(&self, event: Event) {
        // Nobody listening is no error.
        let _ = self.events.send(event);
    }

    /// What is left of a revision is freed on the reaper's thread: it can take milliseconds, and the last call of a
    /// revision ends on a serving thread.
    pub(crate) fn bury(&self, remains: Remains) {
        // The thread has ended only when the host has: then it is freed here.
        let _ = self.reaper.send(remains);
    }

    pub(crate) fn register(&self, revision: &Arc<Revision>) {
        self.lock().push(Arc::downgrade(revision));
    }

    /// Drops every idle instance of every plugin: a last resort when no new one can be made.
    pub(crate) fn make_room(&self) {
        let end_of_time = Instant::now() + Duration::from_secs(1);
        for revision in self.living() {
            revision.pool.retire(end_of_time);
        }
    }

    fn clean(&self, now: Instant) {
        for revision in self.living() {
            let idle = Duration::from_millis(revision.limits.instance_idle_ms);
            if let Some(then) = now.checked_sub(idle) {
                revision.pool.retire(then);
            }
            revision.cut_if_late(now);
        }
    }

    fn living(&self) -> Vec<Arc<Revision>> {
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
