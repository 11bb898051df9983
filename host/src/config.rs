//! Every setting as a plain value, with its default and the reason for it.

mod connections;
mod date;
mod edge;
mod faults;
mod files;
mod host;
mod trust;
mod validate;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::problem::ProblemShape;
pub use connections::ConnectionLimits;
pub(crate) use date::midnight;
pub use edge::{Coding, Compression, Cors};
pub use faults::FaultConfig;
pub use files::{FilesConfig, FolderConfig};
pub use host::HostConfig;
pub use trust::TrustConfig;
pub use validate::ConfigError;
pub(crate) use validate::MOST_CALLS;
#[cfg(feature = "runtime")]
pub(crate) use validate::{
    CORE_INSTANCES, KEPT_AND_FRESH, NAME_RULE, TABLE_ELEMENTS, is_plugin_name,
};

/// How a host is set up. `Config::default()` is safe; every field may be changed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What holds for the host as a whole.
    pub host: HostConfig,
    /// What clients of the bundled server may take before they have asked for anything.
    pub connections: ConnectionLimits,
    /// What every plugin may spend unless its own section says otherwise.
    pub limits: Limits,
    /// How long a new revision is watched, and what makes the host go back by itself.
    pub probation: Probation,
    /// What is kept of calls that went wrong.
    pub faults: FaultConfig,
    /// Which components may serve.
    pub trust: TrustConfig,
    /// Which pages of other origins may call.
    pub cors: Cors,
    /// Which answers are compressed.
    pub compression: Compression,
    /// By plugin name: what differs from the rest.
    pub plugins: BTreeMap<String, PluginConfig>,
    /// Folders whose files are served beside the plugins.
    pub files: Vec<FolderConfig>,
}

/// When a revision that does worse than the one before it is rolled back by the host itself.
///
/// What counts as failed is the plugin's own 5xx: traps, limits that it ran into, answers that are none, and 5xx that it answers
/// itself. Nothing is judged from fewer than `answers` answers, nor unless it is sure: a part of failures is taken for no
/// more than it surely is. A candidate comes to serve alone once it surely fails no more: without failures that takes some 400 answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Probation {
    /// How long a revision is watched after a swap, in milliseconds; 0: not at all. 60 s: what fails often shows within it,
    /// and what fails seldom would need hours.
    pub window_ms: u64,
    /// Answers, of an operation or of all, below which nothing is judged. 100: fewer say little.
    pub answers: u64,
    /// By how much the part of failed answers, or of looked-at answers that break the contract, may be above that of the
    /// revision before, in percent of all. 1: a plugin that fails now and then is no reason to go back.
    pub excess_percent: u64,
    /// How long 19 of 20 answers of an operation may take, in percent of what they took before; a difference of less than
    /// 20 ms is none. 300.
    pub slower_percent: u64,
}

impl Default for Probation {
    fn default() -> Probation {
        Probation {
            window_ms: 60_000,
            answers: 100,
            excess_percent: 1,
            slower_percent: 300,
        }
    }
}

/// What a plugin may spend. Each is enforced, answers with its own status, and is told as an event.
///
/// The defaults suit a handler that computes an answer from its request; a plugin that needs more gets a section of
/// its own rather than everyone a higher limit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// CPU time of one call, in milliseconds; then 504. 1 s: a thousand times what a handler takes, and short enough that
    /// a guest that spins gives its core back.
    pub cpu_ms: u64,
    /// Wall time of one call until its answer's head, in milliseconds; then 504. 10 s: most clients give up at 30.
    pub time_ms: u64,
    /// Memory of one instance, its memories and tables summed, in bytes; then 500. 128 MiB: enough for Python; a Rust
    /// guest takes 1 or 2. At most 4 GiB, all that a 32-bit guest can address.
    pub memory_bytes: u64,
    /// Elements of an instance's tables, summed; then 500. 100,000: Python takes 10,000; a table holds the functions that
    /// are called by pointer, and each costs 8 bytes.
    pub table_elements: usize,
    /// Core instances of one component, its adapters and shims among them; then it is refused. 64: a Python plugin has
    /// about twenty, and each takes a place in the pool.
    pub core_instances: usize,
    /// A request's body, in bytes; then 413. 2 MiB: the largest JSON that people send on purpose; it is held whole, unless it
    /// is a stream.
    pub body_bytes: u64,
    /// Wall time for a request's body to arrive, and for each piece of one that is a stream, in milliseconds; then 408.
    /// 30 s: 2 MiB at 70 KB/s.
    pub body_time_ms: u64,
    /// Wall time of a request as a whole, from the first byte of its head to the last of its answer, in milliseconds; then
    /// 504, or its connection is cut once the answer has begun. A stream, either way, has `stream_ms` more. 5 min: up to the
    /// answer the other limits leave it 2 at most, and 3 are enough for 16 MiB at 90 KB/s. The bundled server sees to it.
    pub request_ms: u64,
    /// An answer, body and headers, in bytes; then 500. 16 MiB: an answer is held whole, and by as many clients as are slow.
    pub answer_bytes: u64,
    /// How long a streamed answer may stand still after its head, nothing written by the guest and nothing taken by the
    /// client, in milliseconds; then it is reset. 60 s: proxies cut a silent connection after as long, so a plugin that
    /// has nothing to say sends a comment more often.
    pub stream_idle_ms: u64,
    /// Wall time of a streamed answer after its head, in milliseconds; then it is reset. An hour: each holds an
    /// instance and a place among the calls, and browsers take up server-sent events again by themselves.
    pub stream_ms: u64,
    /// A streamed body, in bytes, either way; then 413, or the answer is reset. 1 GiB: it is never held, so this is about
    /// what does not stop.
    pub stream_bytes: u64,
    /// The part of a core that a stream may take, in percent. It has a reserve of `cpu_ms`,
    /// which is full at the head and refills at this rate; below half of it the guest waits in `write`, and without any it
    /// is reset, so a guest has to write something every half `cpu_ms` of computing. 50: a long stream leaves
    /// room for the quick calls beside it.
    pub stream_cpu_percent: u64,
    /// Nesting of a JSON body; then 400. Deeper is an attack, and serde_json refuses more than 128 by itself.
    pub json_depth: usize,
    /// Fields and files of a form; then 400. 1,000, as Starlette: each costs more than its bytes.
    pub form_parts: usize,
    /// What of a part of a form is held in memory, in bytes: a larger file goes to disk while it arrives
    /// (`host.spool_dir`), a larger field is 400. 1 MiB, as Starlette.
    pub form_memory_bytes: usize,
    /// Violations told in one answer. 100: nobody reads more, and an array of a million wrong items is an attack.
    pub violations: usize,
    /// Bytes of JSON that a violation's `input` may take; a larger value is replaced by a shortened text. 1 KiB: an answer
    /// must not grow to many times its request.
    pub input_bytes: usize,
    /// What one call may write to the log, in bytes; the rest is dropped and counted. 64 KiB: a long stack trace fits.
    pub log_bytes: usize,
    /// Calls of one plugin at once. 64: a plugin that waits for something slow takes a sixteenth of the host, not all.
    pub concurrency: usize,
    /// Of these, calls that always find a place, whatever other plugins do: they do not count among `host.concurrency`.
    /// 8: a plugin whose calls take 10 ms answers 800 a second on them. All plugins' together are instances on top of
    /// `host.concurrency`, so more of them cost memory when all are busy at once.
    pub reserved_calls: usize,
    /// Calls of one plugin that wait for their turn; then 503 at once. 1,000: each holds its body and a connection.
    pub queue_calls: usize,
    /// How long a call waits for its turn, in milliseconds; then 503, and at once if the queue moves too slowly for it
    /// to be reached in that time. `Retry-After` says when the queue may have moved on. 1 s: evens out a burst, and an
    /// overloaded plugin still answers soon.
    pub queue_ms: u64,
    /// Requests of one client to the plugin in `rate_window_s`; then 429. They come back one by one. 0: as many as it
    /// likes. `host.rate_requests` is beside it.
    pub rate_requests: u64,
    /// The time that `rate_requests` is for, in seconds. A minute.
    pub rate_window_s: u64,
    /// As [`HostConfig::rate_key`].
    pub rate_key: String,
    /// How long an old revision may finish its calls after a swap, in milliseconds; then they are cut. 30 s: three
    /// times the longest call.
    pub drain_ms: u64,
    /// How long an instance may take over `on-stop`, in milliseconds; then it is freed all the same. 5 s: nobody waits for
    /// it but the end of the host.
    pub stop_ms: u64,
    /// A component file, in bytes. 64 MiB: a Python plugin is 18, a Rust one 0.2.
    pub component_bytes: u64,
    /// A contract, in bytes of JSON. 4 MiB: the largest public OpenAPI documents are about that.
    pub contract_bytes: u64,
    /// Static files of a plugin, all together, in bytes; then it is refused. 64 MiB: a website with its pictures. Of each
    /// revision that is kept, 16 MiB at most are in memory, the rest is on disk.
    pub files_bytes: u64,
    /// Static files of a plugin; then it is refused. 10,000: all of them are looked at every 2 s.
    pub files: usize,
    /// Operations in a contract. 2,000: above the largest public documents; each costs a compiled schema.
    pub operations: usize,
    /// CPU time of `openapi()`, in milliseconds. 10 s: once per component; an interpreter may have to start first.
    pub describe_cpu_ms: u64,
    /// Whether JSON bodies are taken as their schemas say, or as FastAPI takes them.
    pub json: JsonTypes,
    /// How a problem is written to a client whose `Accept` names neither of the two types.
    pub problems: ProblemShape,
    /// Which answers are held against the contract, and what becomes of one that breaks it.
    pub answers: AnswerChecks,
    /// Whether an instance serves many calls or one.
    pub isolation: Isolation,
    /// Requests after which a reused instance is retired. 10,000: a leak of 1 KiB a call stays under 10 MiB, and a new
    /// instance costs less than a ten-thousandth of them.
    pub max_requests_per_instance: u64,
    /// Milliseconds of rest after which an instance is retired, looked at twice a second. 60 s: memory goes back soon
    /// after a peak.
    pub instance_idle_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            cpu_ms: 1_000,
            time_ms: 10_000,
            memory_bytes: 128 << 20,
            table_elements: 100_000,
            core_instances: 64,
            body_bytes: 2 << 20,
            body_time_ms: 30_000,
            request_ms: 300_000,
            answer_bytes: 16 << 20,
            stream_idle_ms: 60_000,
            stream_ms: 3_600_000,
            stream_bytes: 1 << 30,
            stream_cpu_percent: 50,
            json_depth: 128,
            form_parts: 1_000,
            form_memory_bytes: 1 << 20,
            violations: 100,
            input_bytes: 1 << 10,
            log_bytes: 64 << 10,
            concurrency: 64,
            reserved_calls: 8,
            queue_calls: 1_000,
            queue_ms: 1_000,
            rate_requests: 0,
            rate_window_s: 60,
            rate_key: String::new(),
            drain_ms: 30_000,
            stop_ms: 5_000,
            component_bytes: 64 << 20,
            contract_bytes: 4 << 20,
            files_bytes: 64 << 20,
            files: 10_000,
            operations: 2_000,
            describe_cpu_ms: 10_000,
            json: JsonTypes::Strict,
            problems: ProblemShape::Detail,
            answers: AnswerChecks::Sampled,
            isolation: Isolation::Reuse,
            max_requests_per_instance: 10_000,
            instance_idle_ms: 60_000,
        }
    }
}

/// How exactly a JSON body has to be of the types that its schema names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonTypes {
    /// As the document says: a client that goes by it is right, and the guest gets the body as it came.
    #[default]
    Strict,
    /// As FastAPI does: `"1.5"` is a number, `1` is true, a date may be Unix time, a moment needs no zone. The guest gets
    /// the value that was made of it, written anew.
    Lax,
}

/// How a guest's answers are held against its contract: status, declared headers, media type, and a JSON body by its schema.
/// Streams are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerChecks {
    /// Each of them: one that breaks it is answered 500 instead, and the log says what is wrong with it. For development.
    Enforced,
    /// Of each operation the first 10 of a revision, then one in 100. They are answered as they are; what is wrong with
    /// one is logged, counted and an event.
    #[default]
    Sampled,
    /// None.
    Off,
}

/// Whether calls share an instance, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// An instance serves many calls, one at a time: fastest; memory left by one call can be seen by the next.
    #[default]
    Reuse,
    /// A fresh instance for each call.
    Request,
}

/// What becomes of a component whose contract differs from the one that serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangePolicy {
    /// It serves.
    Allow,
    /// It serves, and what changed is in its warnings and in the log.
    #[default]
    Warn,
    /// It is refused, unless whoever deploys it accepts that.
    Refuse,
}

/// Which examples of a component's contract are run before it serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmokeTest {
    /// None: each swap would take as long as they do, and a component is called that nobody has asked anything.
    #[default]
    Off,
    /// Those of operations that change nothing: GET, HEAD and OPTIONS.
    Safe,
    /// Those of every operation.
    All,
}

/// One plugin's own settings; what is left out is as for all.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PluginConfig {
    /// Where the plugin's paths begin: `/shop`, or `/` for the root; empty: at the root, but under `/NAME` for a
    /// standard component without a document, which takes every path.
    pub prefix: String,
    /// How many instances serve it, and so its calls at once; none: as its contract says (`x-switchback-instances`), or
    /// as many as there are calls. Such instances are kept for as long as the revision serves, so 1 is for state that
    /// lives in memory; it is lost when the plugin is replaced, and when a call traps or runs out of a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instances: Option<usize>,
    /// Whether it is left out of what the host publishes: documents, pages, the index. It is served and checked all the same,
    /// and the operator sees it.
    pub hidden: bool,
    /// From when on clients should use something else, as a date (`2026-12-01`): `Deprecation` (RFC 9745) on its
    /// answers. Empty: it is not.
    pub deprecation: String,
    /// When it will be gone, as a date: `Sunset` (RFC 8594) on its answers. Empty: nobody knows.
    pub sunset: String,
    /// What becomes of a component whose contract breaks clients of the one that serves.
    pub breaking_changes: ChangePolicy,
    /// What becomes of a component of whose contract nobody can tell whether it does.
    pub unknown_changes: ChangePolicy,
    /// How its static files are served; none: as its `plugin.toml` says, or as `FilesConfig::default()`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<FilesConfig>,
    /// Which examples of a component's contract are run before it serves; a call that fails, or an answer that breaks the
    /// contract, refuses it.
    pub smoke_test: SmokeTest,
    /// Which pages of other origins may call this plugin, whole; none: as [`Config::cors`] says. (In `switchback.toml` a
    /// plugin's section may name single settings.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
    /// How its revisions are watched, whole; none: as [`Config::probation`] says. (In `switchback.toml` a plugin's section may
    /// name single settings.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probation: Option<Probation>,
    /// Limits of its own, whole; none: the host's. (In `switchback.toml` a plugin's section may name single ones.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

impl Config {
    /// The limits that hold for a plugin: its own, or everyone's.
    pub fn limits_of(&self, plugin: &str) -> &Limits {
        self.plugins
            .get(plugin)
            .and_then(|own| own.limits.as_ref())
            .unwrap_or(&self.limits)
    }

    /// How a plugin's revisions are watched: by rules of its own, or everyone's.
    pub fn probation_of(&self, plugin: &str) -> &Probation {
        self.plugins
            .get(plugin)
            .and_then(|own| own.probation.as_ref())
            .unwrap_or(&self.probation)
    }
}
