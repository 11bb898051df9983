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

pub use config::{Config, ConfigError, HostConfig, Isolation, Limits, PluginConfig};
pub use problem::{Loc, Problem, ProblemShape, Violation};
