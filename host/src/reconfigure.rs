//! Other limits while the host serves: new revisions of the code that is there.

use std::sync::Arc;

use crate::change::Applied;
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::files::Site;
use crate::host::{Host, Inner, folders};
use crate::load::Own;
use crate::prepare::Wanted;
use crate::revision::{Revision, Terms};

impl Host {
    /// Takes all but `host` of another configuration. Each plugin for which that changes something is
    /// served by a new revision of the same code from then on, in one swap; its candidate, if it has one, is withdrawn.
    /// `connections` hold for those that come; `host` as it was when the host was built.
    ///
    /// # Errors
    ///
    /// A setting cannot be used ([`ErrorKind::Config`]), or some plugin that is served cannot be served under it: then
    /// everything holds as it did.
    pub async fn reconfigure(&self, config: Config) -> Result<Applied, Error> {
        let inner = &*self.0;
        let config = Config {
            host: inner.config.load().host.clone(),
            ..config
        };
        config
            .validate()
            .map_err(|error| Error::with_source(ErrorKind::Config, error.to_string(), error))?;
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
        if config.files != inner.config.load().files {
            let folders = folders(&config)?;
            let _books = inner.books();
            let next = inner.api.load().with_folders(folders)?;
            inner.api.store(Arc::new(next));
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

fn differs(revision: &Revision, terms: &Terms) -> bool {
    revision.limits != terms.limits
        || revision.prefix != terms.prefix
        || revision.notice != terms.notice
        || revision.site.as_deref().map(Site::terms) != terms.site.as_deref().map(Site::terms)
        || revision.pool.keeps != terms.instances.is_some()
}
