//! What a plugin does when an instance of it begins and ends.

use std::fmt::Display;

/// What `on_start` of [`plugin!`](crate::plugin) returns: nothing, or whether it worked. What it fails with is for the
/// operator.
pub trait OnStart {
    /// What the host is told.
    ///
    /// # Errors
    /// It failed; in words.
    fn outcome(self) -> Result<(), String>;
}

impl OnStart for () {
    fn outcome(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Display> OnStart for Result<(), E> {
    fn outcome(self) -> Result<(), String> {
        self.map_err(|why| why.to_string())
    }
}

/// Both, as a plugin has them.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Lifecycle {
    pub start: fn() -> Result<(), String>,
    pub stop: fn(),
}

/// Exports them.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_lifecycle {
    ($plugin:ident) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exports;

            impl $crate::bindings::lifecycle::exports::switchback::plugin::lifecycle::Guest
                for Exports
            {
                fn on_start() -> ::core::result::Result<(), ::std::string::String> {
                    $plugin().start()
                }

                fn on_stop() {
                    $plugin().stop()
                }
            }

    $crate::bindings::lifecycle::export!(Exports with_types_in $crate::bindings::lifecycle);
        };
    };
}
