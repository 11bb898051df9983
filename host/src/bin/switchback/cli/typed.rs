//! Flags as settings: what was typed, by the name that it has in the configuration file.

use std::path::PathBuf;

use toml::Value;

use super::{CommonArgs, DevArgs, ServeArgs, Typed};
use crate::settings::{Key, Wrong, parse_like};

impl ServeArgs {
    pub(crate) fn common(&self) -> &CommonArgs {
        &self.common
    }

    pub(crate) fn typed(&self) -> Result<Typed, Wrong> {
        let mut typed = self.common.typed()?;
        let mut add = |section: &str, name: &str, value: Option<Value>, flag: &str| {
            typed
                .extend(value.map(|value| (vec![section.into(), name.into()], value, flag.into())));
        };
        let path = |path: &PathBuf| Value::String(path.to_string_lossy().into_owned());
        add(
            "serve",
            "plugins",
            self.plugins.as_ref().map(path),
            "--plugins",
        );
        add(
            "serve",
            "listen",
            (!self.listen.is_empty()).then(|| Value::from(self.listen.clone())),
            "--listen",
        );
        add(
            "serve",
            "admin",
            self.admin.clone().map(Value::String),
            "--admin",
        );
        add(
            "serve",
            "strict",
            self.strict.then_some(Value::Boolean(true)),
            "--strict",
        );
        add("serve", "log", self.log.clone().map(Value::String), "--log");
        add(
            "serve",
            "log_format",
            self.log_format
                .map(|format| Value::String(format.name().into())),
            "--log-format",
        );
        add(
            "serve",
            "access_log",
            self.no_access_log.then_some(Value::Boolean(false)),
            "--no-access-log",
        );
        add(
            "serve",
            "threads",
            self.threads.map(|count| Value::Integer(count.into())),
            "--threads",
        );
        let list = |files: &Vec<String>| (!files.is_empty()).then(|| Value::from(files.clone()));
        add(
            "serve",
            "tls_certificates",
            list(&self.tls_certificate),
            "--tls-certificate",
        );
        add("serve", "tls_keys", list(&self.tls_key), "--tls-key");
        add(
            "host",
            "revision_header",
            self.revision_header.then_some(Value::Boolean(true)),
            "--revision-header",
        );
        add(
            "host",
            "pages",
            self.no_pages.then_some(Value::Boolean(false)),
            "--no-pages",
        );
        Ok(typed)
    }
}

impl DevArgs {
    pub(crate) fn typed(&self) -> Result<Typed, Wrong> {
        let mut typed = self.common.typed()?;
        for (name, value, flag) in [
            ("listen", &self.listen, "--listen"),
            ("log", &self.log, "--log"),
        ] {
            let key = vec!["serve".into(), name.into()];
            typed.extend(
                value
                    .clone()
                    .map(|value| (key, Value::String(value), flag.into())),
            );
        }
        Ok(typed)
    }
}

impl CommonArgs {
    /// The file that was named, or the one that lies here.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        let here = || Some(PathBuf::from("switchback.toml")).filter(|file| file.exists());
        self.config.clone().or_else(here)
    }

    pub(crate) fn typed(&self) -> Result<Typed, Wrong> {
        let cache_dir = || vec!["host".into(), "cache_dir".into()];
        let mut typed = Typed::new();
        if let Some(dir) = &self.cache_dir {
            typed.push((
                cache_dir(),
                Value::String(dir.to_string_lossy().into_owned()),
                "--cache-dir".into(),
            ));
        }
        if self.no_cache {
            typed.push((
                cache_dir(),
                Value::String(String::new()),
                "--no-cache".into(),
            ));
        }
        for set in &self.set {
            let flag = format!("--set {set}");
            let Some((key, text)) = set.split_once('=') else {
                return Err(Wrong(vec![format!(
                    "{flag}: write KEY=VALUE, as in `--set limits.cpu_ms=200`"
                )]));
            };
            let key: Key = key.trim().split('.').map(String::from).collect();
            let value = parse_like(&key, text.trim())
                .map_err(|what| Wrong(vec![format!("{flag}: {what}")]))?;
            typed.push((key, value, flag));
        }
        Ok(typed)
    }
}
