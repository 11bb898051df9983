//! Switchback routes HTTP requests to handlers compiled as WebAssembly components.

mod admit;
mod body;
mod config;
mod contract;
#[cfg(test)]
mod golden;
mod json;
mod number;
mod params;
mod path;
mod problem;
mod router;
mod schema;
mod violations;

#[cfg(feature = "runtime")]
mod answer;
#[cfg(feature = "runtime")]
mod api;
#[cfg(feature = "runtime")]
mod arrival;
#[cfg(feature = "runtime")]
mod commons;
#[cfg(feature = "runtime")]
mod dispatch;
#[cfg(feature = "docs")]
mod docs;
#[cfg(feature = "runtime")]
mod error;
#[cfg(feature = "runtime")]
mod etag;
#[cfg(feature = "runtime")]
mod event;
#[cfg(feature = "runtime")]
mod host;
#[cfg(feature = "runtime")]
mod identity;
#[cfg(feature = "runtime")]
mod record;
#[cfg(feature = "runtime")]
mod revision;
#[cfg(feature = "runtime")]
mod runtime;
#[cfg(feature = "runtime")]
mod serve;
#[cfg(feature = "runtime")]
mod serve_error;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "runtime")]
mod swap;
#[cfg(feature = "watch")]
mod watch;

pub use config::{Config, ConfigError, HostConfig, Isolation, Limits, PluginConfig};
pub use problem::{Loc, Problem, ProblemShape, Violation};

#[cfg(feature = "runtime")]
pub use {
    answer::Body,
    error::{Error, ErrorKind},
    event::{Event, Events, Limit},
    host::{Applied, Change, Deployed, Host, HostBuilder, PluginStatus},
    identity::{Identity, Peer},
    runtime::{GuestState, Imports},
    wasmtime,
};

#[cfg(feature = "server")]
pub use server::Server;
#[cfg(feature = "watch")]
pub use watch::{Folder, Scan};
