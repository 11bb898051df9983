//! What can be changed of what a host serves: the changes, and how each is made ready for the swap.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::api::Served;
use crate::component::Component;
use crate::config::{NAME_RULE, is_plugin_name};
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::history::{Content, Entry, How};
use crate::host::{Host, Inner};
use crate::load::{Loaded, Own};
use crate::revision::Revision;
use crate::rollout::{Candidate, Rollout};
use crate::runtime::{blocking, hex};
use crate::spool::Disk;
use crate::stage::Noted;

/// One thing to change.
#[derive(Clone, Debug)]
pub enum Change {
    /// Serve this component under this name, instead of what is served under it now.
    Deploy {
        /// `[a-z][a-z0-9-]*`, at most 64 characters.
        name: String,
        /// The component, and what lies beside it.
        component: Component,
    },
    /// Serve the plugin no more.
    Remove {
        /// Its name.
        name: String,
    },
    /// Serve again what an earlier revision was, as a new revision.
    RollBack {
        /// The plugin.
        name: String,
        /// Which revision; none: the newest before the one that serves, of those that differ from it.
        revision: Option<u64>,
    },
    /// Try a component beside what serves under this name: it gets a part of the requests.
    Try {
        /// The plugin.
        name: String,
        /// The component, and what lies beside it.
        component: Component,
        /// Which requests it gets, and whether it comes to serve alone.
        rollout: Rollout,
    },
    /// Give the candidate other requests.
    Weigh {
        /// The plugin.
        name: String,
        /// Which.
        rollout: Rollout,
    },
    /// Let the candidate serve alone.
    Promote {
        /// The plugin.
        name: String,
    },
    /// Serve the candidate no more.
    Withdraw {
        /// The plugin.
        name: String,
    },
    /// Serve under this name what a revision of another plugin is or was: beside it, under a prefix of its own.
    Mount {
        /// The name that it is served under.
        name: String,
        /// The other plugin.
        of: String,
        /// Its revision; none: the one that serves. It stays that one, whatever becomes of the other plugin.
        revision: Option<u64>,
        /// Where its paths begin; none: as is set for the name.
        prefix: Option<String>,
    },
    /// Serve the plugin no more until it is enabled, whatever is deployed.
    Disable {
        /// Its name.
        name: String,
    },
    /// Serve a disabled plugin again: the newest that was deployed of it.
    Enable {
        /// Its name.
        name: String,
    },
}

impl Change {
    /// The plugin it is about.
    pub fn name(&self) -> &str {
        match self {
            Change::Deploy { name, .. }
            | Change::Remove { name }
            | Change::RollBack { name, .. }
            | Change::Try { name, .. }
            | Change::Weigh { name, .. }
            | Change::Promote { name }
            | Change::Withdraw { name }
            | Change::Mount { name, .. }
            | Change::Disable { name }
            | Change::Enable { name } => name,
        }
    }

    /// What it does, for the audit log.
    fn verb(&self) -> &'static str {
        match self {
            Change::Deploy { .. } => "deploy",
            Change::Remove { .. } => "remove",
            Change::RollBack { .. } => "rollback",
            Change::Try { .. } => "try",
            Change::Weigh { .. } => "weigh",
            Change::Promote { .. } => "promote",
            Change::Withdraw { .. } => "withdraw",
            Change::Mount { .. } => "mount",
            Change::Disable { .. } => "disable",
            Change::Enable { .. } => "enable",
        }
    }
}

/// What became of some changes: one outcome a name, in the order asked.
#[derive(Debug)]
pub struct Applied {
    /// The set that is served now, counted.
    pub generation: u64,
    /// What became of each.
    pub outcomes: Vec<(String, Result<Deployed, Error>)>,
}

/// A change that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deployed {
    /// The revision that serves now; of a plugin that is not served any more its last.
    pub revision: u64,
    /// What the contract says and this host does not enforce, and what else there is to say of the change.
    pub warnings: Vec<String>,
}

/// A change that only has to be shown.
pub(crate) enum Ready {
    Gone,
    Off,
    Plugin(Box<Loaded>),
    /// Beside what serves.
    Candidate(Box<Loaded>, Rollout),
    /// A change of what is tried, if it still is this revision.
    Trial(Trial, Option<u64>),
    /// Nothing changes, and this is why.
    Same(&'static str),
}

/// What becomes of a candidate.
pub(crate) enum Trial {
    Weigh(Rollout),
    /// How it came to serve alone, in words.
    Promote(String),
    /// Why it is gone, in words.
    Withdraw(String),
}

impl Trial {
    /// The plugin as it is served then.
    pub(crate) fn of(
        self,
        stable: Arc<Revision>,
        candidate: &Candidate,
    ) -> Result<(Served, Noted), Error> {
        let alone = |stable| Served {
            stable,
            candidate: None,
        };
        Ok(match self {
            Trial::Weigh(rollout) => {
                let candidate = Some(Arc::new(candidate.under(rollout)?));
                (Served { stable, candidate }, Noted::Weighed)
            }
            Trial::Promote(how) => (alone(candidate.revision.clone()), Noted::Promoted(how)),
            Trial::Withdraw(why) => (alone(stable), Noted::Withdrawn(why)),
        })
    }
}

/// What every change is told while the host shuts down.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the host is shutting down")
}

/// Who asks where nobody is named: the program that the host is in.
pub(crate) const PROGRAM: &str = "program";

const ASIDE: &str = "it does not count until the file changes: the plugin was rolled back, or deployed by other means, \
                     after it came";

impl Host {
    /// Carries out several changes as one swap: components are compiled and asked for their contracts beside the
    /// traffic; then routes and documents change in one step. A change that cannot be carried out leaves its plugin as
    /// it was, and the others are carried out all the same. If two changes of one plugin overlap, the later call wins.
    pub async fn apply(&self, changes: Vec<Change>) -> Applied {
        self.apply_as(PROGRAM, changes).await
    }

    /// Carries out changes as [`Host::apply`] does, and tells history and audit log who asked for them.
    pub async fn apply_as(&self, who: &str, changes: Vec<Change>) -> Applied {
        let named = |change: Change| (change.name().into(), Wanted::Asked(change));
        self.carry_out(who, changes.into_iter().map(named).collect())
            .await
    }

    /// Serves what served before the host started, where nothing else has taken its place: what was deployed by other
    /// means than the plugins folder, and the last good state of what lies there and is refused. `is_there` tells of a
    /// plugin whether it is in the folder.
    pub(crate) async fn resume(&self, is_there: impl Fn(&str) -> bool) -> Applied {
        let wanted = {
            let served = self.0.api.load_full();
            let mut books = self.0.books();
            let before = books.pasts().filter(|(name, past)| {
                past.serving.is_some() && !past.disabled && served.find(name).is_none()
            });
            let before: Vec<(Arc<str>, bool)> = before
                .map(|(name, past)| (name.into(), past.from_folder && !is_there(name)))
                .collect();
            let mut wanted = Vec::new();
            for (name, is_gone) in before {
                let past = &mut books.of(&name, &self.0.lane).past;
                match past.serving {
                    Some(was) if !is_gone => wanted.push((name, Wanted::AsBefore(was))),
                    _ => past.ends("its file was gone when the host started"),
                }
            }
            wanted
        };
        self.carry_out("host", wanted).await
    }

    /// Goes back from a revision that does worse, unless it serves no more.
    pub(crate) async fn back_from(&self, name: &Arc<str>, from: u64, to: u64, reason: String) {
        tracing::error!(plugin = &**name, from, to, "it is rolled back: {reason}");
        self.0.commons.tell(Event::WentBack {
            plugin: name.clone(),
            from,
            to,
            reason: reason.clone(),
        });
        let wanted = Wanted::Back { from, to, reason };
        self.carry_out("host", vec![(name.clone(), wanted)]).await;
    }

    /// Ends a candidate's time, unless it is over already.
    pub(crate) async fn trial_over(&self, name: &Arc<str>, candidate: u64, trial: Trial) {
        let wanted = Wanted::Over(candidate, trial);
        self.carry_out("host", vec![(name.clone(), wanted)]).await;
    }

    pub(crate) async fn carry_out(&self, who: &str, changes: Vec<(Arc<str>, Wanted)>) -> Applied {
        let mut latest: BTreeMap<Arc<str>, (u64, Wanted)> = BTreeMap::new();
        let mut order = Vec::new();
        let mut places = HashMap::new();
        for (name, wanted) in changes {
            if !order.contains(&name) {
                order.push(name.clone());
            }
            if let Wanted::Asked(Change::Deploy { component, .. }) = &wanted
                && let Some(place) = &component.place
            {
                places.insert(name.clone(), place.clone());
            }
            let turn = self.0.books().ask();
            latest.insert(name, (turn, wanted));
        }
        let mut loading = Vec::new();
        let mut verbs = HashMap::new();
        for (name, (turn, wanted)) in latest {
            let verb = match &wanted {
                Wanted::Asked(change) => change.verb(),
                Wanted::AsBefore(_) => "resume",
                Wanted::Back { .. } => "rollback",
                Wanted::Anew(_) => "reconfigure",
                Wanted::Over(_, Trial::Promote(_)) => "promote",
                Wanted::Over(..) => "withdraw",
            };
            verbs.insert(name.clone(), verb);
            let this = self.0.clone();
            // A task for each, so that they load side by side; `apply` awaits them all.
            loading.push(tokio::spawn(async move {
                let ready = match this.closed.load(Relaxed) {
                    true => Err(closed()),
                    false => this.prepare(&name, wanted).await,
                };
                (name, turn, ready)
            }));
        }
        let mut ready = Vec::new();
        for task in loading {
            match task.await {
                Ok(loaded) => ready.push(loaded),
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        }
        let mut swapped = self.0.swap(who, ready, &places);
        self.0.remember(who, &verbs, &mut swapped).await;
        let mut outcomes = swapped.outcomes;
        let outcomes = order
            .into_iter()
            .filter_map(|name| Some((name.to_string(), outcomes.remove(&name)?)))
            .collect();
        Applied {
            generation: swapped.generation,
            outcomes,
        }
    }
}

/// What is to be done for a plugin.
pub(crate) enum Wanted {
    Asked(Change),
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
    async fn prepare(&self, name: &Arc<str>, wanted: Wanted) -> Result<Ready, Error> {
        let change = match wanted {
            Wanted::Asked(change) => change,
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
        let loaded = self.smoke_test(name, loaded, skips_smoke_test).await?;
        let mut loaded = self.warm(name, loaded).await?;
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
            return Ok(Ready::Plugin(Box::new(Loaded {
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
                warm: Vec::new(),
            })));
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
        Ok(Ready::Plugin(Box::new(loaded)))
    }
}
