//! Switchback routes HTTP requests to handlers compiled as WebAssembly components.

mod config;
mod problem;

pub use config::{Config, HostConfig, Isolation, Limits, PluginConfig};
pub use problem::{Loc, Violation};
