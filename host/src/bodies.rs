//! What the bodies of all requests take at the same time: in memory, and of forms on disk. It is counted as it comes,
//! since what a client says beforehand takes nothing yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::config::HostConfig;
use crate::limit::Limit;
use crate::serve_error::ServeError;

/// The last quarter is for bodies up to this size: a few large ones, or many that come slowly, keep no usual call out.
const SMALL: u64 = 64 << 10;
/// When to ask again, in seconds: most bodies are gone by then.
const RETRY_AFTER: u64 = 1;

/// All of a host's.
#[derive(Debug)]
pub(crate) struct Bodies {
    memory: Store,
    disk: Store,
}

#[derive(Debug)]
struct Store {
    taken: AtomicU64,
    most: u64,
    limit: Limit,
}

/// What one request has of them, given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// None: nobody counts.
    bodies: Option<Arc<Bodies>>,
    memory: AtomicU64,
    disk: AtomicU64,
}

impl Bodies {
    pub(crate) fn new(host: &HostConfig) -> Bodies {
        let store = |most, limit| Store {
            taken: AtomicU64::new(0),
            most,
            limit,
        };
        Bodies {
            memory: store(host.bodies_bytes, Limit::Bodies),
            disk: store(host.spool_bytes, Limit::Spool),
        }
    }

    /// What is taken, in memory and on disk, in bytes.
    pub(crate) fn taken(&self) -> (u64, u64) {
        (
            self.memory.taken.load(Relaxed),
            self.disk.taken.load(Relaxed),
        )
    }
}

impl Store {
    /// For something of which so much is there already, so much more.
    fn take(&self, there: u64, more: u64) -> Result<(), ServeError> {
        let all = there.saturating_add(more);
        let most = self.most_for(all)?;
        let before = self.taken.fetch_add(more, Relaxed);
        if before.saturating_add(more) > most {
            self.taken.fetch_sub(more, Relaxed);
            return Err(self.full());
        }
        Ok(())
    }

    /// How much may be taken for one of this size to be there.
    fn most_for(&self, size: u64) -> Result<u64, ServeError> {
        match size {
            ..=SMALL => Ok(self.most),
            _ if size > self.most - self.most / 4 => Err(ServeError::Limit(self.limit)),
            _ => Ok(self.most - self.most / 4),
        }
    }

    fn full(&self) -> ServeError {
        ServeError::Busy {
            limit: self.limit,
            retry_after: RETRY_AFTER,
        }
    }
}

impl Held {
    pub(crate) fn of(bodies: &Arc<Bodies>) -> Held {
        Held {
            bodies: Some(bodies.clone()),
            memory: AtomicU64::new(0),
            disk: AtomicU64::new(0),
        }
    }

    /// Whether one that is said to be of this size would find room now; it takes none.
    pub(crate) fn has_room(&self, said: u64) -> Result<(), ServeError> {
        let Some(Bodies { memory, .. }) = self.bodies.as_deref() else {
            return Ok(());
        };
        let most = memory.most_for(said)?;
        match memory.taken.load(Relaxed).saturating_add(said) > most {
            true => Err(memory.full()),
            false => Ok(()),
        }
    }

    /// So many bytes came.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), ServeError> {
        if let Some(bodies) = &self.bodies {
            bodies
                .memory
                .take(self.memory.load(Relaxed), bytes as u64)?;
            self.memory.fetch_add(bytes as u64, Relaxed);
        }
        Ok(())
    }

    /// So many of them go to disk.
    pub(crate) fn spill(&self, bytes: usize) -> Result<(), ServeError> {
        let bytes = bytes as u64;
        if let Some(bodies) = &self.bodies {
            bodies.disk.take(self.disk.load(Relaxed), bytes)?;
            self.disk.fetch_add(bytes, Relaxed);
            bodies.memory.taken.fetch_sub(bytes, Relaxed);
            self.memory.fetch_sub(bytes, Relaxed);
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(bodies) = &self.bodies {
            for (store, held) in [
                (&bodies.memory, self.memory.get_mut()),
                (&bodies.disk, self.disk.get_mut()),
            ] {
                if *held > 0 {
                    store.taken.fetch_sub(*held, Relaxed);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bodies_bytes: u64) -> Arc<Bodies> {
        Arc::new(Bodies::new(&HostConfig {
            bodies_bytes,
            spool_bytes: 1 << 20,
            ..HostConfig::default()
        }))
    }

    fn is_full(taken: &Result<(), ServeError>) -> bool {
        matches!(
            taken,
            Err(ServeError::Busy {
                limit: Limit::Bodies,
                ..
            })
        )
    }

    #[test]
    fn large_bodies_leave_a_quarter_to_small_ones() {
        let bodies = of(400 << 10);
        let (large, other, small) = (Held::of(&bodies), Held::of(&bodies), Held::of(&bodies));
        large.take(250 << 10).unwrap();
        assert!(is_full(&other.take(65 << 10)) && is_full(&other.has_room(65 << 10)));
        other.take(40 << 10).unwrap();
        assert!(is_full(&other.take(30 << 10)), "by now it is large as well");
        small.take(60 << 10).unwrap();
        assert!(is_full(&small.take(60 << 10)));
        assert_eq!(bodies.taken(), (350 << 10, 0));
        drop((large, other, small));
        assert_eq!(bodies.taken(), (0, 0));
    }

    #[test]
    fn what_goes_to_disk_is_counted_there() {
        let bodies = of(400 << 10);
        let form = Held::of(&bodies);
        for _ in 0..7 {
            form.take(100 << 10).unwrap();
            form.spill(100 << 10).unwrap();
        }
        assert_eq!(bodies.taken(), (0, 700 << 10));
        form.take(100 << 10).unwrap();
        assert!(matches!(
            form.spill(100 << 10),
            Err(ServeError::Limit(Limit::Spool))
        ));
        drop(form);
        assert_eq!(bodies.taken(), (0, 0));
    }

    #[test]
    fn one_that_never_fits_is_told_so() {
        let too_large = Held::of(&of(400 << 10)).has_room(301 << 10);
        assert!(matches!(too_large, Err(ServeError::Limit(Limit::Bodies))));
    }
}
