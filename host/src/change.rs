//! What can be changed of what a host serves: the changes, and the one way that they are carried out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::api::Served;
use crate::component::Component;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::host::Host;
use crate::load::Loaded;
use crate::prepare::Wanted;
use crate::revision::Revision;
use crate::rollout::{Candidate, Rollout};
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
    FileGone,
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
                if !is_there(&name) {
                    past.aside = None;
                }
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
                Wanted::FileGone => "remove",
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
        self.0.note_refused(who, &verbs, &places, &swapped.outcomes);
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
