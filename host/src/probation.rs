//! Revisions that are watched: a new one after its swap, which goes if it does worse than what was before, and a candidate
//! beside what serves, which goes or comes to serve alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::api::Served;
use crate::change::Trial;
use crate::counts::Tally;
use crate::event::Event;
use crate::health::{self, Terms};
use crate::host::{Host, Inner};
use crate::revision::Revision;
use crate::rollout::Candidate;

/// How often it is looked at.
const ROUND: Duration = Duration::from_millis(200);

/// What an operation came to, by its id.
type Tallies = BTreeMap<String, Tally>;

/// One revision that is watched.
pub(crate) struct Watch {
    plugin: Arc<str>,
    revision: u64,
    kind: Kind,
}

enum Kind {
    /// It has replaced this revision, which came to that much.
    Successor { of: u64, before: Tallies },
    /// It is tried beside what serves under these rules, and may come to serve alone.
    Candidate(Weak<Candidate>),
}

impl Revision {
    /// What its operations came to, by id, as far as they were called.
    pub(crate) fn tallies(&self) -> Tallies {
        let operations = self.code.contract.operations.iter().enumerate();
        operations
            .filter_map(|(at, operation)| Some((operation.id.clone(), self.counts.tally(at)?)))
            .collect()
    }
}

impl Watch {
    /// On a revision that has replaced another.
    pub(crate) fn of_successor(plugin: &Arc<str>, revision: u64, old: &Revision) -> Watch {
        Watch {
            plugin: plugin.clone(),
            revision,
            kind: Kind::Successor {
                of: old.number,
                before: old.tallies(),
            },
        }
    }

    /// On what is tried beside what serves. A shadow answers nobody, so that nothing depends on it.
    pub(crate) fn of_candidate(plugin: &Arc<str>, served: &Served) -> Option<Watch> {
        let candidate = served.candidate.as_ref()?;
        (!candidate.rollout.shadow).then(|| Watch {
            plugin: plugin.clone(),
            revision: candidate.revision.number,
            kind: Kind::Candidate(Arc::downgrade(candidate)),
        })
    }

    /// Goes on beside what is served until its time is over, the revision is gone or the host is.
    pub(crate) fn begin(self, host: &Arc<Inner>) {
        let probation = host.config.load().probation_of(&self.plugin).clone();
        let window = Duration::from_millis(probation.window_ms);
        let terms = probation.terms();
        let until = Instant::now() + window;
        let host = Arc::downgrade(host);
        tokio::spawn(async move {
            let mut may_serve_alone = false;
            loop {
                // A candidate is judged for as long as it is tried, and promoted once there is enough to judge by.
                let is_over = Instant::now() >= until;
                match (&self.kind, is_over) {
                    (Kind::Successor { .. }, true) => break,
                    (Kind::Candidate(_), true) if may_serve_alone => break,
                    _ => tokio::time::sleep(ROUND).await,
                }
                match self.look(&host, terms) {
                    Look::Well { promotes } => may_serve_alone = promotes,
                    Look::Over => return,
                    Look::Bad(host, why) => return self.goes(&host, why).await,
                }
            }
            if let Some(host) = host.upgrade() {
                self.stays(&Host(host)).await;
            }
        });
    }

    async fn goes(&self, host: &Host, reason: String) {
        match &self.kind {
            Kind::Successor { of, .. } => {
                host.back_from(&self.plugin, self.revision, *of, reason)
                    .await;
            }
            Kind::Candidate(_) => {
                let trial = Trial::Withdraw(reason);
                host.trial_over(&self.plugin, self.revision, trial).await;
            }
        }
    }

    async fn stays(self, host: &Host) {
        let (plugin, revision) = (self.plugin, self.revision);
        tracing::info!(plugin = &*plugin, revision, "its probation is over");
        if let Kind::Candidate(_) = self.kind {
            let promoted = Trial::Promote("promoted by the host".into());
            host.trial_over(&plugin, revision, promoted).await;
        }
        host.0.commons.tell(Event::Proven { plugin, revision });
    }

    fn look(&self, host: &Weak<Inner>, terms: Terms) -> Look {
        let Some(host) = host.upgrade() else {
            return Look::Over;
        };
        let api = host.api.load_full();
        let Some(stable) = api.find(&self.plugin) else {
            return Look::Over;
        };
        let (now, before, promotes) = match &self.kind {
            Kind::Successor { before, .. } if stable.number == self.revision => {
                (stable.tallies(), before.clone(), false)
            }
            Kind::Candidate(candidate) => {
                match (api.candidate(&self.plugin), candidate.upgrade()) {
                    (Some(now), Some(candidate)) if Arc::ptr_eq(now, &candidate) => {
                        let tallies = candidate.revision.tallies();
                        (tallies, stable.tallies(), candidate.rollout.promote)
                    }
                    // Gone, or under other rules, with a watch of their own.
                    _ => return Look::Over,
                }
            }
            Kind::Successor { .. } => return Look::Over,
        };
        match judge(&now, &before, terms) {
            Some(why) => Look::Bad(Host(host), why),
            None => Look::Well {
                promotes: promotes && health::fails_no_more(&sum(&now), &sum(&before), terms),
            },
        }
    }
}

enum Look {
    Well {
        /// It is a candidate that has answered enough to serve alone.
        promotes: bool,
    },
    /// There is nothing to look at any more.
    Over,
    Bad(Host, String),
}

fn sum(tallies: &Tallies) -> Tally {
    tallies.values().fold(Tally::default(), Tally::with)
}

/// Why a revision does worse than another, looked at as a whole and operation by operation.
fn judge(now: &Tallies, before: &Tallies, terms: Terms) -> Option<String> {
    // As a whole it may well be slower: other operations are called.
    if let Some(why) = health::fails_more(&sum(now), &sum(before), terms) {
        return Some(why);
    }
    now.iter().find_map(|(operation, tally)| {
        let nothing = Tally::default();
        let before = before.get(operation).unwrap_or(&nothing);
        let why = health::worse(tally, before, terms)?;
        Some(format!("`{operation}`: {why}"))
    })
}
