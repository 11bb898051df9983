//! The time after a swap in which the host goes back by itself if what is new does worse than what was before.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::counts::Tally;
use crate::event::Event;
use crate::health::{self, Terms};
use crate::host::{Host, Inner};
use crate::revision::Revision;

/// How often it is looked at.
const ROUND: Duration = Duration::from_millis(200);

/// A revision that has replaced another.
pub(crate) struct Probation {
    pub(crate) plugin: Arc<str>,
    pub(crate) revision: u64,
    pub(crate) back_to: u64,
    /// What the one before came to, by operation.
    pub(crate) before: BTreeMap<String, Tally>,
}

impl Revision {
    /// What its operations came to, by id, as far as they were called.
    pub(crate) fn tallies(&self) -> BTreeMap<String, Tally> {
        let operations = self.code.contract.operations.iter().enumerate();
        operations
            .filter_map(|(at, operation)| Some((operation.id.clone(), self.counts.tally(at)?)))
            .collect()
    }
}

impl Probation {
    /// Goes on beside what is served until the time is over, the revision is replaced or the host is gone.
    pub(crate) fn begin(self, host: &Arc<Inner>) {
        let window = Duration::from_millis(host.config.probation.window_ms);
        let terms = host.config.probation.terms();
        let until = Instant::now() + window;
        let host = Arc::downgrade(host);
        tokio::spawn(async move {
            while Instant::now() < until {
                tokio::time::sleep(ROUND).await;
                match self.look(&host, terms) {
                    Look::Well => {}
                    Look::Over => return,
                    Look::Bad(host, why) => {
                        host.back_from(&self.plugin, self.revision, self.back_to, why)
                            .await;
                        return;
                    }
                }
            }
            if let Some(host) = host.upgrade()
                && matches!(self.look(&Arc::downgrade(&host), terms), Look::Well)
            {
                let (plugin, revision) = (self.plugin, self.revision);
                tracing::info!(plugin = &*plugin, revision, "its probation is over");
                host.commons.tell(Event::Proven { plugin, revision });
            }
        });
    }

    fn look(&self, host: &Weak<Inner>, terms: Terms) -> Look {
        let Some(host) = host.upgrade() else {
            return Look::Over;
        };
        let api = host.api.load();
        let serving = api.find(&self.plugin);
        let Some(revision) = serving.filter(|serving| serving.number == self.revision) else {
            return Look::Over;
        };
        match judge(&revision.tallies(), &self.before, terms) {
            None => Look::Well,
            Some(why) => {
                drop(api);
                Look::Bad(Host(host), why)
            }
        }
    }
}

enum Look {
    Well,
    /// There is nothing to look at any more.
    Over,
    Bad(Host, String),
}

/// Why a revision does worse than another, looked at as a whole and operation by operation.
pub(crate) fn judge(
    now: &BTreeMap<String, Tally>,
    before: &BTreeMap<String, Tally>,
    terms: Terms,
) -> Option<String> {
    let sum = |tallies: &BTreeMap<String, Tally>| {
        let tallies = tallies.values().cloned();
        tallies.fold(Tally::default(), Tally::with)
    };
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
