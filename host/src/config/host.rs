//! What holds for the host as a whole.

#[cfg(feature = "runtime")]
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
    /// What the bodies of all requests may take in memory at the same time, those of calls that wait or run among them, in
    /// bytes; then 503 with `Retry-After`, before the body is read where its length is said. The last quarter is for bodies
    /// up to 64 KiB. What is streamed, or on disk, is not held. 256 MiB: some hundred of the largest, or 65,536 of 4 KiB.
    pub bodies_bytes: u64,
    /// What large files of forms may take on disk at the same time, in bytes; then 503. 2 GiB: a thousand of the largest forms.
    pub spool_bytes: u64,
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
            bodies_bytes: 256 << 20,
            spool_bytes: 2 << 30,
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
    /// What cannot be changed while the host serves: [`Host::reconfigure`](crate::Host::reconfigure) leaves it as it was. Threads,
    /// folders and memory are laid out by it, and plugins are checked against it.
    pub const FIXED: [&str; 12] = [
        "base_path",
        "openapi_path",
        "docs_path",
        "redoc_path",
        "concurrency",
        "stack_bytes",
        "bodies_bytes",
        "spool_bytes",
        "spool_dir",
        "cache_dir",
        "cache_bytes",
        "state_dir",
    ];

    /// This one, with what is fixed as in another.
    #[cfg(feature = "runtime")]
    pub(crate) fn fixed_as(self, before: &HostConfig) -> HostConfig {
        let before = before.clone();
        HostConfig {
            base_path: before.base_path,
            openapi_path: before.openapi_path,
            docs_path: before.docs_path,
            redoc_path: before.redoc_path,
            concurrency: before.concurrency,
            stack_bytes: before.stack_bytes,
            bodies_bytes: before.bodies_bytes,
            spool_bytes: before.spool_bytes,
            spool_dir: before.spool_dir,
            cache_dir: before.cache_dir,
            cache_bytes: before.cache_bytes,
            state_dir: before.state_dir,
            ..self
        }
    }

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

#[cfg(all(test, feature = "runtime"))]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_fixed_stays_and_all_else_changes() {
        let before = HostConfig {
            spool_dir: Some("a".into()),
            cache_dir: Some("a".into()),
            state_dir: Some("a".into()),
            ..HostConfig::default()
        };
        let before_json = serde_json::to_value(&before).unwrap();
        let mut other = before_json.clone();
        for (_, value) in other.as_object_mut().unwrap() {
            *value = match value {
                Value::Bool(set) => (!*set).into(),
                Value::Number(number) => (number.as_u64().unwrap() + 1).into(),
                Value::String(text) => format!("{text}-other").into(),
                Value::Array(_) => serde_json::json!(["other"]),
                _ => serde_json::json!({ "other": "other" }),
            };
        }
        let other: HostConfig = serde_json::from_value(other).unwrap();
        let taken = serde_json::to_value(other.fixed_as(&before)).unwrap();
        let fixed = before_json.as_object().unwrap().iter();
        let mut fixed: Vec<&str> = fixed
            .filter(|(key, value)| taken[key.as_str()] == **value)
            .map(|(key, _)| key.as_str())
            .collect();
        fixed.sort_unstable();
        let mut named = HostConfig::FIXED;
        named.sort_unstable();
        assert_eq!(fixed, named);
    }
}
