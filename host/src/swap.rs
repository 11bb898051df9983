//! From changes that are ready to what is served: the next set is built whole, shown in one step, and written down.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use crate::api::{Api, Served, Set};
use crate::book::{Books, Refused};
use crate::change::{Deployed, Ready};
use crate::component::Component;
use crate::contract::Judgement;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::history::{Content, How, Past, now_ms};
use crate::host::Inner;
use crate::probation::Watch;
use crate::stage::{Noted, Staged};

/// What became of some changes.
pub(crate) struct Swapped {
    pub(crate) generation: u64,
    pub(crate) outcomes: Outcomes,
    /// What is to be written down, since it was not kept before.
    new: BTreeMap<Content, Component>,
}

pub(crate) type Outcomes = HashMap<Arc<str>, Result<Deployed, Error>>;

impl Inner {
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("nothing panics with this lock")
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
        let mut staged: HashMap<Arc<str>, Staged> = HashMap::new();
        for (name, turn, mut ready) in ready {
            if let Ok(Ready::Plugin(loaded) | Ready::Candidate(loaded, _)) = &mut ready
                && let Some(component) = loaded.component.take()
            {
                new.insert(loaded.content.clone(), component);
            }
            let outcome = match self.stage(&mut books, &api, who, &name, turn, ready) {
                Ok((deployed, next)) => {
                    staged.extend(next.map(|next| (name.clone(), next)));
                    Ok(deployed)
                }
                Err(error) => Err(error),
            };
            outcomes.insert(name, outcome);
        }
        let mut generation = api.generation;
        let mut left = Vec::new();
        let mut watches = Vec::new();
        let mut happened = HashMap::new();
        if !staged.is_empty() {
            let gone = staged.iter().filter(|(_, staged)| staged.served.is_none());
            let gone: Vec<Arc<str>> = gone.map(|(name, _)| name.clone()).collect();
            let changed: Set = staged
                .iter()
                .filter_map(|(name, staged)| Some((name.clone(), staged.served.clone()?)))
                .collect();
            let (next, refused) = api.with(&gone, changed);
            for (name, error) in refused {
                staged.remove(&name);
                outcomes.insert(name, Err(error));
            }
            if !staged.is_empty() {
                generation = next.generation;
                self.api.store(Arc::new(next));
            }
            for (name, staged) in &mut staged {
                left.extend(api.left_by(name, staged.served.as_ref()));
                let event = event(staged, &api, name, generation);
                happened.extend(event.map(|event| (name.clone(), event)));
                let past = &mut books.of(name, &self.lane).past;
                let from_folder = places.contains_key(name);
                let noted = std::mem::replace(&mut staged.noted, Noted::Nothing);
                watches.extend(note(
                    past,
                    noted,
                    staged.served.as_ref(),
                    &api,
                    name,
                    from_folder,
                ));
            }
        }
        let host = &self.config.load().host;
        books.shorten(host.history, host.history_bytes);
        drop(books);
        let now = Instant::now();
        for revision in left {
            revision.leave(now);
        }
        self.report(happened, &outcomes, places);
        for watch in watches {
            watch.begin(self);
        }
        Swapped {
            generation,
            outcomes,
            new,
        }
    }

    /// Notes what was refused of changes, for who asks what waits.
    pub(crate) fn note_refused(
        &self,
        who: &str,
        verbs: &HashMap<Arc<str>, &'static str>,
        places: &HashMap<Arc<str>, String>,
        outcomes: &Outcomes,
    ) {
        let mut books = self.books();
        for (name, outcome) in outcomes {
            let offers = matches!(verbs.get(name), Some(&("deploy" | "try" | "mount")));
            let book = books.of(name, &self.lane);
            match outcome {
                // A newer one came before it, or the host ends.
                Err(why) if matches!(why.kind(), ErrorKind::Superseded | ErrorKind::Closed) => {}
                Err(why) if offers => {
                    let judgement = std::error::Error::source(why);
                    let judgement = judgement.and_then(|it| it.downcast_ref::<Judgement>());
                    book.refused = Some(Refused {
                        at_ms: now_ms(),
                        by: who.to_owned(),
                        from: places.get(name).cloned(),
                        why: why.to_string(),
                        judgement: judgement.cloned(),
                    });
                }
                Err(_) => {}
                Ok(_) => book.refused = None,
            }
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

    /// Adds a line to the audit log, with the time.
    pub(crate) async fn note(self: &Arc<Self>, mut line: serde_json::Value) {
        let Some(state) = self.state.clone() else {
            return;
        };
        line["at_ms"] = crate::history::now_ms().into();
        let written = tokio::task::spawn_blocking(move || state.audit(&line)).await;
        if let Ok(Err(why)) = written {
            tracing::error!("the audit log cannot be written: {why}");
        }
    }

    /// Tells of each change what came of it: `happened` has the event of those that changed something.
    fn report(
        &self,
        mut happened: HashMap<Arc<str>, Event>,
        outcomes: &Outcomes,
        places: &HashMap<Arc<str>, String>,
    ) {
        let served = self.api.load();
        for (name, outcome) in outcomes {
            let plugin = name.clone();
            match outcome {
                Ok(deployed) => {
                    let event = happened.remove(name);
                    if let Some(event) = &event {
                        log(event);
                    }
                    for warning in &deployed.warnings {
                        tracing::warn!(plugin = &**name, "{warning}");
                    }
                    if let Some(event) = event {
                        self.commons.tell(event);
                    }
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

/// The event that a plugin is shown otherwise.
fn event(staged: &Staged, before: &Api, name: &Arc<str>, generation: u64) -> Option<Event> {
    let plugin = name.clone();
    let Some(served) = &staged.served else {
        return Some(match staged.noted {
            Noted::Disabled => Event::Disabled { plugin, generation },
            _ => Event::Removed { plugin, generation },
        });
    };
    match &staged.noted {
        Noted::Tried(_) | Noted::Weighed => {
            served.candidate.as_ref().map(|candidate| Event::Tried {
                plugin,
                revision: candidate.revision.number,
                percent: candidate.rollout.percent,
            })
        }
        Noted::Withdrawn(reason) => before.candidate(name).map(|candidate| Event::Withdrawn {
            plugin,
            revision: candidate.revision.number,
            reason: reason.clone(),
        }),
        _ => Some(Event::Deployed {
            plugin,
            revision: served.stable.number,
            generation,
        }),
    }
}

fn log(event: &Event) {
    match event {
        Event::Deployed {
            plugin,
            revision,
            generation,
        } => tracing::info!(plugin = &**plugin, revision, generation, "deployed"),
        Event::Tried {
            plugin,
            revision,
            percent,
        } => tracing::info!(plugin = &**plugin, revision, percent, "tried"),
        Event::Withdrawn {
            plugin,
            revision,
            reason,
        } => tracing::warn!(plugin = &**plugin, revision, reason, "withdrawn"),
        Event::Disabled { plugin, generation } => {
            tracing::warn!(plugin = &**plugin, generation, "disabled");
        }
        Event::Removed { plugin, generation } => {
            tracing::info!(plugin = &**plugin, generation, "removed");
        }
        _ => {}
    }
}

/// Notes in a plugin's past what serves it now; what is to be watched from now on comes of it. `before` is the set that was
/// served until now.
fn note(
    past: &mut Past,
    noted: Noted,
    served: Option<&Served>,
    before: &Api,
    name: &Arc<str>,
    from_folder: bool,
) -> Option<Watch> {
    match (noted, served) {
        (Noted::Nothing, _) => None,
        (Noted::FileGone, _) => {
            past.ends("its file was removed");
            (past.aside, past.offered) = (None, None);
            None
        }
        (Noted::Removed, _) => {
            past.ends("removed");
            // What lies in the folder would else be back with the next start.
            past.aside = past.offered.clone();
            None
        }
        (Noted::Disabled, _) => {
            past.ends("disabled");
            past.disabled = true;
            None
        }
        (Noted::Withdrawn(why), _) => {
            past.withdraw(&why);
            None
        }
        (_, None) => None,
        (Noted::Weighed, Some(served)) => Watch::of_candidate(name, served),
        (Noted::Tried(new), Some(served)) => {
            let candidate = served.candidate.as_ref()?;
            past.tries(candidate.revision.number, new);
            Watch::of_candidate(name, served)
        }
        (Noted::Promoted(how), Some(served)) => {
            past.promote(served.stable.number, &how);
            past.aside = past.offered.clone().or(past.aside.take());
            None
        }
        (Noted::Serves { new, resumed }, Some(served)) => {
            let is_new =
                matches!(new.how, How::Deployed | How::Enabled | How::Mounted { .. }) && !resumed;
            let old = before.find(name).filter(|old| {
                let was = past.entry(old.number);
                is_new && was.is_some_and(|was| was.content != new.content)
            });
            let watch = old.map(|old| Watch::of_successor(name, served.stable.number, old));
            past.disabled = false;
            if matches!(new.how, How::Deployed | How::Mounted { .. }) && !resumed {
                past.from_folder = from_folder;
                past.aside = None;
            }
            // What lies in the folder counts if it is this, or once it changes.
            let apart = matches!(new.how, How::RolledBack { .. }) || !past.from_folder;
            if apart && !resumed {
                past.aside = past.offered.clone().or(past.aside.take());
            }
            past.serves(served.stable.number, new);
            watch
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
