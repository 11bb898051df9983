//! `Host`: what an embedder holds. Build it, change what it serves, hand it requests.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;

use crate::api::{Api, Served};
use crate::book::Books;
use crate::change::{Change, Deployed, PROGRAM};
use crate::commons::Commons;
use crate::component::Component;
use crate::config::{Config, HostConfig, Limits};
use crate::counts::Tally;
use crate::error::{Error, ErrorKind};
use crate::event::Events;
use crate::files::Site;
use crate::history::{HistoryEntry, Past};
use crate::limit::Limit;
use crate::load::is_reserved;
use crate::revision::Revision;
use crate::runtime::{Cache, Imports, Lane, Loader, Machines};
use crate::serve::OwnPaths;
use crate::setup::Setup;
use crate::state::State;

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
    /// What holds now.
    pub(crate) config: ArcSwap<Config>,
    /// As it was at the start: for what holds until the end.
    pub(crate) host: Arc<HostConfig>,
    pub(crate) own_paths: OwnPaths,
    pub(crate) api: ArcSwap<Api>,
    pub(crate) commons: Arc<Commons>,
    pub(crate) ready: AtomicBool,
    pub(crate) closed: AtomicBool,
    pub(crate) loader: Arc<Loader>,
    pub(crate) lane: Lane,
    /// Held while a set is built from another and shown, never across an await.
    pub(crate) books: Mutex<Books>,
    /// What is kept between starts.
    pub(crate) state: Option<Arc<State>>,
}

/// A host in the making: what plain settings cannot say.
pub struct HostBuilder {
    config: Config,
    imports: Option<Imports>,
}

/// What is served under one name.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PluginStatus {
    /// The plugin.
    pub name: String,
    /// The revision that serves.
    pub revision: u64,
    /// SHA-256 of its component, in hex.
    pub hash: String,
    /// The interface by which requests reach it: `switchback:plugin@0.1`, `wasi:http@0.2` or `wasi:http@0.3`.
    pub interface: &'static str,
    /// Whether it runs on the engine for components with tasks of their own (WASI 0.3), rather than on the quicker one.
    pub concurrent: bool,
    /// Empty, or `/shop`.
    pub prefix: String,
    /// Method, path with the prefix, and operation; `*` where it takes every method of every path.
    pub operations: Vec<(http::Method, String, String)>,
    /// Its static files, and the path that they are under; none where it has none.
    pub files: Option<(String, usize)>,
    /// What the contract says and this host does not enforce.
    pub warnings: Vec<String>,
    /// What it may spend: the host's limits for it, and its own where they are lower.
    pub limits: Limits,
    /// Calls in flight on this revision.
    pub calls: usize,
    /// Calls that wait for their turn.
    pub queued: usize,
    /// Its instances that live, idle ones among them.
    pub instances: usize,
    /// Every limit, and how often the plugin's calls ran into it since the host started, over all revisions.
    pub limit_hits: Vec<(Limit, u64)>,
    /// Answers that were not what its contract says, of those that were held against it, counted likewise.
    pub off_contract: u64,
    /// What this revision's answers were.
    pub answers: Tally,
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
        config.validate().map_err(Error::from)?;
        let setup = Arc::new(Setup::new(&config, None).map_err(Error::from)?);
        let host = Arc::new(config.host.clone());
        let folders = folders(&config)?;
        let machines = Machines::new(imports, host.clone())?;
        let cache = match &config.host.cache_dir {
            Some(dir) => Cache::open(dir, config.host.cache_bytes, machines.engine())?,
            None => None,
        };
        let (state, before) = match &config.host.state_dir {
            Some(dir) => State::open(dir)?.unzip(),
            None => (None, None),
        };
        let before = before.unwrap_or_default();
        let threads =
            |error| Error::with_source(ErrorKind::Internal, "no threads can be started", error);
        Ok(Host(Arc::new(Inner {
            api: ArcSwap::from_pointee(Api::empty(setup, folders)),
            commons: Commons::new(host.clone(), config.faults.clone()).map_err(threads)?,
            lane: Lane::new().map_err(threads)?,
            loader: Arc::new(Loader::new(machines, cache)),
            ready: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            books: Mutex::new(Books::new(before)),
            state: state.map(Arc::new),
            own_paths: OwnPaths::new(&host),
            host,
            config: ArcSwap::from_pointee(config),
        })))
    }
}

/// The folders of a configuration whose files are served.
pub(crate) fn folders(config: &Config) -> Result<Arc<[Arc<Site>]>, Error> {
    let mut reserved = config.files.iter();
    if let Some(folder) = reserved.find(|folder| is_reserved(&folder.path, &config.host)) {
        let message = format!(
            "`files` has `{}`, which is one of the host's own paths",
            folder.path
        );
        return Err(Error::new(ErrorKind::Config, message));
    }
    let folders = config.files.iter();
    Ok(folders
        .map(|folder| Arc::new(Site::folder(folder)))
        .collect())
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

    /// Serves a component under a name, instead of what is served under it now: its bytes, or a [`Component`] with what
    /// lies beside it. See [`Host::apply`].
    ///
    /// # Errors
    ///
    /// It cannot be served; what was served before still is.
    pub async fn deploy(
        &self,
        name: &str,
        component: impl Into<Component>,
    ) -> Result<Deployed, Error> {
        let change = Change::Deploy {
            name: name.into(),
            component: component.into(),
        };
        self.one(PROGRAM, change).await
    }

    /// Serves a plugin no more. See [`Host::apply`].
    ///
    /// # Errors
    ///
    /// There is none of that name.
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        let name = name.into();
        self.one(PROGRAM, Change::Remove { name }).await.map(drop)
    }

    pub(crate) async fn one(&self, who: &str, change: Change) -> Result<Deployed, Error> {
        let applied = self.apply_as(who, vec![change]).await;
        applied
            .outcomes
            .into_iter()
            .next()
            .expect("one change has one outcome")
            .1
    }

    /// Serves again what an earlier revision of a plugin was; none: the newest of those before the one that serves. Where
    /// its code is still in memory, which it is unless the host was started anew since, that takes a few milliseconds.
    ///
    /// # Errors
    ///
    /// Nothing is kept to go back to, or it cannot be served any more.
    pub async fn roll_back(&self, name: &str, revision: Option<u64>) -> Result<Deployed, Error> {
        let name = name.into();
        self.one(PROGRAM, Change::RollBack { name, revision }).await
    }

    /// The revisions of a plugin that are kept, the oldest first.
    ///
    /// # Errors
    ///
    /// No plugin of that name is known.
    pub fn history(&self, name: &str) -> Result<Vec<HistoryEntry>, Error> {
        let books = self.0.books();
        let past = books.past(name).filter(|past| past.newest().is_some());
        past.map(Past::told)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("no plugin `{name}` is known")))
    }

    /// The plugins that are disabled, by name.
    pub fn disabled(&self) -> Vec<String> {
        let books = self.0.books();
        let disabled = books.pasts().filter(|(_, past)| past.disabled);
        let mut names: Vec<String> = disabled.map(|(name, _)| name.to_owned()).collect();
        names.sort();
        names
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
            .map(|served| status(&served.stable))
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
        component: impl Into<Component>,
        allowed: &[String],
    ) -> Result<PluginStatus, Error> {
        let name: Arc<str> = name.into();
        let loaded = self.0.load(&name, component.into(), allowed).await?;
        let mut books = self.0.books();
        let book = books.of(&name, &self.0.lane);
        let revision = self.0.revision(book, &name, 1, loaded);
        Ok(status(&revision))
    }

    /// The contract of a component, as an OpenAPI document in JSON with the component's own paths and names.
    ///
    /// # Errors
    ///
    /// As [`Host::deploy`], or it has none ([`ErrorKind::Contract`]).
    pub async fn contract(
        &self,
        name: &str,
        component: impl Into<Component>,
    ) -> Result<Vec<u8>, Error> {
        let loaded = self.0.load(&name.into(), component.into(), &[]).await?;
        match loaded.code.contract.is_catch_all() {
            true => Err(Error::new(
                ErrorKind::Contract,
                "the component has no contract; put an `openapi.json` beside it, in a folder with a `plugin.wasm`",
            )),
            false => Ok(loaded.code.contract.json()),
        }
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
    /// are cut; instances that want to be told that they end are. Returns when none is left; from then on another host may
    /// use the state folder.
    pub async fn shutdown(&self) {
        self.0.closed.store(true, Relaxed);
        self.0.ready.store(false, Relaxed);
        let empty = Arc::new(Api::empty(self.0.api.load().setup.clone(), Arc::default()));
        let served = self.0.api.swap(empty).set();
        let now = Instant::now();
        let mut last = Duration::ZERO;
        let mut stop = Duration::ZERO;
        let mut gone = Vec::new();
        for revision in served.values().flat_map(Served::revisions) {
            revision.leave(now);
            last = last.max(Duration::from_millis(revision.limits.drain_ms));
            stop = stop.max(Duration::from_millis(revision.limits.stop_ms));
            gone.push(revision.gone());
        }
        // Else they would be held here while they are waited for.
        drop(served);
        let all = async {
            for gone in gone {
                gone.cancelled().await;
            }
        };
        // The reaper cuts what is late within a second; a guest stops within a tick of that.
        let _ = tokio::time::timeout(last + Duration::from_secs(3), all).await;
        // Each has its own deadline; a busy lane may be late by a little.
        let stopped = self.0.commons.stopped();
        let _ = tokio::time::timeout(stop + Duration::from_secs(1), stopped).await;
        if let Some(state) = &self.0.state {
            state.end();
        }
    }
}

pub(crate) fn status(revision: &Revision) -> PluginStatus {
    let contract = &revision.code.contract;
    let operation = |(_, found): (usize, &crate::contract::Operation)| {
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
        interface: revision.code.interface(),
        concurrent: revision.code.is_concurrent(),
        prefix: revision.prefix.to_string(),
        operations: contract.routed().map(operation).collect(),
        files: revision
            .site
            .as_ref()
            .map(|site| (format!("{}/", site.path), site.count())),
        warnings: contract.warnings.clone(),
        limits: (*revision.limits).clone(),
        calls: revision.calls(),
        queued: revision.queued(),
        instances: revision.pool.instances(),
        limit_hits: revision.hits.all(),
        off_contract: revision.hits.off_contract(),
        answers: revision.counts.sum(),
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
