//! Every setting as a plain value, with its default and the reason for it.

mod connections;
mod date;
mod edge;
mod validate;

#[cfg(feature = "runtime")]
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::problem::ProblemShape;
pub use connections::ConnectionLimits;
pub(crate) use date::midnight;
pub use edge::{Coding, Compression, Cors};
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

/// What holds for the host as a whole.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostConfig {
    /// The path under which the program around nests the host (`/api`); empty at the root. The documents' `servers`
    /// and redirects carry it.
    pub base_path: String,
    /// Proxies that are heard when they say, by `X-Forwarded-For`, `-Proto`, `-Host`, `-Prefix` or `Forwarded`, who the
    /// client is and under which path it asked: addresses, networks (`10.0.0.0/8`), and `unix` for whoever comes by a Unix
    /// socket and so has no address. Empty: nobody, since any client can send such headers.
    pub trusted_proxies: Vec<String>,
    /// Names under which the host may be asked for, as Starlette's `TrustedHostMiddleware` takes them: `shop.example`, or
    /// `*.shop.example` for all under it; then 400, but for `/-/live` and `/-/ready`. Empty, or with a `*`: any.
    pub allowed_hosts: Vec<String>,
    /// Whether a name that is allowed only with `www.` before it is redirected there.
    pub www_redirect: bool,
    /// Addresses and networks that may ask; then 403, but for `/-/live` and `/-/ready`. Empty: all. Whose address is not
    /// known, as over a Unix socket, is in no network.
    pub allow_addresses: Vec<String>,
    /// Addresses and networks that may not ask, even if they are among those that may.
    pub deny_addresses: Vec<String>,
    /// Headers of every answer that has none of the name (`x-content-type-options = "nosniff"`).
    /// `strict-transport-security` is said over TLS only.
    pub headers: BTreeMap<String, String>,
    /// Requests that one client may make in `rate_window_s`; then 429. They come back one by one. 0: as many as it likes.
    pub rate_requests: u64,
    /// The time that `rate_requests` is for, in seconds. A minute.
    pub rate_window_s: u64,
    /// The header by whose value clients are told apart (`x-api-key`); empty: by their address, of IPv6 by its first 64
    /// bits. Whoever may choose the value chooses the limit: for what a proxy sets or has checked.
    pub rate_key: String,
    /// `info.title` of the merged document.
    pub title: String,
    /// `info.version` of the merged document.
    pub version: String,
    /// Where the merged document is; a plugin's own stands beside it (`/openapi/NAME.json`). Empty: no document is served,
    /// and so no pages.
    pub openapi_path: String,
    /// Where Swagger UI is; empty for nowhere.
    pub docs_path: String,
    /// Where ReDoc is; empty for nowhere.
    pub redoc_path: String,
    /// Settings of Swagger UI, by its own names (`docExpansion = "none"`, `persistAuthorization = true`).
    pub swagger_ui: BTreeMap<String, serde_json::Value>,
    /// Whether Swagger UI, ReDoc and the index are served. The documents themselves are anyway.
    pub pages: bool,
    /// Whether `/` says what is served here, if no plugin serves `/` itself. It shows what the documents show, and
    /// nothing without `pages`.
    pub index: bool,
    /// Whether answers carry `x-switchback-revision: NAME@N`.
    pub revision_header: bool,
    /// Calls at once over all plugins, beyond those that `limits.reserved_calls` keeps for each. 1,024: each holds an
    /// instance and a body, so this times `limits.memory_bytes` is what the host could come to need.
    pub concurrency: usize,
    /// Stack of a guest's call, in bytes; then 500. 512 KiB: some thousand nested calls. It is one for all plugins, as it
    /// is the engine's. (A guest's own stack, for what lies in its memory, is set when it is linked: `-zstack-size`.)
    pub stack_bytes: usize,
    /// How long a client may take nothing of an answer that is there for it, in milliseconds; then the server resets its
    /// connection. 60 s, as nginx: what is kept for it, up to 400 KiB and the system's own buffers, goes to others. (A
    /// stream that has nothing to say is `limits.stream_idle_ms`' affair.)
    pub write_idle_ms: u64,
    /// Where large files of forms are kept until their call ends, in files without a name; none: the system's own folder
    /// for what is temporary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spool_dir: Option<PathBuf>,
    /// Where compiled code and contracts are kept between starts; none: compiled anew each time. The folder is made
    /// with mode 0700 and refused if others may write there, because what is in it is executed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_dir: Option<PathBuf>,
    /// The most that the cache keeps, in bytes, the longest unused going first. 1 GiB: about 15 Python or 2,000 Rust plugins.
    pub cache_bytes: u64,
    /// Where is kept, between starts, what plugins were, who is disabled and who changed what; none: it is known until
    /// the host ends. One host uses it at a time. Made with mode 0700.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<PathBuf>,
    /// Revisions of each plugin that are kept beside the one that serves, to go back to. 5: a bad release is noticed
    /// before the fifth after it.
    pub history: usize,
    /// What all that is kept may take, in bytes: components, and code that is compiled. 1 GiB: some hundred revisions of
    /// Rust plugins, or eight of Python's; the oldest go first.
    pub history_bytes: u64,
}

impl Default for HostConfig {
    fn default() -> Self {
        HostConfig {
            base_path: String::new(),
            trusted_proxies: Vec::new(),
            allowed_hosts: Vec::new(),
            www_redirect: true,
            allow_addresses: Vec::new(),
            deny_addresses: Vec::new(),
            headers: BTreeMap::new(),
            rate_requests: 0,
            rate_window_s: 60,
            rate_key: String::new(),
            title: "Switchback".into(),
            version: "0.1.0".into(),
            openapi_path: "/openapi.json".into(),
            docs_path: "/docs".into(),
            redoc_path: "/redoc".into(),
            swagger_ui: BTreeMap::new(),
            pages: true,
            index: true,
            revision_header: false,
            concurrency: 1024,
            stack_bytes: 512 << 10,
            write_idle_ms: 60_000,
            spool_dir: None,
            cache_dir: None,
            cache_bytes: 1 << 30,
            state_dir: None,
            history: 5,
            history_bytes: 1 << 30,
        }
    }
}

impl HostConfig {
    /// The same where the host is known under another path than `base_path`.
    #[cfg(feature = "runtime")]
    pub(crate) fn under(&self, root: &str) -> Cow<'_, HostConfig> {
        if root == self.base_path {
            return Cow::Borrowed(self);
        }
        Cow::Owned(HostConfig {
            base_path: root.into(),
            ..self.clone()
        })
    }

    /// Where the document of one plugin is: `NAME` takes the place of the merged one's ending.
    pub(crate) fn openapi_path_of(&self, plugin: &str) -> String {
        format!("{}/{plugin}.json", self.openapi_stem())
    }

    /// The path of the merged document without its `.json`.
    pub(crate) fn openapi_stem(&self) -> &str {
        let path = &self.openapi_path;
        path.strip_suffix(".json").unwrap_or(path)
    }
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

/// What is kept of calls that went wrong by their plugin's doing, in memory, until the host ends.
///
/// Values of `authorization`, `proxy-authorization`, `cookie` and `set-cookie` are never kept, nor are those of fields and parameters
/// that a contract marks by `format: password` or `writeOnly`, nor keys of its `securitySchemes`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultConfig {
    /// The most that are kept; 0: none. Of one kind of one operation a fifth of them, so that what always fails leaves
    /// room for what fails once. 100: more than anybody looks at.
    pub kept: usize,
    /// What all of them may take, in bytes. 16 MiB: 100 with bodies of 64 KiB both ways.
    pub bytes: u64,
    /// The longest body of a request or an answer that is kept, in bytes; of a longer one it is only told how long it was, and
    /// such a request cannot be replayed. 64 KiB: JSON is seldom longer.
    pub body_bytes: usize,
    /// Further headers whose values are not kept.
    pub hidden_headers: Vec<String>,
}

/// Which components may serve: with any key or hash here, only those that are signed or listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrustConfig {
    /// Public keys of minisign, each the line of base64 that is in `minisign.pub`: a component that is signed with one of them
    /// may serve. The signature is of the component alone.
    pub keys: Vec<String>,
    /// SHA-256 in hex, of a component's file, or of all that a plugin consists of (as its history tells it).
    pub components: Vec<String>,
}

impl Default for FaultConfig {
    fn default() -> FaultConfig {
        FaultConfig {
            kept: 100,
            bytes: 16 << 20,
            body_bytes: 64 << 10,
            hidden_headers: vec!["x-api-key".into()],
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
    /// Limits of its own, whole; none: the host's. (In `switchback.toml` a plugin's section may name single ones.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

/// How a plugin's static files are served.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilesConfig {
    /// Under which path they are, behind the plugin's prefix; `/` for every path that no operation takes. `/static`, where
    /// FastAPI's apps have theirs.
    pub path: String,
    /// Whether a folder is answered with its `index.html`, and what is not there with the `404.html`. Off, as Starlette.
    pub html: bool,
    /// The file that a browser gets whose user goes to a path that is not there: `index.html` for a single-page app, which
    /// reads the path itself. Empty: none.
    pub fallback: String,
    /// `Cache-Control` of the files; empty: none, as Starlette, and browsers guess.
    pub cache_control: String,
    /// Folders of files that never change under one name (`assets/`, as Vite builds them), kept by browsers for a year
    /// without asking again.
    pub immutable: Vec<String>,
}

impl Default for FilesConfig {
    fn default() -> FilesConfig {
        FilesConfig {
            path: "/static".into(),
            html: false,
            fallback: String::new(),
            cache_control: String::new(),
            immutable: Vec::new(),
        }
    }
}

/// A folder on disk whose files are served, read anew for each request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FolderConfig {
    /// Under which path: `/assets`; `/` for every path that nothing else takes.
    pub path: String,
    /// The folder.
    pub folder: PathBuf,
    /// Whether links may lead out of the folder. Off: who may write there may else show all that the host may read.
    pub follow_symlink: bool,
    /// As of [`FilesConfig`].
    pub html: bool,
    /// As of [`FilesConfig`].
    pub fallback: String,
    /// As of [`FilesConfig`].
    pub cache_control: String,
    /// As of [`FilesConfig`].
    pub immutable: Vec<String>,
}

impl FolderConfig {
    /// The same in the words of a plugin's files.
    pub(crate) fn rules(&self) -> FilesConfig {
        FilesConfig {
            path: self.path.clone(),
            html: self.html,
            fallback: self.fallback.clone(),
            cache_control: self.cache_control.clone(),
            immutable: self.immutable.clone(),
        }
    }
}

impl Config {
    /// The limits that hold for a plugin: its own, or everyone's.
    pub fn limits_of(&self, plugin: &str) -> &Limits {
        self.plugins
            .get(plugin)
            .and_then(|own| own.limits.as_ref())
            .unwrap_or(&self.limits)
    }
}
