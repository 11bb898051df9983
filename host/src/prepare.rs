//! How each change is made ready for the swap: all of it that takes time, beside the traffic.

use std::sync::Arc;

use crate::change::{Change, Ready, Trial};
use crate::component::Component;
use crate::config::{NAME_RULE, is_plugin_name};
use crate::error::{Error, ErrorKind};
use crate::history::{Content, Entry, How};
use crate::host::Inner;
use crate::load::{Loaded, Own};
use crate::runtime::{blocking, hex};
use crate::spool::Disk;
use crate::warm::Warm;

const ASIDE: &str = "it does not count until the file changes: the plugin was rolled back, deployed by other means, or \
                     removed, after it came";

/// What is to be done for a plugin.
pub(crate) enum Wanted {
    Asked(Change),
    /// Its file is gone from the plugins folder.
    FileGone,
    /// What served before the host started.
    AsBefore(u64),
    /// From a revision that does worse, if it still serves, to another.
    Back {
        from: u64,
        to: u64,
        reason: String,
    },
    /// A revision, if it still serves, by what holds now for its plugin.
    Anew(u64),
    /// The end of a candidate, if it still is this revision.
    Over(u64, Trial),
}

/// What something in the plugins folder is to what its plugin was before.
enum Standing {
    New,
    /// The revision that served before the host started.
    As(u64),
    /// Another than this revision, which the operator wanted after it came.
    Aside(u64),
    /// Nothing new, and this is why.
    Same(&'static str),
}

impl Inner {
    /// All of a change that takes time.
    pub(crate) async fn prepare(&self, name: &Arc<str>, wanted: Wanted) -> Result<Ready, Error> {
        let change = match wanted {
            Wanted::Asked(change) => change,
            Wanted::FileGone => return Ok(Ready::FileGone),
            Wanted::AsBefore(was) => return self.again(name, was, How::Deployed, Some(was)).await,
            Wanted::Over(candidate, trial) => return Ok(Ready::Trial(trial, Some(candidate))),
            Wanted::Anew(revision) => {
                let mut ready = self.again(name, revision, How::Reconfigured, None).await?;
                if let Ready::Plugin(loaded) = &mut ready {
                    loaded.replaces = Some(revision);
                }
                return Ok(ready);
            }
            Wanted::Back { from, to, reason } => {
                let how = How::RolledBack {
                    to,
                    reason: Some(reason),
                };
                let mut ready = self.again(name, to, how, None).await?;
                if let Ready::Plugin(loaded) = &mut ready {
                    loaded.replaces = Some(from);
                }
                return Ok(ready);
            }
        };
        match change {
            Change::Remove { .. } => Ok(Ready::Gone),
            Change::Disable { .. } => Ok(Ready::Off),
            Change::Try {
                component, rollout, ..
            } => {
                let accepts_breaking = component.accepts_breaking;
                let skips_smoke_test = component.skips_smoke_test;
                let loaded = self.load(name, component, &[]).await?;
                let loaded = self.pass(name, loaded, accepts_breaking).await?;
                let loaded = self.first(name, loaded).await?;
                let loaded = self.smoke_test(name, loaded, skips_smoke_test).await?;
                Ok(Ready::Candidate(Box::new(loaded), rollout))
            }
            Change::Weigh { rollout, .. } => Ok(Ready::Trial(Trial::Weigh(rollout), None)),
            Change::Promote { .. } => Ok(Ready::Trial(Trial::Promote("promoted".into()), None)),
            Change::Withdraw { .. } => Ok(Ready::Trial(Trial::Withdraw("withdrawn".into()), None)),
            Change::Deploy { component, .. } => self.prepare_deploy(name, component).await,
            Change::RollBack { revision, .. } => {
                let to = self.revision_before(name, revision)?;
                let how = How::RolledBack { to, reason: None };
                self.again(name, to, how, None).await
            }
            Change::Mount {
                of,
                revision,
                prefix,
                ..
            } => self.mount(name, &of, revision, prefix).await,
            Change::Enable { .. } => {
                let newest = {
                    let books = self.books();
                    let past = books.past(name).filter(|past| past.disabled);
                    let past = past.ok_or_else(|| {
                        let message = format!("plugin `{name}` is not disabled");
                        Error::new(ErrorKind::NotFound, message)
                    })?;
                    past.newest().map(|entry| entry.revision)
                };
                match newest {
                    Some(newest) => self.again(name, newest, How::Enabled, None).await,
                    None => Err(Error::new(
                        ErrorKind::NotFound,
                        format!(
                            "plugin `{name}` is enabled, and nothing is kept of it that could serve: deploy it"
                        ),
                    )),
                }
            }
        }
    }

    async fn prepare_deploy(&self, name: &Arc<str>, component: Component) -> Result<Ready, Error> {
        let resumes = match self.standing(name, &component).await? {
            Standing::Same(why) => return Ok(Ready::Same(why)),
            Standing::Aside(before) => {
                return self.again(name, before, How::Deployed, Some(before)).await;
            }
            Standing::As(before) => Some(before),
            Standing::New => None,
        };
        let accepts_breaking = component.accepts_breaking;
        // What served before the host started has passed, or was forced.
        let skips_smoke_test = component.skips_smoke_test || resumes.is_some();
        let loaded = self.load(name, component, &[]).await?;
        let loaded = self.pass(name, loaded, accepts_breaking).await?;
        let loaded = self.warm(name, loaded).await?;
        let mut loaded = self.smoke_test(name, loaded, skips_smoke_test).await?;
        loaded.resumes = resumes;
        Ok(Ready::Plugin(Box::new(loaded)))
    }

    /// What a component is to what the plugin was before. Only what lies in the plugins folder is offered without being
    /// asked for.
    async fn standing(&self, name: &Arc<str>, component: &Component) -> Result<Standing, Error> {
        if component.place.is_none() {
            return Ok(Standing::New);
        }
        let offered = component.clone();
        let content = blocking(move || Ok(hex(&offered.digest()))).await?;
        Ok(self.standing_of(name, &content))
    }

    fn standing_of(&self, name: &Arc<str>, content: &Content) -> Standing {
        let served = self.api.load().find(name).is_some();
        let mut books = self.books();
        let past = &mut books.of(name, &self.lane).past;
        past.offered = Some(content.clone());
        if past.disabled {
            let known = past
                .newest()
                .is_some_and(|newest| newest.content == *content);
            return match known {
                true => Standing::Same("it is disabled"),
                false => Standing::New,
            };
        }
        // Since before the host started.
        let before = past.serving.filter(|_| !served);
        match before {
            Some(before) if past.aside.as_ref() == Some(content) => Standing::Aside(before),
            None if past.aside.as_ref() == Some(content) => Standing::Same(ASIDE),
            Some(before)
                if past
                    .entry(before)
                    .is_some_and(|was| was.content == *content) =>
            {
                Standing::As(before)
            }
            _ => Standing::New,
        }
    }

    /// Which revision a rollback goes to.
    fn revision_before(&self, name: &str, wanted: Option<u64>) -> Result<u64, Error> {
        let refuse = |message| Err(Error::new(ErrorKind::NotFound, message));
        let books = self.books();
        let Some(past) = books.past(name) else {
            return refuse(format!("no plugin `{name}` is known"));
        };
        if past.disabled {
            return refuse(format!("plugin `{name}` is disabled: enable it first"));
        }
        match wanted {
            Some(revision) if past.serving == Some(revision) => refuse(format!(
                "revision {revision} of plugin `{name}` serves already"
            )),
            Some(revision) if past.entry(revision).is_some() => Ok(revision),
            Some(revision) => refuse(format!(
                "revision {revision} of plugin `{name}` is not kept; its history says which are"
            )),
            None => match past.before() {
                Some(entry) => Ok(entry.revision),
                None => refuse(format!(
                    "nothing is kept of plugin `{name}` that is older than what serves, and differs from it; its history \
                     says what is kept"
                )),
            },
        }
    }

    /// Makes a kept revision ready to serve again.
    pub(crate) async fn again(
        &self,
        name: &Arc<str>,
        revision: u64,
        how: How,
        resumes: Option<u64>,
    ) -> Result<Ready, Error> {
        let kept = self.kept(name, revision)?;
        self.revive(name, kept, how, resumes).await
    }

    pub(crate) fn kept(&self, name: &str, revision: u64) -> Result<Entry, Error> {
        let books = self.books();
        let kept = books.past(name).and_then(|past| past.entry(revision));
        kept.cloned().ok_or_else(|| {
            let message = format!("revision {revision} of plugin `{name}` is not kept any more");
            Error::new(ErrorKind::NotFound, message)
        })
    }

    /// Makes what another plugin is or was ready to serve under a name of its own.
    async fn mount(
        &self,
        name: &Arc<str>,
        of: &str,
        revision: Option<u64>,
        prefix: Option<String>,
    ) -> Result<Ready, Error> {
        let unknown = |what| Error::new(ErrorKind::NotFound, what);
        if !is_plugin_name(name) {
            let message = format!("plugin name `{name}`: {NAME_RULE}");
            return Err(Error::new(ErrorKind::Name, message));
        }
        let serving = self.books().past(of).and_then(|past| past.serving);
        let revision = revision
            .or(serving)
            .ok_or_else(|| unknown(format!("no plugin `{of}` is served")))?;
        let mut kept = self.kept(of, revision)?;
        kept.prefix = prefix.or(kept.prefix);
        let how = How::Mounted {
            of: of.to_owned(),
            revision,
        };
        match self.revive(name, kept, how, None).await? {
            Ready::Plugin(loaded) => {
                let loaded = self.pass(name, *loaded, false).await?;
                Ok(Ready::Plugin(Box::new(loaded)))
            }
            other => Ok(other),
        }
    }

    async fn revive(
        &self,
        name: &Arc<str>,
        kept: Entry,
        how: How,
        resumes: Option<u64>,
    ) -> Result<Ready, Error> {
        if let Some(code) = kept.code.clone() {
            let terms = self.terms(&self.config.load(), name, &code, kept.own())?;
            let loaded = Loaded {
                code,
                terms,
                content: kept.content.clone(),
                settings: kept.settings.clone(),
                files: kept.files.clone(),
                bytes: kept.bytes,
                component: None,
                how,
                prefix: kept.prefix,
                resumes,
                warnings: Vec::new(),
                replaces: None,
                warm: Warm::default(),
            };
            return Ok(Ready::Plugin(Box::new(self.first(name, loaded).await?)));
        }
        let state = self.state.clone().ok_or_else(|| {
            Error::new(
                ErrorKind::Internal,
                "a revision without code and without a place on disk",
            )
        })?;
        let content = kept.content.clone();
        let disk = Disk(self.host.spool_dir.clone());
        let read = tokio::task::spawn_blocking(move || state.component(&content, &disk)).await;
        let component = read.map_err(|why| {
            Error::with_source(ErrorKind::Internal, "reading a kept revision broke", why)
        })??;
        let mut loaded = self.load(name, component, &[]).await?;
        let own = Own {
            settings: loaded.settings.as_deref(),
            prefix: kept.prefix.as_deref(),
            files: loaded.files.as_ref(),
        };
        loaded.terms = self.terms(&self.config.load(), name, &loaded.code, own)?;
        (loaded.how, loaded.resumes, loaded.component) = (how, resumes, None);
        loaded.prefix = kept.prefix;
        Ok(Ready::Plugin(Box::new(self.first(name, loaded).await?)))
    }
}
