//! From changes to what is served: loading beside the traffic, then building the next set whole and showing it in one
//! step.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use crate::api::Set;
use crate::component::Component;
use crate::config::{HostConfig, Isolation, KEPT_AND_FRESH, NAME_RULE, is_plugin_name};
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::hits::Hits;
use crate::host::{Deployed, Inner};
use crate::revision::{Revision, Terms};
use crate::runtime::{Code, Lanes, Purpose};

/// What outlives a plugin's revisions.
#[derive(Default)]
pub(crate) struct Books {
    /// By plugin: the number of its newest revision.
    revisions: HashMap<Arc<str>, u64>,
    /// Changes asked for so far: of two changes of one plugin, the later wins.
    changes: u64,
    /// By plugin: the newest change that was carried out.
    done: HashMap<Arc<str>, u64>,
    lanes: HashMap<Arc<str>, Arc<Lanes>>,
    /// By plugin: how often its calls ran into limits.
    hits: HashMap<Arc<str>, Arc<Hits>>,
}

/// A change that only has to be shown.
pub(crate) enum Ready {
    Gone,
    Plugin(Loaded),
}

/// A plugin that could be served, and how.
pub(crate) struct Loaded {
    code: Arc<Code>,
    terms: Terms,
}

/// What every change is told while the host shuts down.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the host is shutting down")
}

/// Whether a path belongs to the host itself.
fn is_reserved(path: &str, host: &HostConfig) -> bool {
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
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("nothing panics with this lock")
    }

    /// A number for a change: of two changes of one plugin, the higher wins.
    pub(crate) fn ask(&self) -> u64 {
        let mut books = self.books();
        books.changes += 1;
        books.changes
    }

    fn lanes(&self, books: &mut Books, name: &Arc<str>) -> Arc<Lanes> {
        books
            .lanes
            .entry(name.clone())
            .or_insert_with(|| self.lane.join())
            .clone()
    }

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
        let settings = self
            .config
            .settings_of(name, component.settings.as_deref())?;
        let purpose = Purpose {
            plugin: name.clone(),
            limits: settings.limits.clone(),
            lanes: self.lanes(&mut self.books(), name),
            allowed: allowed.to_vec(),
            document: component.document,
        };
        let code = self.loader.load(component.bytes, &purpose).await?;
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
        for operation in &code.contract.operations {
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
        let mut limits = settings.limits;
        let instances = settings.instances.or(code.contract.instances);
        if let Some(instances) = instances {
            limits.concurrency = instances;
        }
        let terms = Terms {
            prefix: prefix.into(),
            limits: limits.into(),
            instances,
        };
        Ok(Loaded { code, terms })
    }

    pub(crate) fn revision(
        &self,
        books: &mut Books,
        name: Arc<str>,
        loaded: Loaded,
    ) -> Arc<Revision> {
        let number = books.revisions.entry(name.clone()).or_insert(0);
        *number += 1;
        let number = *number;
        let lanes = self.lanes(books, &name);
        let hits = books.hits.entry(name.clone()).or_default().clone();
        let Loaded { code, terms } = loaded;
        Revision::new(name, number, terms, code, lanes, hits, &self.commons)
    }

    /// Builds the next set whole, then shows it. `places` are the files and folders that plugins come from, as the log
    /// names them to its reader.
    pub(crate) fn swap(
        &self,
        ready: Vec<(Arc<str>, u64, Result<Ready, Error>)>,
        places: &HashMap<Arc<str>, String>,
    ) -> (u64, HashMap<Arc<str>, Result<Deployed, Error>>) {
        let mut outcomes = HashMap::new();
        let mut books = self.books();
        let api = self.api.load_full();
        let mut removed = Vec::new();
        let mut candidates = Set::new();
        for (name, turn, ready) in ready {
            let late = books.done.get(&name).is_some_and(|done| *done > turn);
            let outcome = match ready {
                Err(error) => Err(error),
                Ok(_) if self.closed.load(Relaxed) => Err(closed()),
                Ok(_) if late => Err(Error::new(
                    ErrorKind::Superseded,
                    format!("a newer change of plugin `{name}` came before this one was ready"),
                )),
                Ok(Ready::Gone) => match api.find(&name) {
                    Some(revision) => {
                        removed.push(name.clone());
                        Ok(Deployed {
                            revision: revision.number,
                            warnings: Vec::new(),
                        })
                    }
                    None => Err(Error::new(
                        ErrorKind::NotFound,
                        format!("no plugin `{name}` is served"),
                    )),
                },
                Ok(Ready::Plugin(loaded)) => {
                    let revision = self.revision(&mut books, name.clone(), loaded);
                    let deployed = Deployed {
                        revision: revision.number,
                        warnings: revision.code.contract.warnings.clone(),
                    };
                    candidates.insert(name.clone(), revision);
                    Ok(deployed)
                }
            };
            if outcome.is_ok() {
                books.done.insert(name.clone(), turn);
            }
            outcomes.insert(name, outcome);
        }
        let mut generation = api.generation;
        let mut left = Vec::new();
        if !removed.is_empty() || !candidates.is_empty() {
            let (next, refused) = api.with(&removed, candidates);
            for (name, error) in refused {
                outcomes.insert(name, Err(error));
            }
            if outcomes.values().any(Result::is_ok) {
                generation = next.generation;
                left = outcomes
                    .iter()
                    .filter(|(_, outcome)| outcome.is_ok())
                    .filter_map(|(name, _)| api.find(name).cloned())
                    .collect();
                self.api.store(Arc::new(next));
            }
        }
        drop(books);
        let now = Instant::now();
        for revision in left {
            revision.leave(now);
        }
        self.report(generation, &removed, &outcomes, places);
        (generation, outcomes)
    }

    fn report(
        &self,
        generation: u64,
        removed: &[Arc<str>],
        outcomes: &HashMap<Arc<str>, Result<Deployed, Error>>,
        places: &HashMap<Arc<str>, String>,
    ) {
        let served = self.api.load();
        for (name, outcome) in outcomes {
            let plugin = name.clone();
            match outcome {
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
