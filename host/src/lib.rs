//! Switchback routes HTTP requests to handlers compiled as WebAssembly components, checks each request against the
//! component's own OpenAPI document before any of its code runs, publishes one document for all of them, and swaps
//! components while requests are in flight.
//!
//! [`Host`] is the whole of it: build one from a [`Config`], [`deploy`](Host::deploy) components under names, hand it
//! requests by [`dispatch`](Host::dispatch) or as a `tower::Service`.
//!
//! ```no_run
//! # #[cfg(feature = "server")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use switchback::{Config, Host, Limits, Server};
//!
//! let limits = Limits { cpu_ms: 200, ..Limits::default() };
//! let host = Host::new(Config { limits, ..Config::default() })?;
//! host.deploy("shop", std::fs::read("shop.wasm")?).await?;
//!
//! let server = Server::bind("127.0.0.1:8000").await?;
//! server.run(host, std::future::pending()).await;
//! # Ok(()) }
//! ```
//!
//! Without the feature `runtime` only what needs no WebAssembly is left: [`Checks`], a contract with all that is checked
//! around a call.

#![cfg_attr(
    not(feature = "runtime"),
    expect(
        dead_code,
        reason = "one plugin's checks merge no documents and meet no trap"
    )
)]

mod admit;
mod answer;
mod body;
mod checks;
mod config;
mod contract;
mod cookie;
mod error;
mod field;
mod form;
#[cfg(test)]
mod golden;
mod json;
mod large;
mod limit;
mod members;
mod number;
mod pairs;
mod params;
mod path;
mod problem;
mod request_id;
mod router;
mod schema;
mod serve_error;
mod spool;
mod steps;
mod style;
mod upload;
mod violations;

#[cfg(feature = "runtime")]
mod admin;
#[cfg(feature = "runtime")]
mod apart;
#[cfg(feature = "runtime")]
mod api;
#[cfg(feature = "runtime")]
mod arrival;
#[cfg(feature = "runtime")]
mod bodies;
#[cfg(feature = "runtime")]
mod book;
#[cfg(feature = "runtime")]
mod change;
#[cfg(feature = "runtime")]
mod commons;
#[cfg(feature = "runtime")]
mod component;
#[cfg(feature = "runtime")]
mod cost;
#[cfg(feature = "runtime")]
mod counts;
#[cfg(feature = "runtime")]
mod dispatch;
#[cfg(feature = "docs")]
mod docs;
#[cfg(feature = "runtime")]
mod edge;
#[cfg(feature = "runtime")]
mod etag;
#[cfg(feature = "runtime")]
mod event;
#[cfg(feature = "runtime")]
mod examples;
#[cfg(feature = "runtime")]
mod fault;
#[cfg(feature = "runtime")]
mod files;
#[cfg(feature = "runtime")]
mod forwarded;
#[cfg(feature = "runtime")]
mod gate;
#[cfg(feature = "runtime")]
mod health;
#[cfg(feature = "runtime")]
mod held;
#[cfg(feature = "runtime")]
mod history;
#[cfg(feature = "runtime")]
mod hits;
#[cfg(feature = "runtime")]
mod host;
#[cfg(feature = "runtime")]
mod identity;
#[cfg(feature = "runtime")]
mod lasting;
#[cfg(feature = "runtime")]
mod load;
#[cfg(feature = "runtime")]
mod metrics;
#[cfg(feature = "runtime")]
mod notice;
#[cfg(feature = "runtime")]
mod own;
#[cfg(feature = "runtime")]
mod page;
#[cfg(feature = "runtime")]
mod pipe;
#[cfg(feature = "runtime")]
mod places;
#[cfg(feature = "runtime")]
mod prepare;
#[cfg(feature = "runtime")]
mod probation;
#[cfg(feature = "runtime")]
mod reconfigure;
#[cfg(feature = "runtime")]
mod record;
#[cfg(feature = "runtime")]
mod redact;
#[cfg(feature = "runtime")]
mod rehearsal;
#[cfg(feature = "runtime")]
mod replay;
#[cfg(feature = "runtime")]
mod revision;
#[cfg(feature = "runtime")]
mod rollout;
#[cfg(feature = "runtime")]
mod runtime;
#[cfg(feature = "runtime")]
mod serve;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "runtime")]
mod setup;
#[cfg(feature = "runtime")]
mod shadow;
#[cfg(feature = "runtime")]
mod smoke;
#[cfg(feature = "runtime")]
mod stage;
#[cfg(feature = "runtime")]
mod standard;
#[cfg(feature = "runtime")]
mod state;
#[cfg(feature = "runtime")]
mod stop;
#[cfg(feature = "runtime")]
mod stream;
#[cfg(feature = "runtime")]
mod swap;
#[cfg(feature = "runtime")]
mod trust;
#[cfg(feature = "runtime")]
mod warm;
#[cfg(feature = "watch")]
mod watch;

pub use admit::{Admitted, AdmittedBody};
pub use answer::{Body, BodyError, GuestAnswer};
pub use checks::{CheckedCall, Checks};
pub use config::{
    AnswerChecks, ChangePolicy, Coding, Compression, Config, ConfigError, ConnectionLimits, Cors,
    FaultConfig, FilesConfig, FolderConfig, HostConfig, Isolation, JsonTypes, Limits, PluginConfig,
    Probation, SmokeTest, TrustConfig,
};
pub use error::{Error, ErrorKind};
pub use limit::Limit;
pub use problem::{Loc, Problem, ProblemShape, Violation};
pub use spool::FileContent;
pub use upload::FormFile;

#[cfg(feature = "runtime")]
pub use {
    admin::Admin,
    change::{Applied, Change, Deployed},
    component::Component,
    contract::{ContractChange, Judgement, Verdict},
    cost::CallCost,
    counts::Tally,
    event::{Event, Events},
    examples::example_requests,
    fault::{Fault, FaultAnswer, FaultBody, FaultKind, FaultRequest},
    history::{HistoryEntry, How},
    host::{Host, HostBuilder, PluginStatus},
    identity::{Identity, Peer},
    replay::{Against, Replay, ReplayVerdict},
    rollout::Rollout,
    runtime::{GuestState, Imports},
    shadow::Difference,
    wasmtime,
};

#[cfg(feature = "server")]
pub use server::{AdminServer, Listener, Server, Tls, TlsFiles};
#[cfg(feature = "watch")]
pub use watch::{Folder, Scan};
