//! Who takes the serving threads from whom. A plugin that is flooded with calls of a millisecond each never computes
//! for a tick, and yet whoever comes after waits for them all. So what calls compute on the serving threads is added
//! up; once that is most of what the threads have, and more than one plugin is called, those with the largest parts
//! start their calls in the slow lane, and the threads are there for the others.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

/// What all plugins take of the serving threads.
pub(super) struct Load {
    /// Nanoseconds computed since `Window::began`.
    taken: AtomicU64,
    /// How much of that in a window is too much.
    most: u64,
    window: Mutex<Window>,
}

struct Window {
    began: Instant,
    parts: Vec<Weak<Part>>,
}

/// What one plugin takes of them.
#[derive(Default)]
pub(super) struct Part {
    /// It was called since the window began.
    called: AtomicBool,
    taken: AtomicU64,
    /// Said once: more than its share.
    too_much: AtomicBool,
}

/// How far back the load is looked at: so long may a flood delay the others before it is noticed.
const WINDOW: Duration = Duration::from_millis(50);
/// A shorter call costs the others less than it would cost to move it.
const SHORT: Duration = Duration::from_micros(250);

impl Load {
    pub(super) fn new(cores: usize) -> Load {
        Load {
            taken: AtomicU64::new(0),
            // Three quarters: below, whoever comes finds a thread soon.
            most: (WINDOW * cores as u32 * 3 / 4).as_nanos() as u64,
            window: Mutex::new(Window {
                began: Instant::now(),
                parts: Vec::new(),
            }),
        }
    }

    pub(super) fn join(&self) -> Arc<Part> {
        let part = Arc::new(Part::default());
        let mut window = self.window();
        window.parts.retain(|part| part.strong_count() > 0);
        window.parts.push(Arc::downgrade(&part));
        part
    }

    /// A call has computed for so long on a serving thread.
    pub(super) fn add(&self, part: &Part, spent: Duration) {
        if spent >= SHORT {
            self.add_long(part, spent, Instant::now());
        }
    }

    fn add_long(&self, part: &Part, spent: Duration, now: Instant) {
        let spent = spent.as_nanos() as u64;
        part.taken.fetch_add(spent, Relaxed);
        let before = self.taken.fetch_add(spent, Relaxed);
        // Of those that see it full, the first looks who filled it.
        if before < self.most && before + spent >= self.most {
            self.look(now);
        }
    }

    fn look(&self, now: Instant) {
        let mut window = self.window();
        let in_time = now.saturating_duration_since(window.began) <= WINDOW;
        let parts: Vec<_> = window.parts.iter().filter_map(Weak::upgrade).collect();
        let called = parts.iter().filter(|part| part.called.swap(false, Relaxed));
        let others = called.count() > 1;
        let taken: Vec<_> = parts
            .iter()
            .map(|part| part.taken.swap(0, Relaxed))
            .collect();
        let takers = taken.iter().filter(|taken| **taken > 0).count() as u64;
        for (part, taken) in parts.iter().zip(taken) {
            if in_time && others && taken * takers >= self.most {
                part.too_much.store(true, Relaxed);
            }
        }
        window.began = now;
        self.taken.store(0, Relaxed);
    }

    /// Whether another plugin was called since it was last looked.
    pub(super) fn has_others(&self, but: &Part) -> bool {
        let parts: Vec<_> = self
            .window()
            .parts
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        let others = parts.iter().filter(|part| !std::ptr::eq(&***part, but));
        // All of them are asked, so that each has to be called anew.
        others
            .filter(|part| part.called.swap(false, Relaxed))
            .count()
            > 0
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().expect("nothing panics with this lock")
    }
}

impl Part {
    /// Its plugin is called.
    pub(super) fn called(&self) {
        // Read first: what is only read does not travel between cores.
        if !self.called.load(Relaxed) {
            self.called.store(true, Relaxed);
        }
    }

    /// Whether it took more than its share; told once.
    pub(super) fn takes_too_much(&self) -> bool {
        self.too_much.load(Relaxed) && self.too_much.swap(false, Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Duration = Duration::from_millis(1);

    fn flood(load: &Load, part: &Part, began: Instant, every: Duration) {
        for nth in 0..100 {
            part.called();
            load.add_long(part, CALL, began + every * nth);
        }
    }

    #[test]
    fn a_plugin_that_takes_the_threads_from_another_has_to_go() {
        let load = Load::new(2);
        let (flooded, neighbour) = (load.join(), load.join());
        neighbour.called();
        flood(&load, &flooded, Instant::now(), CALL / 2);
        assert!(flooded.takes_too_much());
        assert!(!flooded.takes_too_much());
        assert!(!neighbour.takes_too_much());
    }

    #[test]
    fn a_plugin_that_is_alone_may_have_all_threads() {
        let load = Load::new(2);
        let (flooded, _neighbour) = (load.join(), load.join());
        flood(&load, &flooded, Instant::now(), CALL / 2);
        assert!(!flooded.takes_too_much());
    }

    #[test]
    fn a_plugin_that_leaves_the_threads_time_may_stay() {
        let load = Load::new(2);
        let (busy, neighbour) = (load.join(), load.join());
        neighbour.called();
        flood(&load, &busy, Instant::now(), CALL);
        assert!(!busy.takes_too_much());
    }

    #[test]
    fn who_takes_less_than_its_share_of_a_full_load_may_stay() {
        let load = Load::new(2);
        let (flooded, modest) = (load.join(), load.join());
        let began = Instant::now();
        for nth in 0..100 {
            flooded.called();
            modest.called();
            let part = if nth % 5 == 0 { &modest } else { &flooded };
            load.add_long(part, CALL, began + CALL * nth / 2);
        }
        assert!(flooded.takes_too_much());
        assert!(!modest.takes_too_much());
    }

    #[test]
    fn others_are_there_only_while_they_are_called() {
        let load = Load::new(2);
        let (one, other) = (load.join(), load.join());
        one.called();
        assert!(!load.has_others(&one));
        other.called();
        assert!(load.has_others(&one));
        assert!(!load.has_others(&one));
    }
}
