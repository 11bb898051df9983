//! `Code`: a component that was compiled or read from the cache, linked, its exports checked, its contract read.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use super::bindings;
use super::cache::Cache;
use super::engine::{KEEP_RESIDENT, Machine};
use super::instance::{CallError, Described, Instance};
use super::lane::{Interrupt, Lanes, Ran};
use super::meter::Meter;
use super::misfit;
use super::state::GuestState;
use crate::config::{Isolation, Limits};
use crate::contract::Contract;
use crate::error::{Error, ErrorKind};
use crate::limit::Limit;

/// A component ready to be instantiated, with what it says it serves. Known by its content's hash.
pub(crate) struct Code {
    /// SHA-256 of the component, in hex.
    pub(crate) hash: String,
    pub(crate) contract: Contract,
    pre: InstancePre<GuestState>,
    handle: ComponentExportIndex,
}

/// Where components are compiled: at most one a core at once, however many files arrive together, and of the large ones
/// one in all: an interpreter takes every core for seconds as it is, and must leave a turn to the small.
pub(crate) struct Loader {
    machine: Machine,
    cache: Option<Cache>,
    compiling: Semaphore,
    compiling_large: Semaphore,
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
}

/// Linked, but not yet asked.
struct Linked {
    code: Component,
    pre: InstancePre<GuestState>,
    handle: ComponentExportIndex,
    openapi: ComponentExportIndex,
    /// From the cache.
    contract: Option<String>,
}

impl Code {
    /// A fresh instance of it.
    pub(crate) async fn instance(
        &self,
        plugin: Arc<str>,
        limits: &Limits,
        meter: Arc<Meter>,
    ) -> Result<Instance, CallError> {
        Instance::new(&self.pre, self.handle, plugin, limits, meter).await
    }
}

impl Loader {
    pub(crate) fn new(machine: Machine, cache: Option<Cache>) -> Loader {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        Loader {
            machine,
            cache,
            compiling: Semaphore::new(cores.max(2)),
            compiling_large: Semaphore::new(1),
        }
    }

    /// Bytes to `Code`: compiled off the async threads, asked for its contract in the slow lane.
    pub(crate) async fn load(
        self: &Arc<Self>,
        bytes: bytes::Bytes,
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
        let (hash, bytes, cached) = blocking(move || {
            let hash = hex(&Sha256::digest(&bytes));
            let cached = this.cached(&hash);
            Ok((hash, bytes, cached))
        })
        .await?;
        let (code, contract) = match cached {
            Some((code, contract)) => (code, Some(contract)),
            None => (self.compile(bytes).await?, None),
        };
        let this = self.clone();
        let allowed = purpose.allowed.clone();
        let linked = blocking(move || this.link(code, contract, &allowed)).await?;
        let (text, fresh) = match &linked.contract {
            Some(text) => (text.clone(), false),
            None => (describe(&linked, purpose).await?, true),
        };
        let this = self.clone();
        let limits = purpose.limits.clone();
        blocking(move || {
            let mut contract = Contract::parse(&text, &limits)
                .map_err(|error| Error::new(ErrorKind::Contract, error.to_string()))?;
            if fresh
                && let Some(cache) = &this.cache
                && let Ok(code) = linked.code.serialize()
            {
                cache.write(&hash, &text, &code);
            }
            contract
                .warnings
                .extend(dear_when_fresh(&linked.code, &limits));
            let Linked { pre, handle, .. } = linked;
            Ok(Arc::new(Code {
                hash,
                contract,
                pre,
                handle,
            }))
        })
        .await
    }

    fn cached(&self, hash: &str) -> Option<(Component, String)> {
        let file = self.cache.as_ref()?.read(hash)?;
        let contract = file.contract()?.to_owned();
        #[allow(unsafe_code)]
        // SAFETY: only this host writes to its cache (`Cache::open` refuses a folder where others may), and the
        // digest of what it wrote was checked. wasmtime itself refuses code of another version or machine.
        let code = unsafe { Component::deserialize(&self.machine.engine, file.code()) }.ok()?;
        Some((code, contract))
    }

    /// In turns, which are over before the component is asked for its contract: a guest that takes its time over that
    /// keeps nobody waiting.
    async fn compile(self: &Arc<Self>, bytes: bytes::Bytes) -> Result<Component, Error> {
        const OPEN: &str = "the semaphore is never closed";
        let mut alone = None;
        if bytes.len() >= LARGE {
            alone = Some(self.compiling_large.acquire().await.expect(OPEN));
        }
        let turn = self.compiling.acquire().await.expect(OPEN);
        let this = self.clone();
        let code = blocking(move || misfit::compile(&this.machine.engine, &bytes)).await;
        drop((turn, alone));
        code
    }

    fn link(
        &self,
        code: Component,
        contract: Option<String>,
        allowed: &[String],
    ) -> Result<Linked, Error> {
        let pre = misfit::link(&self.machine.linker, &code, allowed)?;
        let handle = misfit::export(&code, bindings::HANDLER, "handle")?;
        let openapi = misfit::export(&code, bindings::CONTRACT, "openapi")?;
        Ok(Linked {
            code,
            pre,
            handle,
            openapi,
            contract,
        })
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
async fn describe(linked: &Linked, purpose: &Purpose) -> Result<String, Error> {
    let limits = Limits {
        answer_bytes: purpose.limits.contract_bytes,
        ..purpose.limits.clone()
    };
    let meter = Arc::new(Meter::new(limits.describe_cpu_ms));
    let (cpu_ms, plugin) = (limits.describe_cpu_ms, purpose.plugin.clone());
    let (pre, handle, openapi) = (linked.pre.clone(), linked.handle, linked.openapi);
    let (account, watched) = (meter.clone(), meter.clone());
    let asked = Box::pin(async move {
        let instance = Instance::new(&pre, handle, plugin, &limits, account)
            .await
            .map_err(Described::Call)?;
        instance.describe(handle, openapi, &limits).await
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
                "the component's `handle` is not that of switchback:plugin@0.1.0 ({error:#}): rebuild it against this \
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

async fn blocking<T: Send + 'static>(
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

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
