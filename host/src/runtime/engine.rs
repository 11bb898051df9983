//! The engines: how components are compiled and where their instances live, the tickers that interrupt them, and the
//! linkers with everything that guests may import.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::imports;
use super::meter::TICK;
use super::state::GuestState;
use crate::config::{self, HostConfig, Isolation};
use crate::error::{Error, ErrorKind};

/// An embedder's own imports for its guests.
pub type Imports = fn(&mut Linker<GuestState>) -> wasmtime::Result<()>;

/// Instances that can live beside those of all calls at once: idle ones, and candidates that are asked for their
/// contracts, so that a full host can still swap. Each reserves 4 GiB of addresses and no memory: docs/operating.md has the sum.
const MORE_SLOTS: usize = 1024;
/// What of a fresh instance's memory stays resident in its slot for the next one: zeroed by hand, which costs neither a
/// system call nor a page fault. The SDK's guests fit in it whole. It stays for as long as the engine, so an instance
/// that is used again leaves nothing: it is made rarely, and what a peak took is to go back to the system.
pub(super) const KEEP_RESIDENT: usize = 256 << 10;
/// The same of its tables.
const KEEP_RESIDENT_TABLES: usize = 16 << 10;
/// Slots that stay warm though nobody uses them: with what they keep, 25 MiB at the most. Enough for a fresh instance
/// a call of 50 plugins on two cores; without the bound, each swap leaves two more until all slots are resident.
const WARM_SLOTS: u32 = 100;
/// The largest memory of an instance that a slot can hold.
const SLOT_BYTES: usize = 4 << 30;
/// What a call's stack has beyond the guest's part, for the host's functions that the guest calls.
const HOST_STACK: usize = 1536 << 10;
/// Interfaces, adapters and shims of one component: a Python guest has about twenty core instances.
const CORE_INSTANCES: u32 = 8;

/// How an engine calls its guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calls {
    /// One task an instance, as nearly all components want it: the concurrent path would cost each call more than the
    /// guest's own work.
    Plain,
    /// With tasks, streams and futures of the component model: WASI 0.3, and what some toolchains' async runtimes need.
    Concurrent,
}

/// The engines of a host: code that one of them compiled runs on those that call it alike.
pub(crate) struct Machines {
    /// The one that nearly all plugins run on; every host has it.
    usual: Arc<Machine>,
    /// The others, each made for the first component that needs it.
    others: Mutex<Vec<Arc<Machine>>>,
    embedder: Option<Imports>,
    host: Arc<HostConfig>,
}

impl Machines {
    pub(crate) fn new(embedder: Option<Imports>, host: Arc<HostConfig>) -> Result<Machines, Error> {
        Ok(Machines {
            usual: Machine::new((Calls::Plain, Isolation::Reuse), embedder, &host)?,
            others: Mutex::default(),
            embedder,
            host,
        })
    }

    /// The engine that every host has.
    pub(crate) fn engine(&self) -> &Engine {
        &self.usual.engine
    }

    pub(super) fn get(&self, calls: Calls, isolation: Isolation) -> Result<Arc<Machine>, Error> {
        let kind = (calls, isolation);
        if self.usual.kind == kind {
            return Ok(self.usual.clone());
        }
        let mut others = self
            .others
            .lock()
            .expect("nothing panics while it makes an engine");
        if let Some(machine) = others.iter().find(|machine| machine.kind == kind) {
            return Ok(machine.clone());
        }
        let machine = Machine::new(kind, self.embedder, &self.host)?;
        others.push(machine.clone());
        Ok(machine)
    }
}

/// What tells one engine of a host from another: how it calls, and what its slots keep.
type Kind = (Calls, Isolation);

pub(super) struct Machine {
    kind: Kind,
    pub(super) engine: Engine,
    pub(super) linker: Linker<GuestState>,
    _ticker: Ticker,
}

impl Machine {
    /// An engine for a host, and everything that its guests may import.
    fn new(
        kind: Kind,
        embedder: Option<Imports>,
        host: &HostConfig,
    ) -> Result<Arc<Machine>, Error> {
        let started = Machine::start(kind, embedder, host);
        started.map(Arc::new).map_err(|error| {
            Error::with_source(
                ErrorKind::Internal,
                format!("the engine cannot be started: {error:#}"),
                error,
            )
        })
    }

    fn start(
        kind: Kind,
        embedder: Option<Imports>,
        host: &HostConfig,
    ) -> wasmtime::Result<Machine> {
        let slots = u32::try_from(host.concurrency + MORE_SLOTS).unwrap_or(u32::MAX);
        // Where the addresses for a pool cannot be had (a small container, `ulimit -v`), instances are mapped one by one.
        let engine = Engine::new(&settings(kind, host, Some(slots))).or_else(|error| {
            tracing::warn!(
                error = format!("{error:#}"),
                "no room for a pool of instances: mapping each one by itself"
            );
            Engine::new(&settings(kind, host, None))
        })?;
        let mut linker = Linker::new(&engine);
        imports::link(&mut linker)?;
        if kind.0 == Calls::Concurrent {
            imports::link_concurrent(&mut linker)?;
        }
        if let Some(embedder) = embedder {
            embedder(&mut linker)?;
        }
        let _ticker = Ticker::start(&engine)?;
        Ok(Machine {
            kind,
            engine,
            linker,
            _ticker,
        })
    }
}

fn settings((calls, isolation): Kind, host: &HostConfig, pooled: Option<u32>) -> Config {
    let (memory, tables) = match isolation {
        Isolation::Reuse => (0, 0),
        Isolation::Request => (KEEP_RESIDENT, KEEP_RESIDENT_TABLES),
    };
    let mut config = Config::new();
    config
        .concurrency_support(calls == Calls::Concurrent)
        .epoch_interruption(true)
        .max_wasm_stack(host.stack_bytes)
        // An instance that is used again keeps its stack; what that took goes when the instance does.
        .async_stack_zeroing(isolation == Isolation::Reuse)
        .async_stack_size(host.stack_bytes + HOST_STACK);
    // A backtrace without line tables is enough for the log.
    config.wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Disable);
    if let Some(slots) = pooled {
        let mut pool = PoolingAllocationConfig::default();
        pool.total_component_instances(slots)
            .total_core_instances(slots.saturating_mul(CORE_INSTANCES))
            .total_memories(slots)
            .total_tables(slots.saturating_mul(2))
            .total_stacks(slots)
            .total_gc_heaps(64)
            .max_core_instances_per_component(config::CORE_INSTANCES as u32)
            .max_memories_per_module(8)
            .max_memories_per_component(8)
            .max_tables_per_module(32)
            .max_tables_per_component(32)
            .max_component_instance_size(4 << 20)
            .max_core_instance_size(4 << 20)
            .max_memory_size(SLOT_BYTES)
            .table_elements(config::TABLE_ELEMENTS as usize)
            .linear_memory_keep_resident(memory)
            .table_keep_resident(tables)
            .max_unused_warm_slots(WARM_SLOTS);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    } else {
        // Addresses are what is short: each memory takes what it has and some to grow, and its bounds are checked.
        config
            .memory_reservation(0)
            .memory_reservation_for_growth(1 << 20)
            .memory_guard_size(64 << 10);
    }
    config
}

/// Advances the engine's epoch by one each tick, from a thread of its own, until dropped.
struct Ticker {
    /// Dropping it ends the thread.
    _stop: mpsc::Sender<()>,
}

impl Ticker {
    fn start(engine: &Engine) -> std::io::Result<Ticker> {
        let (stop, stopped) = mpsc::channel::<()>();
        // A weak engine: the ticker must not keep alive what it interrupts.
        let engine = engine.weak();
        std::thread::Builder::new()
            .name("switchback-ticker".into())
            .spawn(move || {
                let ended = |wait: Duration| {
                    stopped.recv_timeout(wait) != Err(mpsc::RecvTimeoutError::Timeout)
                };
                while !ended(TICK) {
                    let Some(engine) = engine.upgrade() else {
                        return;
                    };
                    engine.increment_epoch();
                }
            })?;
        Ok(Ticker { _stop: stop })
    }
}
