//! Every setting as a plain value, with its default and the reason for it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// How a host is set up. `Config::default()` is safe; every field may be changed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What holds for the host as a whole.
    pub host: HostConfig,
    /// What every plugin may spend unless its own section says otherwise.
    pub limits: Limits,
    /// By plugin name: what differs from the rest.
    pub plugins: BTreeMap<String, PluginConfig>,
}

/// What holds for the host as a whole.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostConfig {
    /// The path under which the program around nests the host (`/api`); empty at the root. The documents' `servers`
    /// and redirects carry it.
    pub base_path: String,
    /// `info.title` of the merged document.
    pub title: String,
    /// `info.version` of the merged document.
    pub version: String,
    /// Whether `/docs` and `/redoc` are served. The documents themselves always are.
    pub pages: bool,
    /// Whether answers carry `x-switchback-revision: NAME@N`.
    pub revision_header: bool,
    /// Calls at once over all plugins. 1,024: each holds an instance and a body.
    pub concurrency: usize,
    /// Where compiled code and contracts are kept between starts; none: compiled anew each time. The folder is made
    /// with mode 0700 and refused if others may write there, because what is in it is executed.
    pub cache_dir: Option<PathBuf>,
    /// The most that the cache keeps, in bytes, the longest unused going first. 1 GiB: about 15 Python or 2,000 Rust plugins.
    pub cache_bytes: u64,
}

impl Default for HostConfig {
    fn default() -> Self {
        HostConfig {
            base_path: String::new(),
            title: "Switchback".into(),
            version: "0.1.0".into(),
            pages: true,
            revision_header: false,
            concurrency: 1024,
            cache_dir: None,
            cache_bytes: 1 << 30,
        }
    }
}

/// What a plugin may spend. Each is enforced, answers with its own status, and is told as an event.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// CPU time of one call, in milliseconds; then 504.
    pub cpu_ms: u64,
    /// Wall time of one call until its answer's head, in milliseconds; then 504.
    pub time_ms: u64,
    /// Memory of one instance, its memories and tables summed, in bytes; then 500.
    pub memory_bytes: u64,
    /// A request's body, in bytes; then 413.
    pub body_bytes: u64,
    /// Wall time for a request's body to arrive, in milliseconds; then 408.
    pub body_time_ms: u64,
    /// An answer, body and headers, in bytes; then 500.
    pub answer_bytes: u64,
    /// Nesting of a JSON body; then 400. Deeper is an attack, and serde_json refuses more than 128 by itself.
    pub json_depth: usize,
    /// Violations told in one answer.
    pub violations: usize,
    /// Bytes of JSON that a violation's `input` may take; a larger value is replaced by a shortened text.
    pub input_bytes: usize,
    /// What one call may write to the log, in bytes; the rest is dropped and counted.
    pub log_bytes: usize,
    /// Calls of one plugin at once.
    pub concurrency: usize,
    /// How long a call waits for its turn, in milliseconds; then 503 with `Retry-After: 1`.
    pub queue_ms: u64,
    /// How long an old revision may finish its calls after a swap, in milliseconds; then they are cut.
    pub drain_ms: u64,
    /// A component file, in bytes.
    pub component_bytes: u64,
    /// A contract, in bytes of JSON.
    pub contract_bytes: u64,
    /// Operations in a contract.
    pub operations: usize,
    /// CPU time of `openapi()`, in milliseconds.
    pub describe_cpu_ms: u64,
    /// Whether an instance serves many calls or one.
    pub isolation: Isolation,
    /// Calls after which a reused instance is retired.
    pub instance_calls: u64,
    /// Milliseconds of rest after which an instance is retired.
    pub instance_idle_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            cpu_ms: 1_000,
            time_ms: 10_000,
            memory_bytes: 128 << 20,
            body_bytes: 2 << 20,
            body_time_ms: 30_000,
            answer_bytes: 16 << 20,
            json_depth: 128,
            violations: 100,
            input_bytes: 1 << 10,
            log_bytes: 64 << 10,
            concurrency: 64,
            queue_ms: 1_000,
            drain_ms: 30_000,
            component_bytes: 64 << 20,
            contract_bytes: 4 << 20,
            operations: 2_000,
            describe_cpu_ms: 10_000,
            isolation: Isolation::Reuse,
            instance_calls: 10_000,
            instance_idle_ms: 60_000,
        }
    }
}

/// Whether calls share an instance, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// An instance serves many calls, one at a time: fastest; memory left by one call can be seen by the next.
    #[default]
    Reuse,
    /// A fresh instance for each call.
    Request,
}

/// One plugin's own settings; what is left out is as for all.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PluginConfig {
    /// Where the plugin's paths begin: empty, or `/shop`.
    pub prefix: String,
    /// Limits of its own, whole; none: the host's. (In `switchback.toml` a plugin's section may name single ones.)
    pub limits: Option<Limits>,
}
