//! What holds for a plugin: its section of the host's configuration, and what it sets for itself in a `plugin.toml`.
//! Whoever may drop a file into a folder may grant it nothing by that: a plugin can only lower its limits.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::component::FILES;
use crate::config::{Config, FilesConfig, Limits, PluginConfig};
use crate::error::{Error, ErrorKind};

/// A `plugin.toml`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    prefix: String,
    instances: Option<usize>,
    files: Option<FilesConfig>,
    limits: Map<String, Value>,
}

/// What holds for a plugin, every limit decided.
#[derive(Debug, PartialEq)]
pub(crate) struct Settings {
    /// As in [`PluginConfig`].
    pub(crate) prefix: String,
    pub(crate) instances: Option<usize>,
    pub(crate) files: FilesConfig,
    pub(crate) limits: Limits,
}

impl Config {
    /// What holds for a plugin that has these settings of its own, in TOML. What is set here comes first.
    ///
    /// # Errors
    ///
    /// They cannot be read, name something that cannot be set, or raise a limit.
    pub(crate) fn settings_of(&self, plugin: &str, own: Option<&[u8]>) -> Result<Settings, Error> {
        let host = self.plugins.get(plugin).cloned().unwrap_or_default();
        let most = self.limits_of(plugin);
        let mut settings = Settings {
            prefix: host.prefix,
            instances: host.instances,
            files: host.files.clone().unwrap_or_default(),
            limits: most.clone(),
        };
        let Some(own) = own else {
            return Ok(settings);
        };
        let wrong = |what| Error::new(ErrorKind::Config, format!("`{}`{what}", FILES[2]));
        let own = parse(own).map_err(wrong)?;
        let wrong = |what| wrong(format!(": {what}"));
        settings.limits = lowered(plugin, most, own.limits).map_err(wrong)?;
        if settings.prefix.is_empty() {
            settings.prefix = own.prefix;
        }
        if let (None, Some(files)) = (host.files, own.files) {
            settings.files = files;
        }
        if settings.instances.is_none() {
            settings.instances = own.instances;
            let (wanted, most) = (own.instances.unwrap_or(0), settings.limits.concurrency);
            if wanted > most {
                return Err(wrong(format!(
                    "`instances` is {wanted}, and `limits.concurrency` allows {most} calls at once: lower it, or set \
                     `plugins.{plugin}.instances` in the host's own configuration"
                )));
            }
        }
        settings.validate(plugin).map_err(wrong)?;
        Ok(settings)
    }
}

impl Settings {
    /// Lets its paths begin elsewhere.
    pub(crate) fn mount(&mut self, plugin: &str, prefix: &str) -> Result<(), Error> {
        self.prefix = prefix.to_owned();
        self.validate(plugin)
            .map_err(|what| Error::new(ErrorKind::Config, what))
    }

    /// By the rules of the host's configuration.
    fn validate(&self, plugin: &str) -> Result<(), String> {
        let section = PluginConfig {
            prefix: self.prefix.clone(),
            instances: self.instances,
            files: Some(self.files.clone()),
            limits: Some(self.limits.clone()),
            ..PluginConfig::default()
        };
        let config = Config {
            plugins: BTreeMap::from([(plugin.to_owned(), section)]),
            ..Config::default()
        };
        config.validate().map_err(|error| {
            let section = format!("`plugins.{plugin}.");
            error.to_string().replacen(&section, "`", 1)
        })
    }
}

/// Reads a `plugin.toml`; what is wrong begins with where, if that is known.
fn parse(toml: &[u8]) -> Result<Own, String> {
    let text = std::str::from_utf8(toml).map_err(|_| ": it is no UTF-8".to_owned())?;
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or_else(String::new, |span| {
            let before = text.get(..span.start).unwrap_or(text);
            format!(", line {}", 1 + before.matches('\n').count())
        });
        let what: Vec<&str> = error.message().split_whitespace().collect();
        format!("{line}: {}", what.join(" "))
    })
}

/// The host's limits for a plugin, lowered as it wishes.
fn lowered(plugin: &str, most: &Limits, own: Map<String, Value>) -> Result<Limits, String> {
    let mut limits = match serde_json::to_value(most) {
        Ok(Value::Object(limits)) => limits,
        Ok(_) | Err(_) => unreachable!("limits are a struct of numbers and words"),
    };
    for (name, wanted) in own {
        let Some(allowed) = limits.get_mut(&name) else {
            return Err(format!("there is no limit `{name}`"));
        };
        // Which of two is lower, more in more time or less in less, cannot be said.
        if name.starts_with("rate_") {
            return Err(format!(
                "`limits.{name}` is the host's to set: `plugins.{plugin}.limits.{name}` in its own configuration"
            ));
        }
        let raised = match (allowed.as_u64(), wanted.as_u64()) {
            (Some(allowed), Some(wanted)) => wanted > allowed,
            (Some(_), None) => {
                return Err(format!(
                    "`limits.{name}` is {wanted}, and must be a whole number"
                ));
            }
            // Of the words, only this one protects.
            (None, _) => name == "isolation" && *allowed == "request" && wanted != "request",
        };
        if raised {
            return Err(format!(
                "`limits.{name}` is {wanted}, and the host allows {allowed}: a plugin may only lower its limits; raise \
                 `plugins.{plugin}.limits.{name}` in the host's own configuration, or leave it away here"
            ));
        }
        *allowed = wanted;
    }
    serde_json::from_value(limits.into()).map_err(|error| format!("`limits`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Isolation;

    fn host() -> Config {
        let section = PluginConfig {
            limits: Some(Limits {
                cpu_ms: 500,
                ..Limits::default()
            }),
            ..PluginConfig::default()
        };
        Config {
            plugins: BTreeMap::from([("wiki".to_owned(), section)]),
            ..Config::default()
        }
    }

    fn of(config: &Config, toml: &str) -> Result<Settings, String> {
        let settings = config.settings_of("wiki", Some(toml.as_bytes()));
        settings.map_err(|error| error.to_string())
    }

    #[test]
    fn a_plugin_sets_what_the_host_leaves_open_and_lowers_its_limits() {
        let toml = "prefix = \"/wiki\"\ninstances = 2\nlimits = { cpu_ms = 100, json = \"lax\" }";
        let settings = of(&host(), toml).unwrap();
        assert_eq!(
            (settings.prefix.as_str(), settings.instances),
            ("/wiki", Some(2))
        );
        assert_eq!(settings.limits.cpu_ms, 100);
        assert_eq!(settings.limits.time_ms, Limits::default().time_ms);
        assert_eq!(host().settings_of("wiki", None).unwrap().limits.cpu_ms, 500);
    }

    #[test]
    fn what_the_host_sets_comes_first() {
        let mut config = host();
        let section = config.plugins.get_mut("wiki").unwrap();
        (section.prefix, section.instances) = ("/w".into(), Some(3));
        let settings = of(&config, "prefix = \"/wiki\"\ninstances = 2").unwrap();
        assert_eq!(
            (settings.prefix.as_str(), settings.instances),
            ("/w", Some(3))
        );
    }

    #[test]
    fn what_a_plugin_may_not_set_is_refused_by_name() {
        let mut fresh = host();
        fresh.limits.isolation = Isolation::Request;
        fresh.plugins.clear();
        for (config, toml, words) in [
            (
                &host(),
                "limits = { cpu_ms = 501 }",
                "`plugin.toml`: `limits.cpu_ms` is 501, and the host allows 500",
            ),
            (
                &fresh,
                "limits = { isolation = \"reuse\" }",
                "the host allows \"request\"",
            ),
            (&host(), "instances = 65", "`limits.concurrency` allows 64"),
            (
                &host(),
                "\n\ngrants = 1",
                "`plugin.toml`, line 3: unknown field `grants`",
            ),
            (
                &host(),
                "limits = { cpu_sm = 1 }",
                "there is no limit `cpu_sm`",
            ),
            (
                &host(),
                "limits = { cpu_ms = 0 }",
                "`limits.cpu_ms` is 0; it must be at least 1",
            ),
            (
                &host(),
                "limits = { cpu_ms = \"1\" }",
                "must be a whole number",
            ),
            (
                &host(),
                "limits = { rate_requests = 1 }",
                "`limits.rate_requests` is the host's to set",
            ),
            (
                &host(),
                "limits = { json = \"loose\" }",
                "unknown variant `loose`",
            ),
            (
                &host(),
                "prefix = \"wiki\"",
                "`prefix` is `wiki`, which does not begin with `/`",
            ),
            (&host(), "prefix = ", "`plugin.toml`, line 1: "),
        ] {
            let Err(error) = of(config, toml) else {
                panic!("{toml}")
            };
            assert!(error.contains(words), "{toml}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
