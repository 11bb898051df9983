//! What a guest's store holds: its WASI with nothing in it, its budget of memory, and the call it works on.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::guest_log::GuestLog;
use super::meter::{Meter, Stopped};
use super::outlet::Outlet;
use super::wasi_http::Outbound;
use crate::admit::Admitted;
use crate::arrival::Incoming;
use crate::bodies::Held;
use crate::config::Limits;
use crate::identity::Peer;
use crate::limit::Limit;
use crate::request_id::RequestId;
use crate::spool::FileContent;
use crate::steps::Places;

/// What belongs to one instance of a guest and to the call that it works on. An embedder's own imports reach the
/// call's [`extensions`](GuestState::extensions) through it.
pub struct GuestState {
    pub(super) owner: Owner,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
    table: ResourceTable,
    pub(super) memory: Memory,
    pub(super) call: Option<CallContext>,
    /// What the files hold that came with the call's form.
    pub(super) files: Vec<FileContent>,
    pub(super) outlet: Outlet,
    pub(super) meter: Arc<Meter>,
    pub(super) log: Arc<GuestLog>,
}

/// Whose instance it is: the same for all of its calls.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) plugin: Arc<str>,
    /// The path under which the program around nests the host.
    pub(crate) base_path: Arc<str>,
    /// The plugin's own prefix: empty, or `/shop`.
    pub(crate) prefix: Arc<str>,
}

/// What is known of a request; a guest may ask about most of it. It goes from step to step, and from the call on it is
/// shared by the guest, its log and the request's record, which has to tell what was asked if the call fails.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Its extensions leave it before the call.
    pub(crate) head: http::request::Parts,
    /// The path's parameters.
    pub(crate) places: Places,
    pub(crate) request_id: RequestId,
    pub(crate) peer: Option<Peer>,
    /// What the guest gets.
    pub(crate) admitted: Admitted,
    /// What its body takes.
    pub(crate) held: Held,
    /// What the guest has logged.
    said: Mutex<Vec<String>>,
}

impl Asked {
    pub(crate) fn new(
        head: http::request::Parts,
        places: Places,
        request_id: RequestId,
        peer: Option<Peer>,
        admitted: Admitted,
    ) -> Asked {
        Asked {
            head,
            places,
            request_id,
            peer,
            admitted,
            held: Held::default(),
            said: Mutex::default(),
        }
    }

    /// The guest logs a line; how much it may log is its log's affair.
    pub(super) fn say(&self, line: String) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.push(line);
    }

    /// What the guest has logged so far.
    pub(crate) fn said(&self) -> Vec<String> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }
}

/// A call as its guest has it.
#[derive(Debug)]
pub(crate) struct CallContext {
    pub(crate) asked: Arc<Asked>,
    /// What the program around the host, or its proxies, said of the request.
    pub(crate) extensions: http::Extensions,
    /// The body, where the guest reads it itself.
    pub(crate) stream: Option<Box<Incoming>>,
}

impl Deref for CallContext {
    type Target = Asked;

    fn deref(&self) -> &Asked {
        &self.asked
    }
}

impl GuestState {
    pub(super) fn new(owner: Owner, limits: &Limits, meter: Arc<Meter>) -> GuestState {
        let log = GuestLog::new(owner.plugin.clone());
        let mut wasi = WasiCtx::builder();
        wasi.stdout(log.stdout())
            .stderr(log.stderr())
            .allow_tcp(false)
            .allow_udp(false);
        GuestState {
            owner,
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outbound: Outbound::none(log.clone()),
            table: ResourceTable::new(),
            memory: Memory {
                limit: usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX),
                used: 0,
                elements_limit: limits.table_elements,
                elements: 0,
                core_instances: limits.core_instances,
            },
            call: None,
            files: Vec::new(),
            outlet: Outlet::default(),
            meter,
            log,
        }
    }

    /// The request's extensions: what the program around the host put there for its own imports. None outside of a
    /// call (while the contract is asked for).
    pub fn extensions(&self) -> Option<&http::Extensions> {
        self.call.as_ref().map(|call| &call.extensions)
    }

    /// The address of the client, where the host knows it. None outside of a call.
    pub fn peer(&self) -> Option<Peer> {
        self.call.as_ref().and_then(|call| call.peer)
    }

    /// The extensions, to be changed.
    pub fn extensions_mut(&mut self) -> Option<&mut http::Extensions> {
        self.call.as_mut().map(|call| &mut call.extensions)
    }
}

impl std::fmt::Debug for GuestState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuestState")
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for GuestState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.outbound,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// The memory of one instance, all its linear memories and tables summed: wasmtime's own limits count each alone.
#[derive(Debug)]
pub(super) struct Memory {
    limit: usize,
    pub(super) used: usize,
    elements_limit: usize,
    /// Of all tables.
    elements: usize,
    core_instances: usize,
}

impl Memory {
    fn grow(&mut self, by: usize) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(by);
        if used > self.limit {
            // A trap rather than a refusal: guests answer a refusal with a trap that says less.
            return Err(Stopped::Limit(Limit::Memory).into());
        }
        self.used = used;
        Ok(true)
    }
}

/// A table's element is a pointer.
const ELEMENT: usize = size_of::<usize>();

impl wasmtime::ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.grow(desired.saturating_sub(current))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let by = desired.saturating_sub(current);
        self.elements = self.elements.saturating_add(by);
        if self.elements > self.elements_limit {
            return Err(Stopped::Limit(Limit::Tables).into());
        }
        self.grow(by.saturating_mul(ELEMENT))
    }

    fn instances(&self) -> usize {
        self.core_instances
    }
}
