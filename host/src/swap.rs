//! From changes to what is served: loading beside the traffic, then building the next set whole and showing it in one
//! step.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use bytes::Bytes;

use crate::api::Set;
use crate::config::{Isolation, KEPT_AND_FRESH, NAME_RULE, is_plugin_name};
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
    Code(Arc<Code>),
}

/// Where a change came from: the log names what its reader has to look at.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    /// A program that calls the host.
    Program,
    /// A plugins folder, in which the plugin `NAME` is `NAME.wasm`.
    #[cfg(feature = "watch")]
    Folder,
}

/// What every change is told while the host shuts down.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the host is shutting down")
}

/// Whether a path belongs to the host itself.
fn is_reserved(path: &str) -> bool {
    ["/-", "/docs", "/redoc", "/openapi.json", "/openapi"]
        .iter()
        .any(|own| {
            path.strip_prefix(own)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
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
        bytes: Bytes,
        allowed: &[String],
    ) -> Result<Arc<Code>, Error> {
        if !is_plugin_name(name) {
            return Err(Error::new(
                ErrorKind::Name,
                format!("plugin name `{name}`: {NAME_RULE}; rename the file"),
            ));
        }
        let purpose = Purpose {
            plugin: name.clone(),
            limits: self.config.limits_of(name).clone(),
            lanes: self.lanes(&mut self.books(), name),
            allowed: allowed.to_vec(),
        };
        let code = self.loader.load(bytes, &purpose).await?;
        if let Some(instances) = code.contract.instances
            && purpose.limits.isolation == Isolation::Request
        {
            let message =
                format!("the contract's `x-switchback-instances` is {instances}, {KEPT_AND_FRESH}");
            return Err(Error::new(ErrorKind::Contract, message));
        }
        let prefix = self.prefix(name, &code);
        for operation in &code.contract.operations {
            let path = format!("{prefix}{}", operation.path);
            if is_reserved(&path) {
                let message = format!(
                    "`{} {path}` is one of the host's own paths (/-, /docs, /redoc, /openapi.json, /openapi): change \
                     the path, or give the plugin a `prefix`",
                    operation.method
                );
                return Err(Error::new(ErrorKind::Clash, message));
            }
        }
        Ok(code)
    }

    /// Where a plugin's paths begin: as configured, else at the root, or under its name if it takes every path.
    fn prefix(&self, name: &str, code: &Code) -> String {
        match self.config.plugins.get(name) {
            Some(own) if !own.prefix.is_empty() => own.prefix.trim_end_matches('/').into(),
            _ if code.contract.is_catch_all() => format!("/{name}"),
            _ => String::new(),
        }
    }

    pub(crate) fn revision(
        &self,
        books: &mut Books,
        name: Arc<str>,
        code: Arc<Code>,
    ) -> Arc<Revision> {
        let number = books.revisions.entry(name.clone()).or_insert(0);
        *number += 1;
        let number = *number;
        let lanes = self.lanes(books, &name);
        let hits = books.hits.entry(name.clone()).or_default().clone();
        let terms = Terms {
            hits,
            prefix: self.prefix(&name, &code).into(),
            limits: self.config.limits_of(&name).clone(),
            instances: self.config.instances_of(&name).or(code.contract.instances),
        };
        Revision::new(name, number, terms, code, lanes, &self.commons)
    }

    /// Builds the next set whole, then shows it.
    pub(crate) fn swap(
        &self,
        ready: Vec<(Arc<str>, u64, Result<Ready, Error>)>,
        origin: Origin,
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
                Ok(Ready::Code(code)) => {
                    let revision = self.revision(&mut books, name.clone(), code);
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
        self.report(generation, &removed, &outcomes, origin);
        (generation, outcomes)
    }

    fn report(
        &self,
        generation: u64,
        removed: &[Arc<str>],
        outcomes: &HashMap<Arc<str>, Result<Deployed, Error>>,
        origin: Origin,
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
                    match origin {
                        Origin::Program => {
                            tracing::error!(plugin = &**name, "refused: {reason}{kept}");
                        }
                        #[cfg(feature = "watch")]
                        Origin::Folder => tracing::error!(
                            plugin = &**name,
                            "`{name}.wasm` is not served: {reason}{kept}"
                        ),
                    }
                    self.commons.tell(Event::Refused { plugin, reason });
                }
            }
        }
    }
}
