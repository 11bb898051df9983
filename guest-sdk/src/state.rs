//! What an instance remembers from one call to the next.

use std::any::Any;
use std::cell::{Cell, Ref, RefCell, RefMut};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A value made once per instance, when it is first asked for, and kept between calls.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// static VISITS: State<u64> = State::new(|| 0);
///
/// /// Count a visit
/// #[post("/visits")]
/// fn visit() -> u64 {
///     let mut visits = VISITS.borrow_mut();
///     *visits += 1;
///     *visits
/// }
///
/// assert_eq!((visit(), visit()), (1, 2));
/// ```
///
/// **Each instance has its own.** The host keeps as many instances of a plugin as it has calls at once, and takes any
/// that is free. So state is right for what can be made again (a parsed table, a cache), and for data only where the
/// plugin has one instance: `instances: 1` in [`plugin!`](crate::plugin), calls then wait for each other.
///
/// **It is lost** when the plugin is swapped, when the host stops, and when a call traps or runs out of a limit: that
/// instance is never used again.
///
/// An instance has one thread and one call at a time, so nothing here can block. Natively each thread has its own
/// state, and each `TestClient` (feature `test`) too: tests do not see each other's.
pub struct State<T: 'static> {
    make: fn() -> T,
    /// Its place in the instance's list, and 0 until there is one. Also what makes a `const State` an error.
    place: AtomicUsize,
}

/// The states of one instance. What is in it lives as long as the instance: in a component, until it is gone whole.
pub(crate) type Instance = Vec<Option<&'static dyn Any>>;

thread_local! {
    static INSTANCE: Cell<Instance> = const { Cell::new(Vec::new()) };
}

/// How many states have a place.
static PLACES: AtomicUsize = AtomicUsize::new(0);

impl<T> State<T> {
    /// A state that `make` makes. It belongs into a `static`.
    pub const fn new(make: fn() -> T) -> Self {
        State {
            make,
            place: AtomicUsize::new(0),
        }
    }

    /// To look at. Any number of these may be there at once.
    ///
    /// # Panics
    /// If this call has it borrowed by [`borrow_mut`](State::borrow_mut): let go of that first.
    #[track_caller]
    pub fn borrow(&'static self) -> Ref<'static, T> {
        match self.cell().try_borrow() {
            Ok(borrowed) => borrowed,
            Err(_) => panic!("this state is borrowed to be changed: let go of that first"),
        }
    }

    /// To change.
    ///
    /// # Panics
    /// If this call has it borrowed already: let go of that first.
    #[track_caller]
    pub fn borrow_mut(&'static self) -> RefMut<'static, T> {
        match self.cell().try_borrow_mut() {
            Ok(borrowed) => borrowed,
            Err(_) => panic!("this state is borrowed already: let go of that first"),
        }
    }

    fn cell(&'static self) -> &'static RefCell<T> {
        let place = self.place();
        let found = with_instance(|instance| instance.get(place).copied().flatten());
        let found = found.unwrap_or_else(|| {
            // Outside of the list, since making it may ask for another state.
            let made: &'static dyn Any = Box::leak(Box::new(RefCell::new((self.make)())));
            with_instance(|instance| {
                if instance.len() <= place {
                    instance.resize(place + 1, None);
                }
                *instance[place].get_or_insert(made)
            })
        });
        found
            .downcast_ref()
            .expect("a place belongs to one state, which put its own type there")
    }

    fn place(&self) -> usize {
        match self.place.load(Relaxed) {
            0 => {
                let next = PLACES.fetch_add(1, Relaxed) + 1;
                // Another thread may have been first: then its place holds.
                match self.place.compare_exchange(0, next, Relaxed, Relaxed) {
                    Ok(_) => next,
                    Err(first) => first,
                }
            }
            place => place,
        }
    }
}

impl<T> std::fmt::Debug for State<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

fn with_instance<R>(look: impl FnOnce(&mut Instance) -> R) -> R {
    INSTANCE.with(|cell| {
        let mut instance = cell.take();
        let found = look(&mut instance);
        cell.set(instance);
        found
    })
}

/// Does something as this instance: what its states are is put into it.
#[cfg(all(feature = "test", not(target_arch = "wasm32")))]
pub(crate) fn during<R>(instance: &mut Instance, run: impl FnOnce() -> R) -> R {
    /// Also a handler that panics leaves the thread its own states.
    struct Exchanged<'a>(&'a mut Instance);
    impl Drop for Exchanged<'_> {
        fn drop(&mut self) {
            with_instance(|current| std::mem::swap(current, self.0));
        }
    }
    with_instance(|current| std::mem::swap(current, instance));
    let _exchanged = Exchanged(instance);
    run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_kept() {
        static LIST: State<Vec<u8>> = State::new(|| vec![1]);
        LIST.borrow_mut().push(2);
        assert_eq!(*LIST.borrow(), [1, 2]);
    }

    #[test]
    fn making_one_may_ask_for_another() {
        static ONE: State<u8> = State::new(|| 1);
        static TWO: State<u8> = State::new(|| *ONE.borrow() + 1);
        assert_eq!(*TWO.borrow(), 2);
    }

    #[test]
    fn each_thread_has_its_own() {
        static COUNT: State<u8> = State::new(|| 0);
        *COUNT.borrow_mut() = 7;
        let other = std::thread::spawn(|| *COUNT.borrow()).join().unwrap();
        assert_eq!((other, *COUNT.borrow()), (0, 7));
    }

    #[test]
    #[should_panic(expected = "this state is borrowed already")]
    fn to_change_it_twice_at_once_is_told_and_does_not_hang() {
        static COUNT: State<u8> = State::new(|| 0);
        let _first = COUNT.borrow_mut();
        let _second = COUNT.borrow_mut();
    }

    #[test]
    fn a_panic_while_it_is_borrowed_spoils_nothing() {
        static COUNT: State<u8> = State::new(|| 0);
        let broken = std::panic::catch_unwind(|| {
            let mut count = COUNT.borrow_mut();
            *count = 1;
            panic!("on purpose");
        });
        assert!(broken.is_err());
        assert_eq!(*COUNT.borrow(), 1);
    }
}
