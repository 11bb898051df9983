//! `Code`: a component that was compiled or read from the cache, linked, its exports checked, its contract read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use super::cache::Cache;
use super::engine::{Calls, KEEP_RESIDENT, Machines};
use super::instance::{CallError, Described, Instance};
use super::lane::{Interrupt, Lanes, Ran};
use super::meter::Meter;
use super::misfit;
use super::state::{GuestState, Owner};
use crate::component::FILES;
use crate::config::{Isolation, Limits};
use crate::contract::Contract;
use crate::error::{Error, ErrorKind};
use crate::limit::Limit;

/// A component ready to be instantiated, with what it says it serves. Known by its content's hash.
pub(crate) struct Code {
    /// SHA-256 of the component, in hex.
    pub(crate) hash: String,
    pub(crate) contract: Contract,
    /// What its compiled code takes.
    pub(crate) image_bytes: u64,
    entry: Entry,
    calls: Calls,
}

/// A component that is linked, by what it exports.
#[derive(Clone)]
pub(super) enum Entry {
    /// The interface of `wit/plugin.wit`.
    Plugin(InstancePre<GuestState>, Exports),
    /// `wasi:http/incoming-handler@0.2`.
    Http02(ProxyPre<GuestState>),
    /// `wasi:http/handler@0.3`.
    Http03(ServicePre<GuestState>),
}

/// What of our own interface is called for as long as a component serves.
#[derive(Clone, Copy)]
pub(super) struct Exports {
    pub(super) handle: ComponentExportIndex,
    /// Of those that want to be told when an instance begins and ends.
    pub(super) lifecycle: Option<Lifecycle>,
}

#[derive(Clone, Copy)]
pub(super) struct Lifecycle {
    pub(super) on_start: ComponentExportIndex,
    pub(super) on_stop: ComponentExportIndex,
}

impl Entry {
    pub(super) fn lifecycle(&self) -> Option<Lifecycle> {
        match self {
            Entry::Plugin(_, exports) => exports.lifecycle,
            Entry::Http02(_) | Entry::Http03(_) => None,
        }
    }

    pub(super) fn engine(&self) -> &wasmtime::Engine {
        match self {
            Entry::Plugin(pre, _) => pre.engine(),
            Entry::Http02(pre) => pre.engine(),
            Entry::Http03(pre) => pre.engine(),
        }
    }
}

/// Where components are compiled: at most one a core at once, however many files arrive together, and of the large ones
/// one in all: an interpreter takes every core for seconds as it is, and must leave a turn to the small.
pub(crate) struct Loader {
    machines: Machines,
    cache: Option<Cache>,
    compiling: Semaphore,
    compiling_large: Semaphore,
    /// Components that were loaded so far: from the cache, and compiled.
    from_cache: AtomicU64,
    from_compiler: AtomicU64,
}

/// From how many bytes on a component is large: no Rust plugin is, each Python plugin is.
const LARGE: usize = 8 << 20;

/// What loading needs to know about the plugin it is for.
#[derive(Clone)]
pub(crate) struct Purpose {
    pub(crate) plugin: Arc<str>,
    pub(crate) limits: Limits,
    pub(crate) lanes: Arc<Lanes>,
    /// Imports that are taken as there although this host does not offer them (`switchback check --allow-import`).
    pub(crate) allowed: Vec<String>,
    /// The document that lies beside the component.
    pub(crate) document: Option<Bytes>,
}

/// Compiled, and what the cache has told of it.
struct Compiled {
    code: Component,
    calls: Calls,
    contract: Option<String>,
}

impl Code {
    /// A fresh instance of it, which has begun.
    pub(crate) async fn instance(
        &self,
        owner: Owner,
        limits: &Limits,
        meter: Arc<Meter>,
    ) -> Result<Instance, CallError> {
        let instance = Instance::new(&self.entry, owner, limits, meter).await?;
        match self.entry.lifecycle() {
            Some(lifecycle) => Box::pin(instance.start(lifecycle, limits)).await,
            None => Ok(instance),
        }
    }

    /// Whether its instances are told that they begin and end.
    pub(crate) fn has_lifecycle(&self) -> bool {
        self.entry.lifecycle().is_some()
    }

    /// Tells an instance that it ends.
    pub(crate) async fn stop(
        &self,
        instance: Instance,
        limits: &Limits,
        meter: Arc<Meter>,
    ) -> Result<(), CallError> {
        match self.entry.lifecycle() {
            Some(lifecycle) => instance.stop(lifecycle, limits, meter).await,
            None => Ok(()),
        }
    }

    /// The interface by which requests reach it.
    pub(crate) fn interface(&self) -> &'static str {
        match self.entry {
            Entry::Plugin(..) => "switchback:plugin@0.1",
            Entry::Http02(_) => "wasi:http@0.2",
            Entry::Http03(_) => "wasi:http@0.3",
        }
    }

    /// Whether it runs on the engine for components with tasks of their own.
    pub(crate) fn is_concurrent(&self) -> bool {
        self.calls == Calls::Concurrent
    }

    /// Whether requests reach it as they come, by `wasi:http`, rather than read, by our own interface.
    pub(crate) fn is_standard(&self) -> bool {
        match self.entry {
            Entry::Plugin(..) => false,
            Entry::Http02(_) | Entry::Http03(_) => true,
        }
    }
}

impl Loader {
    pub(crate) fn new(machines: Machines, cache: Option<Cache>) -> Loader {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        Loader {
            machines,
            cache,
            compiling: Semaphore::new(cores.max(2)),
            compiling_large: Semaphore::new(1),
            from_cache: AtomicU64::new(0),
            from_compiler: AtomicU64::new(0),
        }
    }

    /// Bytes to `Code`: compiled off the async threads, asked for its contract in the slow lane.
    pub(crate) async fn load(
        self: &Arc<Self>,
        bytes: Bytes,
        purpose: &Purpose,
    ) -> Result<Arc<Code>, Error> {
        let size = bytes.len() as u64;
        if size > purpose.limits.component_bytes {
            let message = format!(
                "the component has {size} bytes, more than limits.component_bytes = {}: raise the limit, or build with \
                 `opt-level = \"s\"`, `lto` and `strip`",
                purpose.limits.component_bytes
            );
            return Err(Error::new(ErrorKind::Component, message));
        }
        let this = self.clone();
        let isolation = purpose.limits.isolation;
        let (hash, bytes, cached) = blocking(move || {
            let hash = hex(&Sha256::digest(&bytes));
            let cached = this.cached(&hash, isolation);
            Ok((hash, bytes, cached))
        })
        .await?;
        let compiled = match cached {
            Some(compiled) => {
                self.from_cache.fetch_add(1, Relaxed);
                compiled
            }
            None => {
                self.from_compiler.fetch_add(1, Relaxed);
                self.compile(bytes, isolation).await?
            }
        };
        let this = self.clone();
        let allowed = purpose.allowed.clone();
        let (compiled, entry, openapi) = blocking(move || {
            let machine = this.machines.get(compiled.calls, isolation)?;
            let (entry, openapi) = misfit::link(&machine.linker, &compiled.code, &allowed)?;
            Ok((compiled, entry, openapi))
        })
        .await?;
        let fresh = compiled.contract.is_none();
        let text = match (compiled.contract, openapi) {
            (Some(text), _) => text,
            (None, Some(openapi)) => describe(entry.clone(), openapi, purpose).await?,
            (None, None) => String::new(),
        };
        let this = self.clone();
        let (limits, document) = (purpose.limits.clone(), purpose.document.clone());
        blocking(move || {
            let own = match &entry {
                Entry::Plugin(..) => Some(
                    Contract::parse(&text, &limits)
                        .map_err(|error| Error::new(ErrorKind::Contract, error.to_string()))?,
                ),
                Entry::Http02(_) | Entry::Http03(_) => None,
            };
            if fresh
                && let Some(cache) = &this.cache
                && let Ok(code) = compiled.code.serialize()
            {
                cache.write(&hash, compiled.calls, &text, &code);
            }
            // Not of the cache: the same component may lie beside another document.
            let mut contract = match document {
                Some(document) => beside(&document, own, &limits)?,
                None => own.unwrap_or_else(Contract::catch_all),
            };
            contract
                .warnings
                .extend(dear_when_fresh(&compiled.code, &limits));
            let image = compiled.code.image_range();
            Ok(Arc::new(Code {
                hash,
                contract,
                image_bytes: image.end as u64 - image.start as u64,
                entry,
                calls: compiled.calls,
            }))
        })
        .await
    }

    /// Components that were loaded so far: those whose code came from the cache, and those that were compiled.
    pub(crate) fn loaded(&self) -> (u64, u64) {
        (
            self.from_cache.load(Relaxed),
            self.from_compiler.load(Relaxed),
        )
    }

    fn cached(&self, hash: &str, isolation: Isolation) -> Option<Compiled> {
        let cache = self.cache.as_ref()?;
        let (calls, file) = [Calls::Plain, Calls::Concurrent]
            .into_iter()
            .find_map(|calls| Some((calls, cache.read(hash, calls)?)))?;
        let contract = Some(file.contract()?.to_owned());
        let machine = self.machines.get(calls, isolation).ok()?;
        #[allow(unsafe_code)]
        // SAFETY: only this host writes to its cache (`Cache::open` refuses a folder where others may), and the
        // digest of what it wrote was checked. wasmtime itself refuses code of another version or machine.
        let code = unsafe { Component::deserialize(&machine.engine, file.code()) }.ok()?;
        Some(Compiled {
            code,
            calls,
            contract,
        })
    }

    /// In turns, which are over before the component is asked for its contract: a guest that takes its time over that
    /// keeps nobody waiting.
    async fn compile(
        self: &Arc<Self>,
        bytes: bytes::Bytes,
        isolation: Isolation,
    ) -> Result<Compiled, Error> {
        const OPEN: &str = "the semaphore is never closed";
        let mut alone = None;
        if bytes.len() >= LARGE {
            alone = Some(self.compiling_large.acquire().await.expect(OPEN));
        }
        let turn = self.compiling.acquire().await.expect(OPEN);
        let this = self.clone();
        let compiled = blocking(move || {
            let (code, calls) = misfit::compile(&this.machines, isolation, &bytes)?;
            Ok(Compiled {
                code,
                calls,
                contract: None,
            })
        })
        .await;
        drop((turn, alone));
        compiled
    }
}

/// The contract that a component has by the document beside it.
fn beside(document: &[u8], own: Option<Contract>, limits: &Limits) -> Result<Contract, Error> {
    let refuse = |why: &dyn std::fmt::Display| {
        let message = format!("`{}` beside the component: {why}", FILES[1]);
        Error::new(ErrorKind::Contract, message)
    };
    let text = std::str::from_utf8(document).map_err(|_| refuse(&"it is no UTF-8"))?;
    let contract = Contract::parse(text, limits).map_err(|why| refuse(&why))?;
    match own {
        None => Ok(contract),
        Some(own) => contract.within(own).map_err(|why| refuse(&why)),
    }
}

/// What there is to say of a component whose memory does not fit into what a slot keeps, if each call gets a fresh one.
fn dear_when_fresh(code: &Component, limits: &Limits) -> Option<String> {
    let pages = code.resources_required()?.max_initial_memory_size?;
    let bytes = pages.saturating_mul(64 << 10);
    (limits.isolation == Isolation::Request && bytes > KEEP_RESIDENT as u64).then(|| {
        format!(
            "its memory begins with {} KiB and a slot keeps {} KiB: with `isolation = \"request\"` each call gives the \
             rest back to the system and takes it anew, which costs several times the call; link it with a smaller \
             `-zstack-size` and `--initial-memory`, or use `isolation = \"reuse\"`",
            bytes >> 10,
            KEEP_RESIDENT >> 10
        )
    })
}

/// How long `openapi()` may wait for something, all in all.
const DESCRIBE_WAITS: Duration = Duration::from_secs(5);
/// How often the host looks whether it waits.
const GLANCE: Duration = Duration::from_millis(50);

/// Asks a component for its contract: in the slow lane, without grants, under limits.
async fn describe(
    entry: Entry,
    openapi: ComponentExportIndex,
    purpose: &Purpose,
) -> Result<String, Error> {
    let limits = Limits {
        answer_bytes: purpose.limits.contract_bytes,
        ..purpose.limits.clone()
    };
    let meter = Arc::new(Meter::new(limits.describe_cpu_ms));
    let cpu_ms = limits.describe_cpu_ms;
    let owner = Owner {
        plugin: purpose.plugin.clone(),
        base_path: "".into(),
        prefix: "".into(),
    };
    let (account, watched) = (meter.clone(), meter.clone());
    let asked = Box::pin(async move {
        let instance = Instance::new(&entry, owner, &limits, account)
            .await
            .map_err(Described::Call)?;
        let lifecycle = entry.lifecycle();
        instance.describe(openapi, lifecycle, &limits).await
    });
    // Time in the lane is the CPU limit's affair: on a busy machine most of it passes before the guest's turn comes.
    let waited = |_: &Arc<Meter>| async move {
        for _ in 0..DESCRIBE_WAITS.as_millis() / GLANCE.as_millis() {
            tokio::time::sleep(GLANCE).await;
            while watched.is_in_lane() {
                tokio::time::sleep(GLANCE).await;
            }
        }
        Interrupt::Late(Limit::Time)
    };
    let refuse = |why: String| Error::new(ErrorKind::Describe, why);
    match purpose.lanes.run(meter, asked, true, waited).await {
        Ok(Ran::Done(Ok(text))) => Ok(text),
        Ok(Ran::Done(Err(Described::Type(error)))) => Err(Error::new(
            ErrorKind::Interface,
            format!(
                "what the component exports is not as switchback:plugin@0.1.0 has it ({error:#}): rebuild it against this \
                 version of the interface"
            ),
        )),
        Ok(Ran::Done(Err(Described::Call(error)))) => Err(match error {
            CallError::Limit(Limit::Cpu) => refuse(format!(
                "`openapi()` computed for more than limits.describe_cpu_ms = {cpu_ms}: it should return a constant"
            )),
            CallError::Limit(Limit::Memory) => refuse(
                "`openapi()` asked for more memory than limits.memory_bytes: it should return a constant".into(),
            ),
            CallError::Limit(Limit::Tables) => refuse(format!(
                "the component's tables have more elements than limits.table_elements = {}: raise the limit",
                purpose.limits.table_elements
            )),
            CallError::Limit(Limit::CoreInstances) => refuse(format!(
                "the component is made of more core instances than limits.core_instances = {}: raise the limit, or \
                 build it of fewer modules",
                purpose.limits.core_instances
            )),
            CallError::Limit(Limit::Pool) => refuse(
                "no instance of it can be made now, since the pool is full: raise host.concurrency, or try again later"
                    .into(),
            ),
            CallError::Limit(Limit::Answer) => Error::new(
                ErrorKind::Contract,
                format!(
                    "`openapi()` returned more than limits.contract_bytes = {}: split the plugin, or raise the limit",
                    purpose.limits.contract_bytes
                ),
            ),
            error => refuse(format!(
                "`openapi()` failed ({error}): call it in a test of the plugin; what it printed is in the log"
            )),
        }),
        // No answer begins outside of a request: `start` says so.
        Ok(Ran::Begun(..)) | Err(_) => Err(refuse(format!(
            "`openapi()` waited for more than {} s: it should return a constant, and wait for nothing",
            DESCRIBE_WAITS.as_secs()
        ))),
    }
}

/// Does what takes time off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|panic| {
            Err(Error::with_source(
                ErrorKind::Internal,
                "loading the component broke the host's own code",
                panic,
            ))
        })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
