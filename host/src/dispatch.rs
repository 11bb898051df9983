//! One request, top to bottom: the only order of checks. Each step consumes the one before, so none can be skipped and
//! no call can reach another plugin's guest.

use std::sync::Arc;

use arc_swap::Guard;
use bytes::Bytes;
use http::request::Parts;
use http::{Extensions, HeaderMap, Request, Response};

use crate::admit::{Admitted, Sent};
use crate::answer::{self, Body, OffersRanges};
use crate::api::Api;
use crate::arrival::{self, Incoming};
use crate::bodies::Held;
use crate::commons::Commons;
use crate::contract::Operation;
use crate::event::Event;
use crate::files::{self, Site};
use crate::form::Part;
use crate::forwarded;
use crate::held;
use crate::host::Inner;
use crate::lasting::Lasting;
use crate::limit::Limit;
use crate::metrics::FILES;
use crate::page::Page;
use crate::path::RequestPath;
use crate::places::Permit;
use crate::record::Record;
use crate::revision::{Reply, Revision};
use crate::router::ANY;
use crate::runtime::{Asked, CallContext, Meter};
use crate::serve_error::ServeError;
use crate::shadow::Shadow;
use crate::spool::Disk;
use crate::standard;
use crate::steps::{self, Places, Way};

/// A body larger than this, a request's or an answer's, is parsed and checked off the serving threads.
pub(crate) const LARGE: usize = 64 << 10;

/// The answer to a request, or what went wrong on the way.
pub(crate) async fn serve<B>(
    host: &Inner,
    api: Guard<Arc<Api>>,
    request: Request<B>,
    record: &mut Record<'_>,
) -> Result<Response<Body>, ServeError>
where
    B: http_body::Body + Send + 'static,
    B::Error: std::fmt::Display,
{
    let (head, body) = request.into_parts();
    let found = Call::find(&api, head, record, &host.host.base_path);
    // The snapshot is let go here: a long call on one plugin keeps no other from draining.
    drop(api);
    let call = match found? {
        Routed::Call(call) => call,
        Routed::Elsewhere(address) => return Ok(answer::redirect(&address)),
        // Boxed, since the future of every request would be larger for it.
        Routed::Files(files) => return Box::pin(files.answer(host, record)).await,
    };
    if let Some(lasting) = record.lasting {
        lasting.whole(&call.revision.limits);
    }
    // Who may call is asked here, before any body is read.
    if let Some(limiter) = &call.revision.limiter
        && record.only.is_none()
    {
        record.take(limiter, &call.asked.head.headers)?;
    }
    let call = call.read(body, record.lasting, &host.commons).await?;
    let call = call.admit().await?;
    let call = call.enter().await?;
    let reply = call.call(host, record).await?;
    let answer = held::hold(reply.response()?, record, &host.commons).await?;
    Ok(match &record.asked {
        Some(asked) if answer.extensions().get::<OffersRanges>().is_some() => {
            files::of_answer(&asked.head.method, &asked.head.headers, answer)
        }
        _ => answer,
    })
}

/// A request whose operation is known.
struct Call<B> {
    /// Owned: the call cannot meet another's guest, and the revision cannot go while the call lasts.
    revision: Arc<Revision>,
    operation: usize,
    asked: Arc<Asked>,
    body: B,
}

/// A request's body, as far as the host reads it.
enum Arrived {
    Whole(Bytes),
    /// A form that was read in parts, what is large on disk.
    Parts(Vec<Part>),
    /// The guest reads it.
    Stream(Box<Incoming>),
}

/// What the guest will get.
struct Checked {
    extensions: Extensions,
    /// The body, where the guest reads it itself.
    stream: Option<Box<Incoming>>,
    /// Its place among the calls, where it took one to be checked.
    permit: Option<Box<Permit>>,
}

enum Routed {
    Call(Call<()>),
    /// 307.
    Elsewhere(String),
    Files(Box<Files>),
}

/// A request that is no operation's, for a path under which static files are.
struct Files {
    site: Arc<Site>,
    revision: Option<Arc<Revision>>,
    head: Parts,
    /// The answer where no file is one: 307 to this address, or an error.
    otherwise: Result<String, ServeError>,
}

impl Files {
    async fn answer(
        self,
        host: &Inner,
        record: &mut Record<'_>,
    ) -> Result<Response<Body>, ServeError> {
        if let Some(revision) = self.revision {
            record.files = Some(revision.clone());
            take_file(&revision, &self.head.headers, record)?;
        }
        let root = forwarded::root(&self.head.extensions, &host.host.base_path);
        let alone = matches!(self.otherwise, Err(ServeError::NotFound));
        match self.site.answer(&self.head, &root, alone).await {
            Some(answer) => answer,
            None => {
                record.files = None;
                self.otherwise.map(|address| answer::redirect(&address))
            }
        }
    }
}

/// Takes one of the requests that the client may make to a plugin, of whose files it wants one.
fn take_file(
    revision: &Revision,
    headers: &HeaderMap,
    record: &mut Record<'_>,
) -> Result<(), ServeError> {
    let Some(limiter) = &revision.limiter else {
        return Ok(());
    };
    let taken = record.take(limiter, headers);
    if taken.is_err() {
        revision.hits.count(Limit::Rate);
        revision.commons.tell(Event::LimitHit {
            plugin: revision.name.clone(),
            operation: FILES.to_owned(),
            limit: Limit::Rate,
            value: revision.limits.rate_requests,
        });
    }
    taken
}

/// To which revision, and to which of its operations.
fn route(
    api: &Api,
    head: &Parts,
    record: &mut Record<'_>,
) -> Result<Way<(Arc<Revision>, usize)>, ServeError> {
    if let Some(candidate) = &record.only {
        let revision = |operation| (candidate.revision.clone(), operation);
        return steps::find(&candidate.router, head).map(|way| way.map(revision));
    }
    let found = steps::find(&api.router, head);
    for trial in &api.trials {
        let candidate = &trial.candidate;
        let way = || steps::find(&candidate.router, head);
        let is_for_it = match &found {
            Ok(Way::Here(target, _)) => target.plugin() == trial.plugin,
            Ok(Way::Elsewhere(_)) | Err(_) => matches!(way(), Ok(Way::Here(..))),
        };
        if !is_for_it {
            continue;
        }
        if candidate.takes(head, record.peer) {
            let revision = |operation| (candidate.revision.clone(), operation);
            return way().map(|way| way.map(revision));
        }
        if candidate.watches(head, record.peer) {
            record.shadow = Shadow::of(candidate, head);
        }
    }
    let revision = |target| (api.revision(target).clone(), target.operation);
    found.map(|way| way.map(revision))
}

impl Call<()> {
    fn find(
        api: &Api,
        head: Parts,
        record: &mut Record<'_>,
        base_path: &str,
    ) -> Result<Routed, ServeError> {
        let otherwise = match route(api, &head, record) {
            Ok(Way::Here((revision, operation), places)) => {
                return Ok(Call::of(revision, operation, places, head, record));
            }
            Ok(Way::Elsewhere(path)) => {
                let root = forwarded::root(&head.extensions, base_path);
                Ok(format!("{root}{path}"))
            }
            Err(error) => {
                let path = RequestPath::new(head.uri.path());
                let owner = api.owner(path.as_str());
                record.page = owner.and_then(|owner| Page::of(owner, &head));
                Err(error)
            }
        };
        // A copy for a candidate is about its operations.
        let files = match record.only {
            None => api.files(&head, record.peer),
            Some(_) => None,
        };
        match files {
            Some((site, revision)) => Ok(Routed::Files(Box::new(Files {
                site,
                revision,
                head,
                otherwise,
            }))),
            None => otherwise.map(Routed::Elsewhere),
        }
    }

    fn of(
        revision: Arc<Revision>,
        operation: usize,
        places: Places,
        head: Parts,
        record: &mut Record<'_>,
    ) -> Routed {
        // One that takes every path leaves those of its files to them.
        if let Some(site) = &revision.site
            && revision.operation(operation).method == ANY
            && site.has(&head)
        {
            return Routed::Files(Box::new(Files {
                site: site.clone(),
                revision: Some(revision),
                head,
                otherwise: Err(ServeError::NotFound),
            }));
        }
        record.routed(&revision, operation);
        record.page = Page::of(&revision, &head);
        Routed::Call(Call {
            revision,
            operation,
            asked: Arc::new(Asked::new(
                head,
                places,
                record.request_id,
                record.peer,
                Admitted::nothing(),
            )),
            body: (),
        })
    }

    /// The body, whole, under its size and time; not touched where the operation has none, or where it is a stream.
    async fn read<B>(
        mut self,
        body: B,
        lasting: Option<&Lasting>,
        commons: &Commons,
    ) -> Result<Call<Arrived>, ServeError>
    where
        B: http_body::Body + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let (headers, limits) = (&self.asked.head.headers, &self.revision.limits);
        let operation = self.operation();
        let arrived = if !operation.has_body() {
            Arrived::Whole(Bytes::new())
        } else if operation.streams(headers) && !body.is_end_stream() {
            lasting.inspect(|lasting| lasting.streams(limits));
            Arrived::Stream(Incoming::new(body, headers, limits)?)
        } else {
            let mut held = Held::default();
            if !body.is_end_stream() {
                // Refused before its body comes rather than after; a place is taken once it is here.
                self.revision.has_room()?;
                held = Held::of(&commons.bodies);
            }
            let arrived = if arrival::may_exceed(headers, limits.form_memory_bytes)
                && operation.takes_parts(headers)
                && !self.revision.code.is_standard()
            {
                let disk = Disk(commons.host.spool_dir.clone());
                // Boxed, since other requests need no room for it.
                let parts = Box::pin(arrival::read_parts(body, headers, limits, &disk, &held));
                Arrived::Parts(parts.await?)
            } else {
                Arrived::Whole(arrival::read(body, headers, limits, &held).await?)
            };
            let asked = Arc::get_mut(&mut self.asked);
            asked.expect("it is shared from the call on").held = held;
            arrived
        };
        Ok(self.with(arrived))
    }
}

impl<B> Call<B> {
    /// The same call with what its body became.
    fn with<T>(self, body: T) -> Call<T> {
        Call {
            revision: self.revision,
            operation: self.operation,
            asked: self.asked,
            body,
        }
    }

    fn operation(&self) -> &Operation {
        self.revision.operation(self.operation)
    }
}

impl Call<Arrived> {
    /// What the contract says of parameters and body; what comes out is what the guest will get.
    async fn admit(self) -> Result<Call<Checked>, ServeError> {
        match &self.body {
            Arrived::Whole(body) if body.len() > LARGE => Box::pin(self.admit_aside()).await,
            Arrived::Whole(_) | Arrived::Parts(_) | Arrived::Stream(_) => self.check(None),
        }
    }

    /// The same off the serving threads. It has a place among the calls first, so that the queue and its refusals are
    /// before the work.
    async fn admit_aside(self) -> Result<Call<Checked>, ServeError> {
        let permit = Box::new(self.revision.enter().await?);
        let revision = self.revision.clone();
        revision.aside(move || self.check(Some(permit))).await?
    }

    fn check(mut self, permit: Option<Box<Permit>>) -> Result<Call<Checked>, ServeError> {
        let nothing = Arrived::Whole(Bytes::new());
        let (body, mut stream) = match std::mem::replace(&mut self.body, nothing) {
            Arrived::Whole(bytes) => (Sent::Whole(bytes), None),
            Arrived::Parts(parts) => (Sent::Parts(parts), None),
            Arrived::Stream(stream) => (Sent::Stream, Some(stream)),
        };
        let sent = match &body {
            Sent::Whole(bytes) if self.revision.code.is_standard() => Some(bytes.clone()),
            _ => None,
        };
        let limits = &self.revision.limits;
        let asked = Arc::get_mut(&mut self.asked).expect("it is shared from the call on");
        let operation = self.revision.operation(self.operation);
        asked.admitted = steps::admit(operation, &asked.head, &asked.places, body, limits)?;
        if let Some(sent) = sent {
            stream = standard::checked(&mut asked.head, sent, &mut asked.admitted);
        }
        let extensions = std::mem::take(&mut asked.head.extensions);
        Ok(self.with(Checked {
            extensions,
            stream,
            permit,
        }))
    }
}

impl Call<Checked> {
    async fn enter(mut self) -> Result<Entered, ServeError> {
        let permit = match self.body.permit.take() {
            Some(permit) => *permit,
            None => self.revision.enter().await?,
        };
        Ok(Entered { call: self, permit })
    }
}

/// An admitted request with its place among the calls.
struct Entered {
    call: Call<Checked>,
    permit: Permit,
}

impl Entered {
    async fn call(self, host: &Inner, record: &mut Record<'_>) -> Result<Reply, ServeError> {
        let Call {
            revision,
            operation,
            asked,
            body: Checked {
                extensions, stream, ..
            },
        } = self.call;
        let meter = Arc::new(Meter::new(revision.limits.cpu_ms));
        record.meter = Some(meter.clone());
        record.asked = Some(asked.clone());
        let context = CallContext {
            asked,
            extensions,
            stream,
        };
        let reply = revision.call(self.permit, operation, context, meter).await;
        record.noted(&host.commons);
        reply
    }
}

impl Reply {
    /// The answer as HTTP allows it.
    pub(crate) fn response(self) -> Result<Response<Body>, ServeError> {
        match self {
            Reply::Full(answer) => answer::response(answer),
            Reply::Standard(answer) => standard::response(*answer),
            // Looked at when the guest gave it.
            Reply::Streamed(response) => Ok(*response),
        }
    }
}
