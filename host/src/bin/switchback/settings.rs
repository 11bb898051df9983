//! Every setting in force and where it came from: defaults, then the file, then the environment, then flags.

mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use switchback::{Config, HostConfig};
use toml::{Table, Value};

pub(crate) use self::keys::{WHOLE, check, flatten, parse_like};
use self::keys::{every_setting, insert, variable};
use crate::doors::{self, Listen};
use crate::file;

/// `["limits", "cpu_ms"]`.
pub(crate) type Key = Vec<String>;

/// What only the program has: the library neither listens nor logs by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Serve {
    /// Where to listen. Only this machine: who wants more says so.
    pub(crate) listen: Listen,
    /// Who may connect to a Unix socket: its mode, in octal.
    pub(crate) socket_mode: String,
    /// How long to go on accepting when told to stop, while `/-/ready` says that it is over.
    pub(crate) notice_ms: u64,
    /// The plugins folder.
    pub(crate) plugins: PathBuf,
    /// Where the operator's API and page are, beside the socket in the state folder; none.
    pub(crate) admin: String,
    /// A file with the token that they ask for; none: they answer this machine only.
    pub(crate) admin_token_file: String,
    /// Whether to exit at once if a plugin cannot be served.
    pub(crate) strict: bool,
    /// What is logged: a level, or `tracing` directives.
    pub(crate) log: String,
    /// How it is logged.
    pub(crate) log_format: LogFormat,
    /// Whether each request is logged.
    pub(crate) access_log: bool,
    /// Threads that serve; 0: one a core.
    pub(crate) threads: usize,
    /// Files of certificates, each with its chain; none: no TLS.
    pub(crate) tls_certificates: Vec<String>,
    /// Files of their keys, in the same order; none: each is in the file of its certificate.
    pub(crate) tls_keys: Vec<String>,
    /// For how long browsers come by TLS alone, in seconds; 0: answers do not say so.
    pub(crate) hsts_s: u64,
}

/// More threads than any machine has cores would only take memory.
const MOST_THREADS: u64 = 1024;
/// Ten minutes: whoever is told to stop is to stop.
const MOST_NOTICE_MS: u64 = 600_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people; coloured on a terminal
    Human,
    /// A JSON object a line
    Json,
}

impl LogFormat {
    /// As it is written in the configuration file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            LogFormat::Human => "human",
            LogFormat::Json => "json",
        }
    }
}

impl Default for Serve {
    fn default() -> Serve {
        Serve {
            listen: Listen(vec!["127.0.0.1:8000".into()]),
            socket_mode: "0660".into(),
            notice_ms: 0,
            plugins: "./plugins".into(),
            admin: String::new(),
            admin_token_file: String::new(),
            strict: false,
            log: "info".into(),
            log_format: LogFormat::Human,
            access_log: true,
            threads: 0,
            tls_certificates: Vec::new(),
            tls_keys: Vec::new(),
            hsts_s: 0,
        }
    }
}

/// All of it, as one type: for its keys, and to check single values.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Whole {
    serve: Serve,
    host: switchback::HostConfig,
    connections: switchback::ConnectionLimits,
    limits: switchback::Limits,
    probation: switchback::Probation,
    faults: switchback::FaultConfig,
    trust: switchback::TrustConfig,
    cors: switchback::Cors,
    compression: switchback::Compression,
    plugins: BTreeMap<String, switchback::PluginConfig>,
    files: Vec<switchback::FolderConfig>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    Default,
    File {
        path: PathBuf,
        line: usize,
        text: String,
    },
    Environment(String),
    Flag(String),
}

/// One value, and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// Every setting in force.
#[derive(Debug)]
pub(crate) struct Settings(BTreeMap<Key, Setting>);

/// What is wrong, one line or a few for each thing.
#[derive(Debug)]
pub(crate) struct Wrong(pub(crate) Vec<String>);

impl From<switchback::Error> for Wrong {
    fn from(error: switchback::Error) -> Wrong {
        Wrong(vec![error.to_string()])
    }
}

impl Settings {
    /// Puts the layers on each other. `flags` are keys, values and the flags as they are typed; `file` is where the
    /// configuration file is, if there is one.
    pub(crate) fn load(
        file: Option<PathBuf>,
        environment: impl Iterator<Item = (String, String)>,
        flags: Vec<(Key, Value, String)>,
    ) -> Result<Settings, Wrong> {
        let mut settings = Settings(defaults(
            std::env::var_os("XDG_CACHE_HOME"),
            std::env::var_os("HOME"),
        ));
        let mut wrong = Vec::new();
        if let Some(path) = file {
            let set = file::read(&path, &mut wrong);
            settings.lay(set, &mut wrong);
        }
        let set = environment_layer(environment, &mut wrong);
        settings.lay(set, &mut wrong);
        let flags = flags.into_iter().map(|(key, value, flag)| {
            (
                key,
                Setting {
                    value,
                    origin: Origin::Flag(flag),
                },
            )
        });
        settings.lay(flags.collect(), &mut wrong);
        if wrong.is_empty() {
            Ok(settings)
        } else {
            Err(Wrong(wrong))
        }
    }

    /// Unless something else is set, no answer goes out that breaks its contract: for who develops.
    pub(crate) fn enforcing_answers(mut self) -> Settings {
        let key = ["limits", "answers"].map(String::from).to_vec();
        if let Some(setting) = self.0.get_mut(&key)
            && setting.origin == Origin::Default
        {
            setting.value = "enforced".into();
        }
        self
    }

    /// The settings as the types that use them.
    pub(crate) fn resolve(&self) -> Result<(Config, Serve), Wrong> {
        let mut table = Table::new();
        for (key, setting) in &self.0 {
            if let [plugins, name, section, _] = &key[..] {
                // A plugin's section is everyone's, but for what it sets.
                for (base, setting) in self.0.iter().filter(|(base, _)| base[0] == *section) {
                    let own = vec![
                        plugins.clone(),
                        name.clone(),
                        section.clone(),
                        base[1].clone(),
                    ];
                    if !self.0.contains_key(&own) {
                        insert(&mut table, &own, setting.value.clone());
                    }
                }
            }
            // An empty cache folder is none.
            if !(key[..] == ["host", "cache_dir"] && setting.value.as_str() == Some("")) {
                insert(&mut table, key, setting.value.clone());
            }
        }
        let whole =
            Whole::deserialize(table).map_err(|error| Wrong(vec![error.message().to_string()]))?;
        let Whole {
            serve,
            host,
            connections,
            limits,
            probation,
            faults,
            trust,
            cors,
            compression,
            plugins,
            files,
        } = whole;
        let config = Config {
            host,
            connections,
            limits,
            probation,
            faults,
            trust,
            cors,
            compression,
            plugins,
            files,
        };
        config.validate().map_err(|error| {
            let key: Key = error.key.split('.').map(String::from).collect();
            Wrong(vec![self.origin(&key).explain(&error.to_string())])
        })?;
        for (name, value, most) in [
            ("threads", serve.threads as u64, MOST_THREADS),
            ("notice_ms", serve.notice_ms, MOST_NOTICE_MS),
        ] {
            if value > most {
                let what = format!("`serve.{name}` is {value}, and can be {most} at most");
                return Err(self.wrong_in_serve(name, &what));
            }
        }
        if let Err(Wrong(what)) = doors::mode(&serve.socket_mode) {
            return Err(self.wrong_in_serve("socket_mode", &what.concat()));
        }
        Ok((config, serve))
    }

    fn wrong_in_serve(&self, name: &str, what: &str) -> Wrong {
        let key = ["serve".to_owned(), name.to_owned()];
        Wrong(vec![self.origin(&key).explain(what)])
    }

    /// What is not as it was and holds from the next start on, a line for each setting.
    pub(crate) fn for_the_next_start(&self, before: &Settings) -> Vec<String> {
        let keys = self.0.keys().chain(before.0.keys());
        let is_fixed = |key: &&Key| match key.as_slice() {
            [section, ..] if section == "serve" => true,
            [section, name, ..] => section == "host" && HostConfig::FIXED.contains(&name.as_str()),
            _ => false,
        };
        let keys: BTreeSet<&Key> = keys.filter(is_fixed).collect();
        let value = |settings: &Settings, key| Some(settings.0.get(key)?.value.clone());
        let differ = keys
            .into_iter()
            .filter(|key| value(self, *key) != value(before, *key));
        let told = differ.map(|key| match value(self, key) {
            Some(value) => format!("{} = {value}", key.join(".")),
            None => key.join("."),
        });
        told.collect()
    }

    /// Where a setting came from; for one that a plugin takes from everyone's, where that came from.
    fn origin(&self, key: &[String]) -> Origin {
        let own = self.0.get(key).or_else(|| match key {
            [_, _, section, name] => self.0.get(&vec![section.clone(), name.clone()]),
            // A section as a whole: where its first setting is.
            _ => self
                .0
                .iter()
                .find(|(other, _)| other.starts_with(key))
                .map(|(_, setting)| setting),
        });
        own.map_or(Origin::Default, |setting| setting.origin.clone())
    }

    fn lay(&mut self, layer: Vec<(Key, Setting)>, wrong: &mut Vec<String>) {
        for (key, setting) in layer {
            match check(&key, &setting.value) {
                Ok(()) => {
                    self.0.insert(key, setting);
                }
                Err(what) => wrong.push(setting.origin.explain(&what)),
            }
        }
    }
}

/// `SWITCHBACK_LIMITS_CPU_MS` for each setting; those of `[serve]` without their section: `SWITCHBACK_LISTEN`.
fn environment_layer(
    environment: impl Iterator<Item = (String, String)>,
    wrong: &mut Vec<String>,
) -> Vec<(Key, Setting)> {
    let keys: BTreeMap<String, Key> = every_setting()
        .into_keys()
        .map(|key| (variable(&key), key))
        .collect();
    let mut set = Vec::new();
    for (name, text) in environment {
        let Some(key) = keys.get(&name) else { continue };
        let origin = Origin::Environment(name);
        match parse_like(key, &text) {
            Ok(value) => set.push((key.clone(), Setting { value, origin })),
            Err(what) => wrong.push(origin.explain(&what)),
        }
    }
    set
}

/// As lines of TOML that could be a `switchback.toml`, each with where its value came from.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<(String, &Origin)> = self
            .0
            .iter()
            .map(|(key, setting)| {
                (
                    format!("{} = {}", key.join("."), setting.value),
                    &setting.origin,
                )
            })
            .collect();
        let width = lines
            .iter()
            .map(|(line, _)| line.len())
            .filter(|width| *width <= 60)
            .max()
            .unwrap_or(0);
        for (line, origin) in lines {
            writeln!(f, "{line:width$}  # {origin}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line, .. } => write!(f, "{}:{line}", path.display()),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Flag(flag) => f.write_str(flag),
        }
    }
}

impl Origin {
    /// What is wrong with a value from here, with the line itself if there is one.
    pub(crate) fn explain(&self, what: &str) -> String {
        match self {
            Origin::File { line, text, .. } => {
                format!("{self}: {what}\n  {line} | {}", text.trim())
            }
            Origin::Default | Origin::Environment(_) | Origin::Flag(_) => format!("{self}: {what}"),
        }
    }
}

/// The cache folder of this user; none if the environment names no home.
fn user_cache(
    xdg: Option<std::ffi::OsString>,
    home: Option<std::ffi::OsString>,
) -> Option<PathBuf> {
    let absolute =
        |dir: std::ffi::OsString| Some(PathBuf::from(dir)).filter(|dir| dir.is_absolute());
    let cache = xdg
        .and_then(absolute)
        .or_else(|| Some(home.and_then(absolute)?.join(".cache")))?;
    Some(cache.join("switchback"))
}

fn defaults(
    xdg: Option<std::ffi::OsString>,
    home: Option<std::ffi::OsString>,
) -> BTreeMap<Key, Setting> {
    let mut whole = Whole::default();
    whole.host.cache_dir = user_cache(xdg, home);
    let table = Table::try_from(&whole).expect("the defaults are plain values");
    let mut flat = BTreeMap::new();
    flatten(&table, &mut Vec::new(), &mut |key, value| {
        flat.insert(
            key,
            Setting {
                value: value.clone(),
                origin: Origin::Default,
            },
        );
    });
    flat
}
