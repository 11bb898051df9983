//! `Host`: what an embedder holds. Build it, change what it serves, hand it requests.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;

use crate::api::{Api, Set};
use crate::commons::Commons;
use crate::config::{Config, HostConfig, NAME_RULE, is_plugin_name};
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Events};
use crate::revision::Revision;
use crate::runtime::{Cache, Code, Imports, Lane, Lanes, Loader, Machine, Purpose};

/// Routes HTTP requests to plugins, and swaps plugins while it does. A cheap clone of one shared thing.
///
/// It starts no server and no logger, reads no environment and installs no signal handler; several live in one
/// process. Its asynchronous methods want a tokio runtime with timers.
///
/// ```
/// # async fn example(component: Vec<u8>) -> Result<(), switchback::Error> {
/// let host = switchback::Host::new(switchback::Config::default())?;
/// host.deploy("shop", component).await?;
/// let request = http::Request::get("/items/7").body(switchback::Body::default()).unwrap();
/// let response = host.dispatch(request).await;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Host(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) host: Arc<HostConfig>,
    pub(crate) base_path: Arc<str>,
    pub(crate) api: ArcSwap<Api>,
    pub(crate) commons: Arc<Commons>,
    pub(crate) ready: AtomicBool,
    pub(crate) closed: AtomicBool,
    loader: Arc<Loader>,
    lane: Lane,
    /// Held while a set is built from another and shown, never across an await.
    books: Mutex<Books>,
}

/// What outlives a plugin's revisions.
#[derive(Default)]
struct Books {
    /// By plugin: the number of its newest revision.
    revisions: HashMap<Arc<str>, u64>,
    /// Changes asked for so far: of two changes of one plugin, the later wins.
    changes: u64,
    /// By plugin: the newest change that was carried out.
    done: HashMap<Arc<str>, u64>,
    lanes: HashMap<Arc<str>, Arc<Lanes>>,
}

/// A host in the making: what plain settings cannot say.
pub struct HostBuilder {
    config: Config,
    imports: Option<Imports>,
}

/// One thing to change.
#[derive(Clone, Debug)]
pub enum Change {
    /// Serve this component under this name, instead of what is served under it now.
    Deploy {
        /// `[a-z][a-z0-9-]*`, at most 64 characters.
        name: String,
        /// The component.
        bytes: Bytes,
    },
    /// Serve the plugin no more.
    Remove {
        /// Its name.
        name: String,
    },
}

impl Change {
    /// The plugin it is about.
    pub fn name(&self) -> &str {
        match self {
            Change::Deploy { name, .. } | Change::Remove { name } => name,
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
    /// The revision that serves now; of a removed plugin its last.
    pub revision: u64,
    /// What the contract says and this host does not enforce.
    pub warnings: Vec<String>,
}

/// What is served under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PluginStatus {
    /// The plugin.
    pub name: String,
    /// The revision that serves.
    pub revision: u64,
    /// SHA-256 of its component, in hex.
    pub hash: String,
    /// Empty, or `/shop`.
    pub prefix: String,
    /// Method, path with the prefix, and operation.
    pub operations: Vec<(http::Method, String, String)>,
    /// What the contract says and this host does not enforce.
    pub warnings: Vec<String>,
    /// Calls in flight on this revision.
    pub calls: usize,
}

impl HostBuilder {
    /// Gives guests imports of the embedder's own; see [`GuestState::extensions`](crate::GuestState::extensions) for
    /// what they may know of the request.
    pub fn imports(mut self, imports: Imports) -> HostBuilder {
        self.imports = Some(imports);
        self
    }

    /// Starts the host: it serves nothing yet.
    ///
    /// # Errors
    ///
    /// A setting cannot be used ([`ErrorKind::Config`]), or the machine refuses threads or memory.
    pub fn build(self) -> Result<Host, Error> {
        let HostBuilder { config, imports } = self;
        config
            .validate()
            .map_err(|error| Error::with_source(ErrorKind::Config, error.to_string(), error))?;
        let internal = |what: &str| {
            let what = what.to_owned();
            move |error: wasmtime::Error| {
                Error::with_source(ErrorKind::Internal, format!("{what}: {error:#}"), error)
            }
        };
        let machine = Machine::new(imports).map_err(internal("the engine cannot be started"))?;
        let cache = match &config.host.cache_dir {
            Some(dir) => Cache::open(dir, config.host.cache_bytes, machine.engine())?,
            None => None,
        };
        let threads =
            |error| Error::with_source(ErrorKind::Internal, "no threads can be started", error);
        let host = Arc::new(config.host.clone());
        Ok(Host(Arc::new(Inner {
            base_path: config.host.base_path.as_str().into(),
            api: ArcSwap::from_pointee(Api::empty(host.clone())),
            commons: Commons::new(config.host.concurrency).map_err(threads)?,
            lane: Lane::new().map_err(threads)?,
            loader: Arc::new(Loader::new(machine, cache)),
            ready: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            books: Mutex::default(),
            host,
            config,
        })))
    }
}

impl Host {
    /// A host with these settings and no imports of its own for its guests.
    ///
    /// # Errors
    ///
    /// As [`HostBuilder::build`].
    pub fn new(config: Config) -> Result<Host, Error> {
        Host::builder(config).build()
    }

    /// A host whose guests get imports of the embedder's own.
    pub fn builder(config: Config) -> HostBuilder {
        HostBuilder {
            config,
            imports: None,
        }
    }

    /// Carries out several changes as one swap: components are compiled and asked for their contracts beside the
    /// traffic; then routes and documents change in one step. A change that cannot be carried out leaves its plugin as
    /// it was, and the others are carried out all the same. If two changes of one plugin overlap, the later call wins.
    pub async fn apply(&self, changes: Vec<Change>) -> Applied {
        let mut wanted: BTreeMap<Arc<str>, (u64, Result<Wanted, Error>)> = BTreeMap::new();
        let mut order = Vec::new();
        for change in changes {
            let name: Arc<str> = change.name().into();
            if !order.contains(&name) {
                order.push(name.clone());
            }
            let turn = self.0.ask();
            let what = match change {
                _ if self.0.closed.load(Relaxed) => Err(closed()),
                Change::Remove { .. } => Ok(Wanted::Gone),
                Change::Deploy { bytes, .. } => Ok(Wanted::Bytes(bytes)),
            };
            wanted.insert(name, (turn, what));
        }
        let mut loading = Vec::new();
        for (name, (turn, what)) in wanted {
            let this = self.0.clone();
            // A task for each, so that they load side by side; `apply` awaits them all.
            loading.push(tokio::spawn(async move {
                let ready = match what {
                    Err(error) => Err(error),
                    Ok(Wanted::Gone) => Ok(Ready::Gone),
                    Ok(Wanted::Bytes(bytes)) => this.load(&name, bytes, &[]).await.map(Ready::Code),
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
        let (generation, mut outcomes) = self.0.swap(ready);
        let outcomes = order
            .into_iter()
            .filter_map(|name| Some((name.to_string(), outcomes.remove(&name)?)))
            .collect();
        Applied {
            generation,
            outcomes,
        }
    }

    /// Serves a component under a name, instead of what is served under it now. See [`Host::apply`].
    ///
    /// # Errors
    ///
    /// It cannot be served; what was served before still is.
    pub async fn deploy(&self, name: &str, bytes: impl Into<Bytes>) -> Result<Deployed, Error> {
        self.one(Change::Deploy {
            name: name.into(),
            bytes: bytes.into(),
        })
        .await
    }

    /// Serves a plugin no more. See [`Host::apply`].
    ///
    /// # Errors
    ///
    /// There is none of that name.
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        self.one(Change::Remove { name: name.into() })
            .await
            .map(drop)
    }

    async fn one(&self, change: Change) -> Result<Deployed, Error> {
        let applied = self.apply(vec![change]).await;
        applied
            .outcomes
            .into_iter()
            .next()
            .expect("one change has one outcome")
            .1
    }

    /// The OpenAPI document of everything that is served, in JSON.
    pub fn openapi(&self) -> Bytes {
        self.0.api.load().document().json.clone()
    }

    /// What is served, by name.
    pub fn plugins(&self) -> Vec<PluginStatus> {
        self.0
            .api
            .load()
            .set()
            .values()
            .map(|revision| status(revision))
            .collect()
    }

    /// Loads a component as [`Host::deploy`] would, without serving it: what `switchback check` says. Imports in
    /// `allowed` are taken as there.
    ///
    /// # Errors
    ///
    /// As [`Host::deploy`].
    pub async fn check(
        &self,
        name: &str,
        bytes: impl Into<Bytes>,
        allowed: &[String],
    ) -> Result<PluginStatus, Error> {
        let name: Arc<str> = name.into();
        let code = self.0.load(&name, bytes.into(), allowed).await?;
        let revision = self.0.revision(&mut self.0.books(), name, code);
        Ok(status(&revision))
    }

    /// What happens from now on.
    pub fn events(&self) -> Events {
        Events(self.0.commons.events.subscribe())
    }

    /// What `/-/ready` answers: true once the first set is served.
    pub fn set_ready(&self, ready: bool) {
        self.0.ready.store(ready, Relaxed);
    }

    /// Ends it: new requests are answered 503, those in flight may finish within their plugin's `drain_ms`, then they
    /// are cut. Returns when none is left.
    pub async fn shutdown(&self) {
        self.0.closed.store(true, Relaxed);
        self.0.ready.store(false, Relaxed);
        let empty = Arc::new(Api::empty(self.0.host.clone()));
        let served = self.0.api.swap(empty).set();
        let now = Instant::now();
        let mut last = Duration::ZERO;
        let mut gone = Vec::new();
        for revision in served.into_values() {
            revision.leave(now);
            last = last.max(Duration::from_millis(revision.limits.drain_ms));
            gone.push(revision.gone());
        }
        let all = async {
            for gone in gone {
                gone.cancelled().await;
            }
        };
        // The reaper cuts what is late within a second; a guest stops within a tick of that.
        let _ = tokio::time::timeout(last + Duration::from_secs(3), all).await;
    }
}

enum Wanted {
    Gone,
    Bytes(Bytes),
}

enum Ready {
    Gone,
    Code(Arc<Code>),
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the host is shutting down")
}

fn status(revision: &Revision) -> PluginStatus {
    let contract = &revision.code.contract;
    let operation = |found: &crate::contract::Operation| {
        (
            found.method.clone(),
            format!("{}{}", revision.prefix, found.path),
            found.id.clone(),
        )
    };
    PluginStatus {
        name: revision.name.to_string(),
        revision: revision.number,
        hash: revision.code.hash.clone(),
        prefix: revision.prefix.to_string(),
        operations: contract.operations.iter().map(operation).collect(),
        warnings: contract.warnings.clone(),
        calls: revision.calls(),
    }
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
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("nothing panics with this lock")
    }

    /// A number for a change: of two changes of one plugin, the higher wins.
    fn ask(&self) -> u64 {
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

    async fn load(
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
        let prefix = self.prefix(name);
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

    fn prefix(&self, name: &str) -> &str {
        self.config
            .plugins
            .get(name)
            .map_or("", |plugin| plugin.prefix.trim_end_matches('/'))
    }

    fn revision(&self, books: &mut Books, name: Arc<str>, code: Arc<Code>) -> Arc<Revision> {
        let number = books.revisions.entry(name.clone()).or_insert(0);
        *number += 1;
        let number = *number;
        let lanes = self.lanes(books, &name);
        let (prefix, limits) = (self.prefix(&name), self.config.limits_of(&name).clone());
        Revision::new(
            name,
            number,
            prefix,
            limits,
            code,
            lanes,
            self.commons.clone(),
        )
    }

    /// Builds the next set whole, then shows it.
    fn swap(
        &self,
        ready: Vec<(Arc<str>, u64, Result<Ready, Error>)>,
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
        self.report(generation, &removed, &outcomes);
        (generation, outcomes)
    }

    fn report(
        &self,
        generation: u64,
        removed: &[Arc<str>],
        outcomes: &HashMap<Arc<str>, Result<Deployed, Error>>,
    ) {
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
                    tracing::error!(plugin = &**name, "refused: {reason}");
                    self.commons.tell(Event::Refused { plugin, reason });
                }
            }
        }
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let api = self.0.api.load();
        f.debug_struct("Host")
            .field("generation", &api.generation)
            .finish_non_exhaustive()
    }
}
