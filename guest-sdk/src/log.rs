//! Lines in the host's log, under the plugin's name and the request's id. In a native test they go to stderr.

use crate::bindings::switchback::plugin::log::{self as host, Level};

/// Writes a line for someone following each step.
pub fn trace(message: &str) {
    write(Level::Trace, message);
}

/// Writes a line for someone looking for a mistake.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Writes a line about what is normal.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Writes a line about what may need a look.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Writes a line about what went wrong.
pub fn error(message: &str) {
    write(Level::Error, message);
}

fn write(level: Level, message: &str) {
    if cfg!(target_arch = "wasm32") {
        host::write(level, message, "");
    } else {
        eprintln!("{message}");
    }
}
