//! One instance of a guest, and one call into it.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Func, Lift, TypedFunc};
use wasmtime::{Store, Trap, UpdateDeadline};
use wasmtime_wasi_http::p2::bindings::Proxy;
use wasmtime_wasi_http::p3::bindings::Service;

use super::bindings::{self, Answer};
use super::code::{Entry, Lifecycle};
use super::inlet::Lent;
use super::meter::{Meter, Stopped};
use super::outlet::{Outlet, in_one_line};
use super::state::{CallContext, GuestState, Owner};
use super::{service, wasi_http};
use crate::admit::AdmittedBody;
use crate::answer::GuestAnswer;
use crate::arrival::ReadError;
use crate::config::Limits;
use crate::limit::Limit;
use crate::serve_error::GuestTrap;
use crate::upload::FormFile;

/// An instance between two calls.
pub(crate) struct Instance {
    store: Store<GuestState>,
    guest: Guest,
    calls: u64,
    /// Since when it rests, as far as anybody has looked.
    pub(super) idle_since: Option<Instant>,
    /// For as long as it lives it is counted.
    pub(crate) counted: Option<Arc<()>>,
}

/// What of an instance is called, by its [`Entry`].
enum Guest {
    Plugin(wasmtime::component::Instance, Func),
    Http02(Proxy),
    Http03(Service),
}

const ONE_INTERFACE: &str = "a revision calls its code by the interface that it exports";

/// How a guest answered.
pub(crate) enum Answered {
    /// By our own interface, not yet looked at.
    Full(GuestAnswer),
    /// By `wasi:http`, not yet looked at.
    Standard(Box<http::Response<Bytes>>),
    /// In pieces, and all of them are sent.
    Streamed,
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("limit `{}` was hit", .0.name())]
    Limit(Limit),
    #[error("the guest returned `answer.streamed` without an answer begun by `outgoing.start`")]
    NotStreamed,
    #[error("the guest returned `answer.full` though it had begun its answer by `outgoing.start`")]
    FullAfterStart,
    /// By `on-start`, and why.
    #[error("`on-start` failed: {0}")]
    NotStarted(String),
    /// By `outgoing.abort`, and why.
    #[error("the guest broke its answer off: {0}")]
    Aborted(String),
    /// By `wasi:http`, and why.
    #[error("the guest gave no answer: {0}")]
    NoAnswer(String),
    #[error("the request's body could not be read to its end: {0}")]
    Body(ReadError),
    #[error("the call was cancelled")]
    Cancelled,
    #[error("the guest trapped: {0}")]
    Trapped(Box<GuestTrap>),
}

impl From<wasmtime::Error> for CallError {
    fn from(error: wasmtime::Error) -> CallError {
        match error.downcast_ref::<Stopped>() {
            Some(Stopped::Limit(limit)) => return CallError::Limit(*limit),
            Some(Stopped::Cancelled) => return CallError::Cancelled,
            None => {}
        }
        if error.is::<wasmtime::PoolConcurrencyLimitError>() {
            return CallError::Limit(Limit::Pool);
        }
        if error.downcast_ref::<Trap>() == Some(&Trap::StackOverflow) {
            return CallError::Limit(Limit::Stack);
        }
        // wasmtime has no types for these.
        let cause = error.root_cause().to_string();
        if cause.contains("fuel allocated for hostcalls") {
            return CallError::Limit(Limit::Answer);
        }
        // Where instances are mapped one by one and the process may map no more.
        if cause.contains("Cannot allocate memory") {
            return CallError::Limit(Limit::Pool);
        }
        if cause.contains("instance count too high") {
            return CallError::Limit(Limit::CoreInstances);
        }
        CallError::Trapped(Box::new(trap(&error)))
    }
}

/// The most of a stack that is kept.
const FRAMES: usize = 32;

/// The cause, and the stack of the guest as far as its functions have names.
fn trap(error: &wasmtime::Error) -> GuestTrap {
    let stack = error.downcast_ref::<wasmtime::WasmBacktrace>();
    let frames = stack.map(|stack| stack.frames()).unwrap_or_default();
    let names = frames.iter().filter_map(|frame| frame.func_name());
    GuestTrap {
        cause: error.root_cause().to_string(),
        frames: names.take(FRAMES).map(str::to_owned).collect(),
    }
}

impl Instance {
    /// A fresh instance. What its start functions compute counts as the call's.
    pub(super) async fn new(
        entry: &Entry,
        owner: Owner,
        limits: &Limits,
        meter: Arc<Meter>,
    ) -> Result<Instance, CallError> {
        let state = GuestState::new(owner, limits, meter);
        let mut store = Store::new(entry.engine(), state);
        store.limiter(|state| &mut state.memory);
        store.epoch_deadline_callback(|store| -> wasmtime::Result<UpdateDeadline> {
            store.data().meter.tick()
        });
        store.set_epoch_deadline(1);
        store.set_hostcall_fuel(usize::try_from(limits.answer_bytes).unwrap_or(usize::MAX));
        let guest = match entry {
            Entry::Plugin(pre, exports) => {
                let instance = pre.instantiate_async(&mut store).await?;
                let handle = instance
                    .get_func(&mut store, exports.handle)
                    .expect("the component was seen to export the function when it was linked");
                Guest::Plugin(instance, handle)
            }
            Entry::Http02(pre) => Guest::Http02(pre.instantiate_async(&mut store).await?),
            Entry::Http03(pre) => Guest::Http03(pre.instantiate_async(&mut store).await?),
        };
        Ok(Instance {
            store,
            guest,
            calls: 0,
            idle_since: None,
            counted: None,
        })
    }

    /// Tells a fresh instance that it begins. It comes back only if it may be used.
    pub(super) async fn start(
        mut self,
        lifecycle: Lifecycle,
        limits: &Limits,
    ) -> Result<Instance, CallError> {
        let on_start = self.told::<Started>(lifecycle.on_start)?;
        self.store.data().log.begin(None, limits.log_bytes);
        let started = on_start.call_async(&mut self.store, ()).await;
        if self.store.data().log.end() {
            self.store.data().meter.overrun_log();
        }
        match started {
            Ok((Ok(()),)) => Ok(self),
            Ok((Err(why),)) => Err(CallError::NotStarted(in_one_line(&why))),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells an instance that it ends.
    pub(super) async fn stop(
        mut self,
        lifecycle: Lifecycle,
        limits: &Limits,
        meter: Arc<Meter>,
    ) -> Result<(), CallError> {
        let on_stop = self.told::<()>(lifecycle.on_stop)?;
        let state = self.store.data_mut();
        state.meter = meter;
        state.log.begin(None, limits.log_bytes);
        self.store.set_epoch_deadline(1);
        let stopped = on_stop.call_async(&mut self.store, ()).await;
        self.store.data().log.end();
        stopped.map_err(CallError::from)
    }

    /// A function of `lifecycle`.
    fn told<R>(&mut self, function: ComponentExportIndex) -> Result<TypedFunc<(), R>, CallError>
    where
        R: ComponentNamedList + Lift + 'static,
    {
        let Guest::Plugin(instance, _) = self.guest else {
            unreachable!("{ONE_INTERFACE}")
        };
        Ok(instance.get_typed_func(&mut self.store, function)?)
    }

    /// Hands one admitted request to the guest: to our own interface what was admitted, to a standard component the
    /// request as it came. The instance comes back only if it may be used again.
    pub(crate) async fn call(
        mut self,
        operation: &str,
        context: CallContext,
        meter: Arc<Meter>,
        limits: &Limits,
    ) -> (Option<Instance>, Result<Answered, CallError>) {
        let Guest::Plugin(_, handle) = self.guest else {
            // Boxed: the other kind's calls need no room for it.
            return Box::pin(self.serve(context, meter, limits)).await;
        };
        let asked = context.asked.clone();
        let admitted = &asked.admitted;
        if let AdmittedBody::Form { files, .. } = &admitted.body {
            self.store.data_mut().files = files.iter().map(|file| file.content.clone()).collect();
        }
        self.store.data_mut().outlet = Outlet::new(limits);
        self.begin(context, meter, limits);
        let told: Vec<_>;
        let request = bindings::Request {
            operation,
            params: &admitted.params,
            body: match &admitted.body {
                AdmittedBody::Empty => bindings::Body::Empty,
                AdmittedBody::Text { media_type, data } => {
                    bindings::Body::Text(bindings::Text { media_type, data })
                }
                AdmittedBody::Bytes { media_type, data } => {
                    bindings::Body::Bytes(bindings::Bytes { media_type, data })
                }
                AdmittedBody::Stream { media_type } => bindings::Body::Stream(media_type),
                AdmittedBody::Form { fields, files } => {
                    told = files.iter().map(bindings::File::from).collect();
                    bindings::Body::Form(bindings::Form {
                        fields,
                        files: &told,
                    })
                }
            },
        };
        let function = typed(handle);
        let answered = function.call_async(&mut self.store, (request,)).await;
        let state = self.store.data_mut();
        state.files = Vec::new();
        let outlet = std::mem::take(&mut state.outlet);
        self.end();
        let answered = match answered {
            Ok((answered,)) => answered,
            Err(error) => return (None, Err(error.into())),
        };
        let finished = outlet.finish(matches!(answered, Answer::Streamed));
        let answered = finished.map(|()| match answered {
            Answer::Full(response) => Answered::Full(response.into()),
            Answer::Streamed => Answered::Streamed,
        });
        (Some(self), answered)
    }

    /// Hands one request to a standard component.
    async fn serve(
        mut self,
        mut context: CallContext,
        meter: Arc<Meter>,
        limits: &Limits,
    ) -> (Option<Instance>, Result<Answered, CallError>) {
        let lend = |body| Lent::new(body, meter.clone(), limits.stream_cpu_percent);
        let body = context.stream.take().map(lend);
        self.begin(context, meter.clone(), limits);
        let served = match &self.guest {
            Guest::Plugin(..) => unreachable!("{ONE_INTERFACE}"),
            Guest::Http02(proxy) => {
                wasi_http::handle(&mut self.store, proxy, body.clone(), limits).await
            }
            Guest::Http03(guest) => {
                service::handle(&mut self.store, guest, body.clone(), limits).await
            }
        };
        self.end();
        let failed = body.and_then(|body| body.take_back());
        match (served, failed) {
            (Err(CallError::Trapped(_) | CallError::NoAnswer(_)), Some(failed)) => {
                (None, Err(CallError::Body(failed)))
            }
            (Err(error), _) => (None, Err(error)),
            (Ok(answered), failed) => {
                // The guest was told, and has answered for itself.
                if let Some(ReadError::Limit(limit)) = failed {
                    meter.note(limit);
                }
                (Some(self), Ok(answered))
            }
        }
    }

    fn begin(&mut self, context: CallContext, meter: Arc<Meter>, limits: &Limits) {
        let state = self.store.data_mut();
        meter.set_memory(state.memory.used);
        state.meter = meter;
        state
            .log
            .begin(Some(context.asked.clone()), limits.log_bytes);
        state.call = Some(context);
        self.store.set_epoch_deadline(1);
    }

    fn end(&mut self) {
        let state = self.store.data_mut();
        state.meter.set_memory(state.memory.used);
        state.call = None;
        if state.log.end() {
            state.meter.overrun_log();
        }
        self.calls += 1;
    }

    /// Whether it should serve no more: too many calls, or most of its memory taken.
    pub(super) fn is_worn(&self, limits: &Limits) -> bool {
        let half = usize::try_from(limits.memory_bytes / 2).unwrap_or(usize::MAX);
        self.calls >= limits.max_requests_per_instance || self.store.data().memory.used > half
    }

    /// Asks a fresh instance what it serves, and whether its functions are of the types that calls rely on.
    pub(super) async fn describe(
        mut self,
        openapi: ComponentExportIndex,
        lifecycle: Option<Lifecycle>,
        limits: &Limits,
    ) -> Result<String, Described> {
        let Guest::Plugin(instance, handle) = self.guest else {
            unreachable!("{ONE_INTERFACE}")
        };
        handle
            .typed::<(bindings::Request<'_>,), (Answer,)>(&self.store)
            .map_err(Described::Type)?;
        if let Some(Lifecycle { on_start, on_stop }) = lifecycle {
            let store = &mut self.store;
            instance
                .get_typed_func::<(), Started>(&mut *store, on_start)
                .map_err(Described::Type)?;
            instance
                .get_typed_func::<(), ()>(store, on_stop)
                .map_err(Described::Type)?;
        }
        let openapi = instance
            .get_typed_func::<(), (String,)>(&mut self.store, openapi)
            .map_err(Described::Type)?;
        self.store.data().log.begin(None, limits.log_bytes);
        let described = openapi.call_async(&mut self.store, ()).await;
        self.store.data().log.end();
        described
            .map(|(text,)| text)
            .map_err(|error| Described::Call(error.into()))
    }
}

/// What `on-start` returns.
type Started = (Result<(), String>,);

/// Why a component did not say what it serves.
pub(super) enum Described {
    /// An export has another type than the interface's.
    Type(wasmtime::Error),
    /// The guest failed.
    Call(CallError),
}

type Handle<'a> = TypedFunc<(bindings::Request<'a>,), (Answer,)>;

#[allow(unsafe_code)]
fn typed<'a>(function: Func) -> Handle<'a> {
    // SAFETY: `Instance::describe` has checked this export's type against these very types; doing it again for each call
    // would cost as much as the call.
    unsafe { TypedFunc::new_unchecked(function) }
}

impl<'a> From<&'a FormFile> for bindings::File<'a> {
    fn from(file: &'a FormFile) -> Self {
        bindings::File {
            field: &file.field,
            name: file.name.as_deref(),
            media_type: file.media_type.as_deref(),
            // A body is shorter: the limit on it cannot be higher.
            size: u32::try_from(file.content.size()).unwrap_or(u32::MAX),
        }
    }
}

impl From<bindings::Response> for GuestAnswer {
    fn from(response: bindings::Response) -> GuestAnswer {
        GuestAnswer {
            status: response.status,
            headers: response.headers,
            body: response.body.into(),
        }
    }
}
