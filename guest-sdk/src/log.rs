//! Lines in the host's log, under the plugin's name and the request's id. In a native test they go to stderr, which
//! the test's runner shows where a test fails.
//!
//! [`info!`](crate::info), [`warn!`](crate::warn), [`error!`](crate::error), [`debug!`](crate::debug) and `log::trace!`
//! write one line each, with values beside it if there are any, in the manner of `tracing`:
//!
//! ```
//! use switchback_sdk::prelude::*;
//!
//! let (id, name, price) = (7, "saw", Some(2.5));
//! info!("created {name}");
//! info!(id, price, "created {name}");                   // values of JSON, under their own names
//! info!(user.id = id, kind = %name, raw = ?price, "created"); // `%` as `{}` prints it, `?` as `{:?}` does
//! ```
//!
//! With `serve --log-format json` the values are the line's `fields`. Which lines are kept is the host's to say; what a call
//! may write is limited (`log_bytes`), and what a plugin prints by `println!` gets there too, without level and values.

use std::fmt::{self, Write};

use serde::Serialize;

use crate::bindings::switchback::plugin::log as host;

pub use crate::{__trace as trace, debug, error, info, warn};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For someone following each step.
    Trace,
    /// For someone looking for a mistake.
    Debug,
    /// What is normal.
    Info,
    /// What may need a look.
    Warn,
    /// What went wrong.
    Error,
}

/// Writes a line for someone following each step.
pub fn trace(message: &str) {
    write(Level::Trace, message, "");
}

/// Writes a line for someone looking for a mistake.
pub fn debug(message: &str) {
    write(Level::Debug, message, "");
}

/// Writes a line about what is normal.
pub fn info(message: &str) {
    write(Level::Info, message, "");
}

/// Writes a line about what may need a look.
pub fn warn(message: &str) {
    write(Level::Warn, message, "");
}

/// Writes a line about what went wrong.
pub fn error(message: &str) {
    write(Level::Error, message, "");
}

/// Writes a line; `fields` is a JSON object or empty.
fn write(level: Level, message: &str, fields: &str) {
    if cfg!(target_arch = "wasm32") {
        let level = match level {
            Level::Trace => host::Level::Trace,
            Level::Debug => host::Level::Debug,
            Level::Info => host::Level::Info,
            Level::Warn => host::Level::Warn,
            Level::Error => host::Level::Error,
        };
        host::write(level, message, fields);
    } else {
        let gap = if fields.is_empty() { "" } else { " " };
        eprintln!("{level:?} {message}{gap}{fields}");
    }
}

/// A line being put together by the macros.
#[doc(hidden)]
#[derive(Debug)]
pub struct Line {
    level: Level,
    fields: String,
}

impl Line {
    pub fn new(level: Level) -> Self {
        Line {
            level,
            fields: String::new(),
        }
    }

    /// A value as JSON; one that JSON has no form for is left out.
    pub fn json(mut self, name: &str, value: &impl Serialize) -> Self {
        if let Ok(json) = serde_json::to_string(value) {
            self.add(name, &json);
        }
        self
    }

    /// A value as text.
    pub fn text(self, name: &str, value: fmt::Arguments<'_>) -> Self {
        self.json(name, &value.to_string())
    }

    pub fn write(mut self, message: fmt::Arguments<'_>) {
        if !self.fields.is_empty() {
            self.fields.push('}');
        }
        match message.as_str() {
            Some(message) => write(self.level, message, &self.fields),
            None => write(self.level, &message.to_string(), &self.fields),
        }
    }

    /// Names are Rust's, so they need no escapes.
    fn add(&mut self, name: &str, json: &str) {
        let begin = if self.fields.is_empty() { '{' } else { ',' };
        // Writing into a text cannot fail.
        let _ = write!(self.fields, "{begin}\"{name}\":{json}");
    }
}

/// Takes the values off the front, one by one, until the message is left.
#[doc(hidden)]
#[macro_export]
macro_rules! __log {
    ($line:expr; $format:literal $(, $($args:tt)*)?) => {
        $line.write(::core::format_args!($format $(, $($args)*)?))
    };
    ($line:expr; $($name:ident).+ = % $value:expr, $($rest:tt)+) => {
        $crate::__log!($line.text($crate::__name!($($name).+), ::core::format_args!("{}", $value)); $($rest)+)
    };
    ($line:expr; $($name:ident).+ = ? $value:expr, $($rest:tt)+) => {
        $crate::__log!($line.text($crate::__name!($($name).+), ::core::format_args!("{:?}", $value)); $($rest)+)
    };
    ($line:expr; $($name:ident).+ = $value:expr, $($rest:tt)+) => {
        $crate::__log!($line.json($crate::__name!($($name).+), &$value); $($rest)+)
    };
    ($line:expr; % $name:ident, $($rest:tt)+) => {
        $crate::__log!($line.text(stringify!($name), ::core::format_args!("{}", $name)); $($rest)+)
    };
    ($line:expr; ? $name:ident, $($rest:tt)+) => {
        $crate::__log!($line.text(stringify!($name), ::core::format_args!("{:?}", $name)); $($rest)+)
    };
    ($line:expr; $name:ident, $($rest:tt)+) => {
        $crate::__log!($line.json(stringify!($name), &$name); $($rest)+)
    };
    ($line:expr; $($rest:tt)*) => {
        ::core::compile_error!(
            "a line of the log is values and then a message: `info!(id, user = %name, \"created {id}\")`"
        )
    };
}

/// `user.id` as text, without the spaces that `stringify!` may put between.
#[doc(hidden)]
#[macro_export]
macro_rules! __name {
    ($first:ident $(. $rest:ident)*) => {
        ::core::concat!(stringify!($first) $(, ".", stringify!($rest))*)
    };
}

/// Writes a line for someone following each step into the host's log: values first, then the message as for `format!`. See [`log`](crate::log).
///
/// ```
/// use switchback_sdk::log;
///
/// log::trace!(user = 7, "seen {}", "twice");
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __trace {
    ($($said:tt)*) => {
        $crate::__log!($crate::log::Line::new($crate::log::Level::Trace); $($said)*)
    };
}

/// Writes a line for someone looking for a mistake into the host's log: values first, then the message as for `format!`. See [`log`](crate::log).
///
/// ```
/// switchback_sdk::debug!(user = 7, "seen {}", "twice");
/// ```
#[macro_export]
macro_rules! debug {
    ($($said:tt)*) => {
        $crate::__log!($crate::log::Line::new($crate::log::Level::Debug); $($said)*)
    };
}

/// Writes a line about what is normal into the host's log: values first, then the message as for `format!`. See [`log`](crate::log).
///
/// ```
/// switchback_sdk::info!(user = 7, "seen {}", "twice");
/// ```
#[macro_export]
macro_rules! info {
    ($($said:tt)*) => {
        $crate::__log!($crate::log::Line::new($crate::log::Level::Info); $($said)*)
    };
}

/// Writes a line about what may need a look into the host's log: values first, then the message as for `format!`. See [`log`](crate::log).
///
/// ```
/// switchback_sdk::warn!(user = 7, "seen {}", "twice");
/// ```
#[macro_export]
macro_rules! warn {
    ($($said:tt)*) => {
        $crate::__log!($crate::log::Line::new($crate::log::Level::Warn); $($said)*)
    };
}

/// Writes a line about what went wrong into the host's log: values first, then the message as for `format!`. See [`log`](crate::log).
///
/// ```
/// switchback_sdk::error!(user = 7, "seen {}", "twice");
/// ```
#[macro_export]
macro_rules! error {
    ($($said:tt)*) => {
        $crate::__log!($crate::log::Line::new($crate::log::Level::Error); $($said)*)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_one_json_object() {
        let line = Line::new(Level::Info)
            .json("id", &7)
            .json("tags", &["a\"b"])
            .text("name", format_args!("{:?}", "x"));
        assert_eq!(line.fields, r#"{"id":7,"tags":["a\"b"],"name":"\"x\"""#);
    }

    #[test]
    fn every_form_of_a_line_compiles() {
        let (id, name) = (7, "saw");
        super::trace!("plain");
        crate::debug!("created {name} {}", id);
        crate::info!(id, "created");
        crate::warn!(%name, ?id, user.id = id + 1, kind = %name, raw = ?Some(id), "created {}", 1);
        crate::error!(list = [1, 2], "created",);
    }
}
