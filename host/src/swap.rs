//! From changes that are ready to what is served: the next set is built whole, shown in one step, and written down.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use crate::api::Set;
use crate::book::{Book, Books};
use crate::change::{Deployed, Ready, closed};
use crate::component::Component;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::history::{Content, How, New};
use crate::host::Inner;
use crate::load::Loaded;
use crate::probation::Probation;
use crate::revision::Revision;

/// What became of some changes.
pub(crate) struct Swapped {
    pub(crate) generation: u64,
    pub(crate) outcomes: Outcomes,
    /// What is to be written down, since it was not kept before.
    new: BTreeMap<Content, Component>,
}

pub(crate) type Outcomes = HashMap<Arc<str>, Result<Deployed, Error>>;

/// What is to be noted of a revision once it serves.
struct Candidate {
    revision: Arc<Revision>,
    new: New,
    resumed: bool,
}

const DISABLED: &str = "it is disabled: this is kept, and serves once it is enabled";

impl Inner {
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("nothing panics with this lock")
    }

    pub(crate) fn revision(
        &self,
        book: &Book,
        name: &Arc<str>,
        number: u64,
        loaded: Loaded,
    ) -> Arc<Revision> {
        let (lanes, hits) = (book.lanes.clone(), book.hits.clone());
        Revision::new(
            name.clone(),
            number,
            loaded.terms,
            loaded.code,
            lanes,
            hits,
            &self.commons,
        )
    }

    /// Builds the next set whole, then shows it. `places` are the files and folders that plugins come from, as the log
    /// names them to its reader.
    pub(crate) fn swap(
        self: &Arc<Self>,
        who: &str,
        ready: Vec<(Arc<str>, u64, Result<Ready, Error>)>,
        places: &HashMap<Arc<str>, String>,
    ) -> Swapped {
        let mut outcomes = Outcomes::new();
        let mut new = BTreeMap::new();
        let mut books = self.books();
        let api = self.api.load_full();
        let mut removed = Vec::new();
        let mut candidates = HashMap::new();
        for (name, turn, ready) in ready {
            let book = books.of(&name, &self.lane);
            let served = api.find(&name).map(|revision| revision.number);
            let done = |revision| Deployed {
                revision,
                warnings: Vec::new(),
            };
            let outcome = match ready {
                Err(error) => Err(error),
                Ok(_) if self.closed.load(Relaxed) => Err(closed()),
                Ok(_) if book.done > turn => Err(Error::new(
                    ErrorKind::Superseded,
                    format!("a newer change of plugin `{name}` came before this one was ready"),
                )),
                Ok(Ready::Plugin(loaded))
                    if loaded.replaces.is_some_and(|it| served != Some(it)) =>
                {
                    Err(Error::new(
                        ErrorKind::Superseded,
                        format!("plugin `{name}` was changed in the meantime"),
                    ))
                }
                Ok(Ready::Same(why)) => Ok(Deployed {
                    warnings: vec![why.into()],
                    ..done(served.unwrap_or(book.past.number))
                }),
                Ok(Ready::Gone) => match served {
                    Some(revision) => {
                        book.past.ends("removed");
                        book.past.aside = None;
                        removed.push(name.clone());
                        Ok(done(revision))
                    }
                    None if book.past.disabled => Ok(done(book.past.number)),
                    None => Err(Error::new(
                        ErrorKind::NotFound,
                        format!("no plugin `{name}` is served"),
                    )),
                },
                Ok(Ready::Off) if book.past.disabled => Err(Error::new(
                    ErrorKind::NotFound,
                    format!("plugin `{name}` is disabled already"),
                )),
                Ok(Ready::Off) => match served {
                    Some(revision) => {
                        book.past.ends("disabled");
                        book.past.disabled = true;
                        removed.push(name.clone());
                        Ok(done(revision))
                    }
                    None => Err(Error::new(
                        ErrorKind::NotFound,
                        format!("no plugin `{name}` is served"),
                    )),
                },
                Ok(Ready::Plugin(mut loaded)) => {
                    let number = loaded.resumes.unwrap_or(book.past.number + 1);
                    if let Some(component) = loaded.component.take() {
                        new.insert(loaded.content.clone(), component);
                    }
                    let noted = New {
                        content: loaded.content.clone(),
                        by: who.into(),
                        how: loaded.how.clone(),
                        bytes: loaded.bytes,
                        code: loaded.code.clone(),
                        settings: loaded.settings.clone(),
                    };
                    let mut deployed = Deployed {
                        revision: number,
                        warnings: loaded.code.contract.warnings.clone(),
                    };
                    if book.past.disabled && loaded.how == How::Deployed {
                        book.past.note(number, noted, Some("disabled".into()));
                        deployed.warnings.push(DISABLED.into());
                    } else {
                        book.past.number = number.max(book.past.number);
                        let candidate = Candidate {
                            resumed: loaded.resumes.is_some(),
                            revision: self.revision(book, &name, number, *loaded),
                            new: noted,
                        };
                        candidates.insert(name.clone(), candidate);
                    }
                    Ok(deployed)
                }
            };
            if outcome.is_ok() {
                book.done = turn;
            }
            outcomes.insert(name, outcome);
        }
        let mut generation = api.generation;
        let mut left = Vec::new();
        if !removed.is_empty() || !candidates.is_empty() {
            let set = candidates.iter();
            let set: Set = set
                .map(|(name, candidate)| (name.clone(), candidate.revision.clone()))
                .collect();
            let (next, refused) = api.with(&removed, set);
            for (name, error) in refused {
                candidates.remove(&name);
                outcomes.insert(name, Err(error));
            }
            if !removed.is_empty() || !candidates.is_empty() {
                generation = next.generation;
                let gone = removed.iter().chain(candidates.keys());
                left = gone.filter_map(|name| api.find(name).cloned()).collect();
                self.api.store(Arc::new(next));
            }
        }
        let mut probations = Vec::new();
        for (name, candidate) in candidates {
            let past = &mut books.of(&name, &self.lane).past;
            let is_new = matches!(candidate.new.how, How::Deployed | How::Enabled);
            if let Some(old) = api.find(&name).filter(|_| is_new && !candidate.resumed)
                && past
                    .entry(old.number)
                    .is_some_and(|was| was.content != candidate.new.content)
            {
                probations.push(Probation {
                    plugin: name.clone(),
                    revision: candidate.revision.number,
                    back_to: old.number,
                    before: old.tallies(),
                });
            }
            past.disabled = false;
            if candidate.new.how == How::Deployed && !candidate.resumed {
                past.from_folder = places.contains_key(&name);
                past.aside = None;
            }
            // What lies in the folder counts if it is this, or once it changes.
            let apart = matches!(candidate.new.how, How::RolledBack { .. }) || !past.from_folder;
            if apart && !candidate.resumed {
                past.aside = past.offered.clone().or(past.aside.take());
            }
            past.serves(candidate.revision.number, candidate.new);
        }
        books.shorten(self.host.history, self.host.history_bytes);
        drop(books);
        let now = Instant::now();
        for revision in left {
            revision.leave(now);
        }
        self.report(generation, &removed, &outcomes, places);
        for probation in probations {
            probation.begin(self);
        }
        Swapped {
            generation,
            outcomes,
            new,
        }
    }

    /// Writes down what came of changes. What cannot be written is a warning of each: it holds until the next start.
    pub(crate) async fn remember(
        self: &Arc<Self>,
        who: &str,
        verbs: &HashMap<Arc<str>, &'static str>,
        swapped: &mut Swapped,
    ) {
        if self.state.is_none() || swapped.outcomes.is_empty() {
            return;
        }
        let outcomes = swapped.outcomes.iter();
        let lines: Vec<_> = outcomes
            .map(|(name, outcome)| audit_line(who, verbs.get(name).copied(), name, outcome))
            .collect();
        let changed = swapped
            .outcomes
            .iter()
            .filter(|(_, outcome)| outcome.is_ok());
        let changed: Vec<String> = changed.map(|(name, _)| name.to_string()).collect();
        let new = std::mem::take(&mut swapped.new);
        let this = self.clone();
        let written = tokio::task::spawn_blocking(move || {
            let Some(state) = &this.state else {
                return Ok(());
            };
            let kept = this.books().contents();
            let new = new
                .into_iter()
                .filter(|(content, _)| kept.contains(content));
            state.write(&new.collect(), &changed, |name| {
                this.books().past(name).cloned()
            })?;
            state.clear(|| this.books().contents());
            lines.iter().try_for_each(|line| state.audit(line))
        })
        .await;
        let why = match written {
            Ok(Ok(())) => return,
            Ok(Err(why)) => why.to_string(),
            Err(why) => why.to_string(),
        };
        tracing::error!(
            "what changed could not be written down ({why}): it holds until the next start"
        );
        for deployed in swapped.outcomes.values_mut().flatten() {
            deployed.warnings.push(format!(
                "it could not be written down ({why}), and holds until the next start"
            ));
        }
    }

    fn report(
        &self,
        generation: u64,
        removed: &[Arc<str>],
        outcomes: &Outcomes,
        places: &HashMap<Arc<str>, String>,
    ) {
        let served = self.api.load();
        for (name, outcome) in outcomes {
            let plugin = name.clone();
            match outcome {
                Ok(_) if removed.contains(name) && self.books().is_disabled(name) => {
                    tracing::warn!(plugin = &**name, generation, "disabled");
                    self.commons.tell(Event::Disabled { plugin, generation });
                }
                Ok(_) if removed.contains(name) => {
                    tracing::info!(plugin = &**name, generation, "removed");
                    self.commons.tell(Event::Removed { plugin, generation });
                }
                Ok(deployed) => {
                    tracing::info!(
                        plugin = &**name,
                        revision = deployed.revision,
                        generation,
                        "deployed"
                    );
                    for warning in &deployed.warnings {
                        tracing::warn!(plugin = &**name, "{warning}");
                    }
                    self.commons.tell(Event::Deployed {
                        plugin,
                        revision: deployed.revision,
                        generation,
                    });
                }
                Err(error) => {
                    let reason = error.to_string();
                    let kept = match served.find(name) {
                        Some(_) => "; what was served before still is",
                        None => "",
                    };
                    match places.get(name) {
                        None => tracing::error!(plugin = &**name, "refused: {reason}{kept}"),
                        Some(place) => tracing::error!(
                            plugin = &**name,
                            "`{place}` is not served: {reason}{kept}"
                        ),
                    }
                    self.commons.tell(Event::Refused { plugin, reason });
                }
            }
        }
    }
}

/// A line of the audit log.
fn audit_line(
    who: &str,
    verb: Option<&str>,
    plugin: &str,
    outcome: &Result<Deployed, Error>,
) -> serde_json::Value {
    let at = crate::history::now_ms();
    match outcome {
        Ok(deployed) => serde_json::json!({
            "at_ms": at, "by": who, "change": verb, "plugin": plugin, "done": true, "revision": deployed.revision,
        }),
        Err(error) => serde_json::json!({
            "at_ms": at, "by": who, "change": verb, "plugin": plugin, "done": false, "why": error.to_string(),
        }),
    }
}
