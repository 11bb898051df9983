//! Which settings are refused: what could not be enforced, and what is no name or path.

use std::fmt;

use super::{Config, FilesConfig, Isolation, Limits, Probation, midnight};

/// Why a configuration is refused: the setting, by the name it has in `switchback.toml`, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// `limits.cpu_ms`, `plugins.items.prefix`.
    pub key: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.key, self.message)
    }
}

impl std::error::Error for ConfigError {}

/// A day: a longer limit is a mistake in the unit.
pub(super) const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
const DAY_S: u64 = DAY_MS / 1_000;
/// Of one client in a window: beyond it nothing would be limited.
const MOST_REQUESTS: u64 = 1_000_000_000;
/// What a 32-bit guest can address, and so the longest text or list that can be handed over.
const GUEST_BYTES: u64 = 4 << 30;
/// No machine has more, and a file of settings can say no more.
const MOST_BYTES: u64 = i64::MAX as u64;
/// A page, the least memory that an instance can have.
const PAGE_BYTES: u64 = 64 << 10;
/// Each call at once reserves the address space of an instance; a process has room for some ten thousand.
pub(crate) const MOST_CALLS: u64 = 10_000;

/// What a slot of the pool holds of tables and of core instances.
pub(crate) const TABLE_ELEMENTS: u64 = 100_000;
pub(crate) const CORE_INSTANCES: u64 = 64;
/// A stack in which no guest could run; and one that a thousand calls at once could not all have.
const STACK_BYTES: (u64, u64) = (64 << 10, 64 << 20);

/// What is wrong with instances that are counted under isolation by request.
pub(crate) const KEPT_AND_FRESH: &str = "but `isolation` is `request`: what is fresh for each call cannot be kept; leave one of the two away";

impl Config {
    /// Refuses what could not be enforced: a limit of zero calls, more memory than a guest can address, a prefix that
    /// is no path.
    ///
    /// # Errors
    ///
    /// The first setting that is wrong, by name.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let host = &self.host;
        path("host.base_path", &host.base_path)?;
        self.validate_addresses()?;
        within("host.rate_requests", host.rate_requests, 0, MOST_REQUESTS)?;
        within("host.rate_window_s", host.rate_window_s, 1, DAY_S)?;
        header_name("host.rate_key", &host.rate_key)?;
        within("host.concurrency", host.concurrency as u64, 1, MOST_CALLS)?;
        within(
            "host.stack_bytes",
            host.stack_bytes as u64,
            STACK_BYTES.0,
            STACK_BYTES.1,
        )?;
        within("host.write_idle_ms", host.write_idle_ms, 1, DAY_MS)?;
        within("host.bodies_bytes", host.bodies_bytes, 1 << 16, MOST_BYTES)?;
        within("host.spool_bytes", host.spool_bytes, 0, MOST_BYTES)?;
        if host.cache_dir.is_some() {
            within("host.cache_bytes", host.cache_bytes, 1 << 20, MOST_BYTES)?;
        }
        self.connections.validate()?;
        self.probation.validate("probation")?;
        #[cfg(feature = "runtime")]
        for key in &self.trust.keys {
            if crate::trust::key_of(key).is_none() {
                let what =
                    format!("has `{key}`, and must have lines of base64 as in `minisign.pub`");
                return refuse("trust.keys", what);
            }
        }
        for hash in &self.trust.components {
            let digits = hash
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if hash.len() != 64 || !digits {
                let what = format!("has `{hash}`, and must have SHA-256 in 64 small hex digits");
                return refuse("trust.components", what);
            }
        }
        let faults = &self.faults;
        within("faults.kept", faults.kept as u64, 0, 100_000)?;
        within("faults.bytes", faults.bytes, 1 << 16, GUEST_BYTES)?;
        within(
            "faults.body_bytes",
            faults.body_bytes as u64,
            0,
            faults.bytes,
        )?;
        #[cfg(feature = "runtime")]
        crate::setup::Setup::new(self, None)?;
        self.limits.validate("limits")?;
        for (name, plugin) in &self.plugins {
            let section = format!("plugins.{name}");
            if !is_plugin_name(name) {
                return refuse(&section, format!("is no name for a plugin: {NAME_RULE}"));
            }
            if plugin.prefix != "/" {
                path(&format!("{section}.prefix"), &plugin.prefix)?;
            }
            for (key, date) in [
                ("deprecation", &plugin.deprecation),
                ("sunset", &plugin.sunset),
            ] {
                if !date.is_empty() && midnight(date).is_none() {
                    let what = format!("is `{date}`, and must be a date like `2026-12-01`");
                    return refuse(&format!("{section}.{key}"), what);
                }
            }
            if let Some(files) = &plugin.files {
                files.validate(&format!("{section}.files"))?;
            }
            if let Some(probation) = &plugin.probation {
                probation.validate(&format!("{section}.probation"))?;
            }
            if let Some(limits) = &plugin.limits {
                limits.validate(&format!("{section}.limits"))?;
            }
            if let Some(instances) = plugin.instances {
                let key = format!("{section}.instances");
                within(&key, instances as u64, 1, MOST_CALLS)?;
                if self.limits_of(name).isolation == Isolation::Request {
                    return refuse(&key, format!("is {instances}, {KEPT_AND_FRESH}"));
                }
            }
        }
        for (at, folder) in self.files.iter().enumerate() {
            folder.rules().validate("files")?;
            if folder.folder.as_os_str().is_empty() {
                let message = format!("has `{}` without its `folder`", folder.path);
                return refuse("files", message);
            }
            let mut before = self.files[..at].iter();
            if before.any(|other| other.path == folder.path) {
                return refuse("files", format!("has `{}` twice", folder.path));
            }
        }
        Ok(())
    }
}

impl Probation {
    fn validate(&self, section: &str) -> Result<(), ConfigError> {
        for (name, value, least, most) in [
            ("window_ms", self.window_ms, 0, DAY_MS),
            ("answers", self.answers, 1, 1_000_000),
            ("excess_percent", self.excess_percent, 0, 100),
            ("slower_percent", self.slower_percent, 100, 10_000),
        ] {
            within(&format!("{section}.{name}"), value, least, most)?;
        }
        Ok(())
    }
}

impl FilesConfig {
    fn validate(&self, section: &str) -> Result<(), ConfigError> {
        if self.path.is_empty() {
            return refuse(section, "has no `path`; `/` is for all".into());
        }
        if self.path != "/" {
            path(&format!("{section}.path"), &self.path)?;
        }
        let names = [("fallback", &self.fallback)].into_iter();
        for (key, name) in names.chain(self.immutable.iter().map(|name| ("immutable", name))) {
            let wrong = |segment: &str| matches!(segment, "." | "..");
            if name.starts_with('/') || name.split('/').any(wrong) {
                let message = format!("is `{name}`; name it as seen from the files' own folder");
                return refuse(&format!("{section}.{key}"), message);
            }
        }
        if http::HeaderValue::from_str(&self.cache_control).is_err() {
            let message = "has a character that no header can have".to_owned();
            return refuse(&format!("{section}.cache_control"), message);
        }
        Ok(())
    }
}

impl Config {
    /// Where the host's own pages are: each at a place of its own, and none where health is told.
    fn validate_addresses(&self) -> Result<(), ConfigError> {
        let host = &self.host;
        let addresses = [
            ("host.openapi_path", &host.openapi_path),
            ("host.docs_path", &host.docs_path),
            ("host.redoc_path", &host.redoc_path),
        ];
        for (at, (key, address)) in addresses.iter().enumerate() {
            path(key, address)?;
            if address.starts_with("/-") {
                return refuse(
                    key,
                    format!("is `{address}`, and the host keeps `/-` for itself"),
                );
            }
            let others = addresses.iter().take(at);
            if let Some((other, _)) = others
                .into_iter()
                .find(|(_, other)| !address.is_empty() && other == address)
            {
                return refuse(key, format!("is `{address}`, where `{other}` is already"));
            }
        }
        let ours = [
            "url",
            "urls",
            "domNode",
            "dom_id",
            "presets",
            "plugins",
            "validatorUrl",
        ];
        match host
            .swagger_ui
            .keys()
            .find(|key| ours.contains(&key.as_str()))
        {
            Some(ours) => refuse(
                &format!("host.swagger_ui.{ours}"),
                "is set by the page itself: leave it away".into(),
            ),
            None => Ok(()),
        }
    }
}

impl Limits {
    fn validate(&self, section: &str) -> Result<(), ConfigError> {
        for (name, value, least, most) in [
            ("cpu_ms", self.cpu_ms, 1, DAY_MS),
            ("time_ms", self.time_ms, 1, DAY_MS),
            ("memory_bytes", self.memory_bytes, PAGE_BYTES, GUEST_BYTES),
            (
                "table_elements",
                self.table_elements as u64,
                1,
                TABLE_ELEMENTS,
            ),
            (
                "core_instances",
                self.core_instances as u64,
                1,
                CORE_INSTANCES,
            ),
            ("body_bytes", self.body_bytes, 0, GUEST_BYTES),
            ("body_time_ms", self.body_time_ms, 1, DAY_MS),
            ("request_ms", self.request_ms, 1, DAY_MS),
            ("answer_bytes", self.answer_bytes, 1, GUEST_BYTES),
            ("stream_idle_ms", self.stream_idle_ms, 1, DAY_MS),
            ("stream_ms", self.stream_ms, 1, DAY_MS),
            ("stream_bytes", self.stream_bytes, 0, MOST_BYTES),
            ("stream_cpu_percent", self.stream_cpu_percent, 1, 100),
            ("json_depth", self.json_depth as u64, 1, 128),
            ("form_parts", self.form_parts as u64, 1, 1_000_000),
            (
                "form_memory_bytes",
                self.form_memory_bytes as u64,
                1024,
                GUEST_BYTES,
            ),
            ("violations", self.violations as u64, 1, 1_000_000),
            ("input_bytes", self.input_bytes as u64, 0, GUEST_BYTES),
            ("log_bytes", self.log_bytes as u64, 0, GUEST_BYTES),
            ("concurrency", self.concurrency as u64, 1, MOST_CALLS),
            ("reserved_calls", self.reserved_calls as u64, 0, MOST_CALLS),
            ("queue_calls", self.queue_calls as u64, 0, 1_000_000),
            ("queue_ms", self.queue_ms, 0, DAY_MS),
            ("rate_requests", self.rate_requests, 0, MOST_REQUESTS),
            ("rate_window_s", self.rate_window_s, 1, DAY_S),
            ("drain_ms", self.drain_ms, 0, DAY_MS),
            ("stop_ms", self.stop_ms, 0, DAY_MS),
            ("component_bytes", self.component_bytes, 1, GUEST_BYTES),
            ("contract_bytes", self.contract_bytes, 1, GUEST_BYTES),
            ("files_bytes", self.files_bytes, 0, MOST_BYTES),
            ("files", self.files as u64, 0, 1_000_000),
            ("operations", self.operations as u64, 1, 1_000_000),
            ("describe_cpu_ms", self.describe_cpu_ms, 1, DAY_MS),
            (
                "max_requests_per_instance",
                self.max_requests_per_instance,
                1,
                u64::MAX,
            ),
            ("instance_idle_ms", self.instance_idle_ms, 1, DAY_MS),
        ] {
            within(&format!("{section}.{name}"), value, least, most)?;
        }
        header_name(&format!("{section}.rate_key"), &self.rate_key)
    }
}

/// How a plugin may be called, in words.
pub(crate) const NAME_RULE: &str =
    "a name is a lower-case letter, then lower-case letters, digits and `-`, at most 64 in all";

/// Whether a plugin may be called this: `[a-z][a-z0-9-]*`, at most 64 characters.
pub(crate) fn is_plugin_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

pub(super) fn within(key: &str, value: u64, least: u64, most: u64) -> Result<(), ConfigError> {
    if value < least {
        return refuse(key, format!("is {value}; it must be at least {least}"));
    }
    if value > most {
        return refuse(key, format!("is {value}; it can be at most {most}"));
    }
    Ok(())
}

/// Empty, or the name of a header.
fn header_name(key: &str, name: &str) -> Result<(), ConfigError> {
    match name.is_empty() || http::HeaderName::from_bytes(name.as_bytes()).is_ok() {
        true => Ok(()),
        false => refuse(key, format!("is `{name}`, which is no name of a header")),
    }
}

/// Empty, or segments that each begin with `/`, as a client would send them.
fn path(key: &str, path: &str) -> Result<(), ConfigError> {
    let wrong = |what: &str| {
        refuse(
            key,
            format!("is `{path}`, {what}; write it like `/shop`, or leave it empty for none"),
        )
    };
    let Some(segments) = path.strip_prefix('/') else {
        return if path.is_empty() {
            Ok(())
        } else {
            wrong("which does not begin with `/`")
        };
    };
    for segment in segments.split('/') {
        match segment {
            "" => return wrong("which has an empty segment"),
            "." | ".." => return wrong("which clients would resolve away"),
            _ => {}
        }
    }
    // Clients encode anything else, so such a prefix would never match.
    if !path
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&b))
    {
        return wrong("which has a character that is encoded in paths");
    }
    Ok(())
}

fn refuse(key: &str, message: String) -> Result<(), ConfigError> {
    Err(ConfigError {
        key: key.into(),
        message,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::PluginConfig;

    fn refusal(config: &Config) -> String {
        config
            .validate()
            .expect_err("it must be refused")
            .to_string()
    }

    #[test]
    fn the_defaults_are_accepted() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn a_limit_that_cannot_be_enforced_is_refused_by_name() {
        let mut config = Config::default();
        config.limits.concurrency = 0;
        assert_eq!(
            refusal(&config),
            "`limits.concurrency` is 0; it must be at least 1"
        );
    }

    #[test]
    fn a_client_is_given_some_time_to_read() {
        let mut config = Config::default();
        config.host.write_idle_ms = 0;
        assert_eq!(
            refusal(&config),
            "`host.write_idle_ms` is 0; it must be at least 1"
        );
    }

    #[test]
    fn more_memory_than_a_guest_can_address_is_refused() {
        let mut config = Config::default();
        config.limits.memory_bytes = (4 << 30) + 1;
        assert_eq!(
            refusal(&config),
            "`limits.memory_bytes` is 4294967297; it can be at most 4294967296"
        );
    }

    #[test]
    fn a_limit_of_one_plugin_is_refused_under_its_section() {
        let own = Limits {
            cpu_ms: 0,
            ..Limits::default()
        };
        let plugin = PluginConfig {
            limits: Some(own),
            ..PluginConfig::default()
        };
        let config = Config {
            plugins: BTreeMap::from([("items".into(), plugin)]),
            ..Config::default()
        };
        assert_eq!(
            refusal(&config),
            "`plugins.items.limits.cpu_ms` is 0; it must be at least 1"
        );
    }

    #[test]
    fn instances_that_are_kept_and_fresh_for_each_call_are_refused() {
        let plugin = PluginConfig {
            instances: Some(1),
            ..PluginConfig::default()
        };
        let mut config = Config {
            plugins: BTreeMap::from([("notes".into(), plugin)]),
            ..Config::default()
        };
        assert_eq!(config.validate(), Ok(()));
        config.limits.isolation = Isolation::Request;
        assert!(
            refusal(&config)
                .starts_with("`plugins.notes.instances` is 1, but `isolation` is `request`")
        );
        config.plugins.get_mut("notes").unwrap().instances = Some(0);
        assert_eq!(
            refusal(&config),
            "`plugins.notes.instances` is 0; it must be at least 1"
        );
    }

    #[test]
    fn a_prefix_must_be_a_path_as_clients_send_it() {
        for wrong in ["shop", "/shop/", "/a//b", "/../b", "/a b", "/{id}", "/a?b"] {
            let plugin = PluginConfig {
                prefix: wrong.into(),
                ..PluginConfig::default()
            };
            let config = Config {
                plugins: BTreeMap::from([("items".into(), plugin)]),
                ..Config::default()
            };
            assert!(
                refusal(&config).starts_with("`plugins.items.prefix` is"),
                "{wrong}"
            );
        }
        assert_eq!(path("p", "/v1/shop"), Ok(()));
    }

    #[test]
    fn a_plugin_name_is_lower_case_letters_digits_and_dashes() {
        for right in ["a", "items", "items-2"] {
            assert!(is_plugin_name(right), "{right}");
        }
        for wrong in [
            "", "2items", "-items", "Items", "it_ems", "it.ems", "it ems", "größe",
        ] {
            assert!(!is_plugin_name(wrong), "{wrong}");
        }
    }
}
