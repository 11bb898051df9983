//! From a component to what could be served: compiled, asked for its contract, and with all that its configuration and
//! its contract come to.

use std::sync::Arc;

use bytes::Bytes;

use crate::component::{Component, STATIC};
use crate::config::{Config, HostConfig, Isolation, KEPT_AND_FRESH, NAME_RULE, is_plugin_name};
use crate::error::{Error, ErrorKind};
use crate::files::{Most, Site, Tree};
use crate::history::{Content, Entry, How};
use crate::host::Inner;
use crate::notice::Notice;
use crate::revision::Terms;
use crate::runtime::{Code, Purpose, blocking, hex};
use crate::spool::Disk;
use crate::warm::Warm;

/// A plugin that could be served, and how.
pub(crate) struct Loaded {
    pub(crate) code: Arc<Code>,
    pub(crate) terms: Terms,
    pub(crate) content: Content,
    pub(crate) settings: Option<Bytes>,
    pub(crate) files: Option<Arc<Tree>>,
    /// Of its files.
    pub(crate) bytes: u64,
    /// What is to be written down; none where it is already.
    pub(crate) component: Option<Component>,
    pub(crate) how: How,
    /// Where its paths begin, if that was said when it was mounted.
    pub(crate) prefix: Option<String>,
    /// The revision that it was before the host started; none for a new one.
    pub(crate) resumes: Option<u64>,
    /// What there is to say of it besides its contract's own warnings.
    pub(crate) warnings: Vec<String>,
    /// Only if this revision still serves.
    pub(crate) replaces: Option<u64>,
    /// Instances to begin with.
    pub(crate) warm: Warm,
}

/// What a plugin has of its own beside its code.
#[derive(Clone, Copy, Default)]
pub(crate) struct Own<'a> {
    /// A `plugin.toml`.
    pub(crate) settings: Option<&'a [u8]>,
    /// Where it was mounted.
    pub(crate) prefix: Option<&'a str>,
    pub(crate) files: Option<&'a Arc<Tree>>,
}

impl Entry {
    pub(crate) fn own(&self) -> Own<'_> {
        Own {
            settings: self.settings.as_deref(),
            prefix: self.prefix.as_deref(),
            files: self.files.as_ref(),
        }
    }
}

/// Whether a path belongs to the host itself.
pub(crate) fn is_reserved(path: &str, host: &HostConfig) -> bool {
    own_paths(host).into_iter().any(|own| {
        path.strip_prefix(own)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// What the host serves itself, with all that is below.
fn own_paths(host: &HostConfig) -> Vec<&str> {
    let (openapi, stem) = (host.openapi_path.as_str(), host.openapi_stem());
    let mut own = vec!["/-", &host.docs_path, &host.redoc_path, openapi];
    if stem != openapi {
        own.push(stem);
    }
    own.retain(|path| !path.is_empty());
    own
}

impl Inner {
    pub(crate) async fn load(
        &self,
        name: &Arc<str>,
        component: Component,
        allowed: &[String],
    ) -> Result<Loaded, Error> {
        if !is_plugin_name(name) {
            return Err(Error::new(
                ErrorKind::Name,
                format!("plugin name `{name}`: {NAME_RULE}; rename the file"),
            ));
        }
        let config = self.config.load_full();
        // For a large component each takes tens of milliseconds.
        let (trust, asked) = (self.api.load().setup.trust.clone(), component.clone());
        let content = blocking(move || {
            let content = hex(&asked.digest());
            trust.check(&asked, &content)?;
            Ok(content)
        })
        .await?;
        let settings = config.settings_of(name, component.settings.as_deref())?;
        if let Some(files) = &component.files {
            let most = Most {
                files: settings.limits.files,
                bytes: settings.limits.files_bytes,
            };
            let wrong = |why| Error::new(ErrorKind::File, format!("`{STATIC}`: {why}"));
            files.check(most).map_err(wrong)?;
        }
        let purpose = Purpose {
            plugin: name.clone(),
            limits: settings.limits,
            lanes: self.books().of(name, &self.lane).lanes.clone(),
            allowed: allowed.to_vec(),
            document: component.document.clone(),
        };
        let code = self.loader.load(component.bytes.clone(), &purpose).await?;
        // The newest, which may be another by now.
        let config = self.config.load_full();
        let files = match component.files.clone() {
            Some(files) => {
                let disk = Disk(self.host.spool_dir.clone());
                let wrong = |why| Error::new(ErrorKind::File, format!("`{STATIC}`: {why}"));
                Some(blocking(move || files.sparing_memory(&disk).map_err(wrong)).await?)
            }
            None => None,
        };
        let own = Own {
            settings: component.settings.as_deref(),
            prefix: None,
            files: files.as_ref(),
        };
        let terms = self.terms(&config, name, &code, own)?;
        Ok(Loaded {
            code,
            terms,
            content,
            settings: component.settings.clone(),
            files,
            bytes: component.len(),
            component: Some(component),
            how: How::Deployed,
            prefix: None,
            resumes: None,
            warnings: Vec::new(),
            replaces: None,
            warm: Warm::default(),
        })
    }

    /// How a plugin is served under a configuration, with this code and what it has of its own.
    pub(crate) fn terms(
        &self,
        config: &Config,
        name: &Arc<str>,
        code: &Code,
        own: Own<'_>,
    ) -> Result<Terms, Error> {
        let mut settings = config.settings_of(name, own.settings)?;
        if let Some(prefix) = own.prefix {
            settings.mount(name, prefix)?;
        }
        if let Some(instances) = code.contract.instances
            && settings.limits.isolation == Isolation::Request
        {
            let message =
                format!("the contract's `x-switchback-instances` is {instances}, {KEPT_AND_FRESH}");
            return Err(Error::new(ErrorKind::Contract, message));
        }
        // Where its paths begin: as configured, else at the root, or under its name if it takes every path.
        let prefix = match settings.prefix.as_str() {
            "" if code.contract.is_catch_all() => format!("/{name}"),
            configured => configured.trim_end_matches('/').into(),
        };
        for (_, operation) in code.contract.routed() {
            let path = format!("{prefix}{}", operation.path);
            if is_reserved(&path, &self.host) {
                let message = format!(
                    "`{} {path}` is one of the host's own paths ({}): change the path, or give the plugin a `prefix`",
                    operation.method,
                    own_paths(&self.host).join(", "),
                );
                return Err(Error::new(ErrorKind::Clash, message));
            }
        }
        let site = own
            .files
            .map(|files| Site::tree(&prefix, settings.files, files.clone()));
        if let Some(site) = &site
            && is_reserved(&site.path, &self.host)
        {
            let message = format!(
                "its static files would be at `{}`, which is one of the host's own paths ({}): set `files.path`",
                site.path,
                own_paths(&self.host).join(", "),
            );
            return Err(Error::new(ErrorKind::Clash, message));
        }
        let mut limits = settings.limits;
        let instances = settings.instances.or(code.contract.instances);
        if let Some(instances) = instances {
            limits.concurrency = instances;
        }
        let own = config.plugins.get(&**name);
        Ok(Terms {
            prefix: prefix.into(),
            site: site.map(Arc::new),
            limits: limits.into(),
            instances,
            hidden: own.is_some_and(|own| own.hidden),
            notice: own.and_then(Notice::of),
            judgement: None,
            rehearsal: false,
        })
    }
}
