//! Other limits while the host serves: new revisions of the code that is there.

use std::sync::Arc;

use crate::change::Applied;
use crate::config::Config;
use crate::error::Error;
use crate::files::Site;
use crate::host::{Host, Inner, folders};
use crate::load::Own;
use crate::prepare::Wanted;
use crate::revision::{Revision, Terms};
use crate::setup::Setup;

impl Host {
    /// Takes another configuration. Each plugin for which that changes something is
    /// served by a new revision of the same code from then on, in one swap; its candidate, if it has one, is withdrawn.
    /// `connections` hold for those that come. What [`HostConfig::FIXED`](crate::HostConfig::FIXED) names stays as it was when the host was built.
    ///
    /// # Errors
    ///
    /// A setting cannot be used ([`ErrorKind::Config`](crate::ErrorKind::Config)), or some plugin that is served cannot be served under it: then
    /// everything holds as it did.
    pub async fn reconfigure(&self, config: Config) -> Result<Applied, Error> {
        let inner = &*self.0;
        let before = inner.config.load_full();
        let config = Config {
            host: config.host.fixed_as(&before.host),
            ..config
        };
        config.validate().map_err(Error::from)?;
        let mut changed = Vec::new();
        for (name, served) in inner.api.load().set() {
            let revision = served.stable;
            let terms = inner.terms_of(&config, &revision).map_err(|error| {
                let message = format!("plugin `{name}` could not be served by it: {error}");
                Error::with_source(error.kind(), message, error)
            })?;
            if differs(&revision, &terms) {
                changed.push((name, Wanted::Anew(revision.number)));
            }
        }
        if front(&config) != front(&before) {
            let folders = match config.files == before.files {
                true => None,
                false => Some(folders(&config)?),
            };
            let _books = inner.books();
            let api = inner.api.load();
            let setup = Setup::new(&config, Some(&api.setup)).map_err(Error::from)?;
            inner
                .api
                .store(Arc::new(api.with_setup(Arc::new(setup), folders)?));
        }
        inner.commons.faults.set(config.faults.clone());
        inner.config.store(Arc::new(config));
        Ok(self.carry_out("configuration", changed).await)
    }
}

impl Inner {
    /// How what is served would be served under a configuration.
    fn terms_of(&self, config: &Config, revision: &Revision) -> Result<Terms, Error> {
        let name = &revision.name;
        let entry = {
            let books = self.books();
            let past = books.past(name);
            past.and_then(|past| past.entry(revision.number).cloned())
        };
        match &entry {
            Some(entry) => self.terms(config, name, &revision.code, entry.own()),
            None => self.terms(config, name, &revision.code, Own::default()),
        }
    }
}

/// All that requests meet before they are a plugin's.
fn front(config: &Config) -> impl PartialEq {
    let Config {
        host,
        files,
        cors,
        compression,
        trust,
        plugins,
        ..
    } = config.clone();
    let of_plugins = plugins
        .into_iter()
        .map(|(name, plugin)| (name, plugin.cors));
    let of_plugins: Vec<_> = of_plugins.collect();
    (host, files, cors, compression, trust, of_plugins)
}

fn differs(revision: &Revision, terms: &Terms) -> bool {
    revision.limits != terms.limits
        || revision.prefix != terms.prefix
        || revision.notice != terms.notice
        || revision.site.as_deref().map(Site::terms) != terms.site.as_deref().map(Site::terms)
        || revision.pool.keeps != terms.instances.is_some()
}
