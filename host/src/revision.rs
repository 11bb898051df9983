//! One numbered, immutable way to serve a plugin. Holding its `Arc` is being one of its calls; when the last is gone,
//! it says so and is freed.

use std::num::NonZero;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Response};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::answer::{Body, GuestAnswer};
use crate::commons::Commons;
use crate::config::Limits;
use crate::contract::{Judgement, Operation};
use crate::counts::Counts;
use crate::edge::Limiter;
use crate::event::Event;
use crate::files::Site;
use crate::held::Samples;
use crate::hits::Hits;
use crate::limit::Limit;
use crate::notice::Notice;
use crate::places::{Permit, Places};
use crate::runtime::{
    Answered, CallContext, CallError, Code, Instance, Interrupt, Lanes, Meter, Owner, Pool, Ran,
    TICK,
};
use crate::serve_error::ServeError;
use crate::stop::Stops;
use crate::stream;

pub(crate) struct Revision {
    pub(crate) name: Arc<str>,
    pub(crate) number: u64,
    /// `NAME@NUMBER`, for `x-switchback-revision`.
    pub(crate) label: HeaderValue,
    /// Empty, or `/shop`.
    pub(crate) prefix: Arc<str>,
    /// Its static files.
    pub(crate) site: Option<Arc<Site>>,
    pub(crate) limits: Arc<Limits>,
    /// It is in no document and on no page.
    pub(crate) hidden: bool,
    pub(crate) notice: Option<Box<Notice>>,
    /// What its contract changed against what served before it, as far as that was looked at.
    pub(crate) judgement: Option<Arc<Judgement>>,
    pub(crate) code: Arc<Code>,
    pub(crate) pool: Pool,
    /// Its calls are for whoever tries something out: nobody else is told of them, and none of them is counted.
    pub(crate) rehearsal: bool,
    pub(crate) lanes: Arc<Lanes>,
    /// Counted over all of the plugin's revisions.
    pub(crate) hits: Arc<Hits>,
    /// How often each client may call it; the same for all of the plugin's revisions.
    pub(crate) limiter: Option<Arc<Limiter>>,
    /// What its answers were.
    pub(crate) counts: Arc<Counts>,
    /// What those were that are its static files.
    pub(crate) files_counts: Counts,
    /// Which answers of each operation are held against the contract.
    pub(crate) samples: Samples,
    /// How its instances end, if they want to be told.
    stops: Option<Box<Stops>>,
    places: Places,
    /// Large bodies that may be checked at once: one core is left to others.
    checks: Arc<Semaphore>,
    pub(crate) commons: Arc<Commons>,
    /// When its calls have to be over; set by the swap that replaced it.
    leaves_at: OnceLock<Instant>,
    /// Its calls are cut.
    pub(crate) cut: CancellationToken,
    /// It is gone.
    gone: CancellationToken,
}

/// How a plugin is served: what its configuration and its contract come to.
pub(crate) struct Terms {
    /// Empty, or `/shop`.
    pub(crate) prefix: Arc<str>,
    pub(crate) site: Option<Arc<Site>>,
    pub(crate) limits: Arc<Limits>,
    /// As many instances serve it, each kept for as long as it can be; none: they come and go.
    pub(crate) instances: Option<usize>,
    /// It is in no document and on no page.
    pub(crate) hidden: bool,
    /// What its clients are told of its end.
    pub(crate) notice: Option<Box<Notice>>,
    /// What the gate found.
    pub(crate) judgement: Option<Arc<Judgement>>,
    /// It serves nobody: a request is tried out on it.
    pub(crate) rehearsal: bool,
}

/// What it shares with the plugin's other revisions.
pub(crate) struct Ties {
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) hits: Arc<Hits>,
    pub(crate) limiter: Option<Arc<Limiter>>,
}

/// What of a revision takes time to free.
pub(crate) struct Remains {
    _pool: Pool,
    _code: Arc<Code>,
}

/// What came of a call.
pub(crate) enum Reply {
    /// The answer, not yet looked at.
    Full(GuestAnswer),
    /// The answer of a standard component, not yet looked at.
    Standard(Box<Response<Bytes>>),
    /// The head of an answer whose pieces are still made; the guest goes on by itself.
    Streamed(Box<Response<Body>>),
}

impl Revision {
    pub(crate) fn new(
        name: Arc<str>,
        number: u64,
        terms: Terms,
        code: Arc<Code>,
        ties: Ties,
        commons: &Arc<Commons>,
    ) -> Arc<Revision> {
        let Ties {
            lanes,
            hits,
            limiter,
        } = ties;
        let label = HeaderValue::from_str(&format!("{name}@{number}"))
            .expect("a plugin's name is made of letters, digits and hyphens");
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let revision = Arc::new(Revision {
            stops: Stops::of(&name, number, &code, &terms.limits, &lanes, commons),
            places: Places::new(&terms.limits, commons.permits.clone()),
            checks: Arc::new(Semaphore::new(cores.saturating_sub(1).max(1))),
            prefix: terms.prefix,
            site: terms.site,
            limits: terms.limits,
            hidden: terms.hidden,
            notice: terms.notice,
            judgement: terms.judgement,
            rehearsal: terms.rehearsal,
            counts: Arc::new(Counts::new(code.contract.operations.len())),
            files_counts: Counts::new(1),
            samples: Samples::new(code.contract.operations.len()),
            pool: Pool::new(terms.instances.is_some()),
            leaves_at: OnceLock::new(),
            cut: CancellationToken::new(),
            gone: CancellationToken::new(),
            name,
            number,
            label,
            code,
            hits,
            lanes,
            limiter,
            commons: commons.clone(),
        });
        commons.register(&revision);
        revision
    }

    /// From now on it drains: what is still running when its time is over gets cut.
    pub(crate) fn leave(&self, now: Instant) {
        let _ = self
            .leaves_at
            .set(now + Duration::from_millis(self.limits.drain_ms));
    }

    pub(crate) fn cut_if_late(&self, now: Instant) {
        if self.leaves_at.get().is_some_and(|late| now >= *late) && !self.cut.is_cancelled() {
            tracing::warn!(
                plugin = &*self.name,
                revision = self.number,
                "calls were cut: the old revision's time to drain is over"
            );
            self.commons.tell(Event::Cut {
                plugin: self.name.clone(),
                revision: self.number,
            });
            self.cut.cancel();
        }
    }

    /// Done when the last holder of the revision is gone.
    pub(crate) fn gone(&self) -> CancellationToken {
        self.gone.clone()
    }

    /// A place among the calls; waits its turn for a while.
    pub(crate) async fn enter(&self) -> Result<Permit, ServeError> {
        if let Some(permit) = self.places.at_once() {
            return Ok(permit);
        }
        // Boxed: what only some calls need would else be moved about with every call.
        Box::pin(async {
            tokio::select! {
                // First: the call that is cut before this one frees its place.
                biased;
                () = self.cut.cancelled() => Err(ServeError::Cut),
                permit = self.places.in_turn() => permit,
            }
        })
        .await
    }

    /// Whether a call would find a place, or in the queue one that is worth waiting at.
    pub(crate) fn has_room(&self) -> Result<(), ServeError> {
        self.places.has_room()
    }

    /// Checks a large body off the serving threads, few of the plugin's at once, so that another finds a thread and a core.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        check: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServeError> {
        let turn = self.checks.clone().acquire_owned().await;
        let checked = tokio::task::spawn_blocking(move || {
            let checked = check();
            drop(turn);
            checked
        });
        checked.await.map_err(|_| ServeError::Broken)
    }

    /// One call into the guest, under all its limits.
    pub(crate) async fn call(
        self: &Arc<Self>,
        permit: Permit,
        operation: usize,
        context: CallContext,
        meter: Arc<Meter>,
    ) -> Result<Reply, ServeError> {
        if !self.pool.keeps {
            return self.run(permit, operation, context, meter).await;
        }
        // On a task of its own: a client that goes away must not take the plugin's state with it.
        let this = self.clone();
        let call = Box::pin(tokio::spawn(async move {
            this.run(permit, operation, context, meter).await
        }));
        call.await.unwrap_or(Err(ServeError::Broken))
    }

    async fn run(
        self: &Arc<Self>,
        permit: Permit,
        operation: usize,
        context: CallContext,
        meter: Arc<Meter>,
    ) -> Result<Reply, ServeError> {
        let guest = self
            .clone()
            .call_instance(permit, operation, context, meter.clone());
        let interrupt = |meter: &Arc<Meter>| {
            let meter = meter.clone();
            // Looked up only here: the call has computed for a tick at most.
            let deadline = tokio::time::Instant::now() + Duration::from_millis(self.limits.time_ms);
            async move {
                tokio::select! {
                    () = self.late(deadline, &meter) => Interrupt::Late(Limit::Time),
                    () = self.cut.cancelled() => Interrupt::Cut,
                }
            }
        };
        match self.lanes.run(meter, guest, false, interrupt).await {
            Ok(Ran::Done(Ok(Answered::Full(answer)))) => Ok(Reply::Full(answer)),
            Ok(Ran::Done(Ok(Answered::Standard(answer)))) => Ok(Reply::Standard(answer)),
            Ok(Ran::Begun(begun, guest)) => {
                let head = stream::begin(self, operation, *begun, guest);
                Ok(Reply::Streamed(Box::new(head)))
            }
            Ok(Ran::Done(Ok(Answered::Streamed))) => Err(ServeError::Broken),
            Ok(Ran::Done(Err(error))) => Err(error.into()),
            Err(interrupt) => Err(interrupt.into()),
        }
    }

    /// Done when a call has had its time, without what it waited for pieces of its client's body.
    async fn late(&self, deadline: tokio::time::Instant, meter: &Meter) {
        let most = Duration::from_millis(self.limits.stream_ms);
        let piece = Duration::from_millis(self.limits.body_time_ms);
        tokio::time::sleep_until(deadline).await;
        loop {
            let late = deadline + meter.waited(piece).min(most);
            if late <= tokio::time::Instant::now() {
                return;
            }
            // A wait that lasts moves the end on as it is looked at: not too often.
            tokio::time::sleep_until(late).await;
            tokio::time::sleep(TICK).await;
        }
    }

    /// A call's future in its box. Not an `async fn`, whose caller would keep room for the future beside the box, and
    /// copy it once more.
    fn call_instance(
        self: Arc<Self>,
        permit: Permit,
        operation: usize,
        context: CallContext,
        meter: Arc<Meter>,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, CallError>> + Send>> {
        Box::pin(async move {
            let instance = match self.pool.take() {
                Some(instance) => instance,
                None => Box::pin(self.fresh(&meter)).await?,
            };
            let mut loss = Loss(self.pool.keeps.then_some(&*self));
            let id = &self.operation(operation).id;
            let (instance, answer) = instance.call(id, context, meter, &self.limits).await;
            if let Some(instance) = instance {
                loss.0 = None;
                if let Some(retired) = self.pool.put(instance, &self.limits) {
                    self.let_go([retired], Some(permit));
                    return answer;
                }
            }
            drop(permit);
            answer
        })
    }

    /// A fresh instance, for which idle ones make room if need be.
    async fn fresh(&self, meter: &Arc<Meter>) -> Result<Instance, CallError> {
        let make = || {
            let owner = Owner {
                plugin: self.name.clone(),
                base_path: self.commons.base_path.clone(),
                prefix: self.prefix.clone(),
            };
            self.code.instance(owner, &self.limits, meter.clone())
        };
        // Counted from here: what its start functions take, they take.
        let counted = self.pool.living();
        let mut instance = match make().await {
            Err(CallError::Limit(Limit::Pool)) => {
                self.commons.make_room();
                make().await?
            }
            made => made?,
        };
        instance.counted = Some(counted);
        Ok(instance)
    }

    /// Frees instances that serve no more, and tells them before, if they want to be told.
    pub(crate) fn let_go(
        &self,
        instances: impl IntoIterator<Item = Instance>,
        permit: Option<Permit>,
    ) {
        match &self.stops {
            Some(stops) => stops.stop(instances, permit),
            None => {
                instances.into_iter().for_each(drop);
                drop(permit);
            }
        }
    }

    /// Calls in flight.
    pub(crate) fn calls(&self) -> usize {
        self.places.taken()
    }

    /// Calls that wait for their turn.
    pub(crate) fn queued(&self) -> usize {
        self.places.waiting()
    }

    /// An operation of its contract, by the index that the router found.
    pub(crate) fn operation(&self, index: usize) -> &Operation {
        &self.code.contract.operations[index]
    }
}

/// Says so when a call ends, or is given up, without giving back an instance that was to be kept.
struct Loss<'r>(Option<&'r Revision>);

impl Drop for Loss<'_> {
    fn drop(&mut self) {
        if let Some(revision) = self.0 {
            tracing::warn!(
                plugin = &*revision.name,
                revision = revision.number,
                "an instance was lost, and with it what the plugin kept in its memory"
            );
        }
    }
}

impl Drop for Revision {
    fn drop(&mut self) {
        // One that never served (refused, or only checked) has nothing to tell.
        if self.leaves_at.get().is_some() {
            tracing::debug!(plugin = &*self.name, revision = self.number, "drained");
            self.commons.tell(Event::Drained {
                plugin: self.name.clone(),
                revision: self.number,
            });
        }
        let pool = std::mem::replace(&mut self.pool, Pool::new(false));
        if self.stops.is_some() {
            self.let_go(pool.drain(), None);
        }
        self.commons.bury(Remains {
            _pool: pool,
            _code: self.code.clone(),
        });
        self.gone.cancel();
    }
}
