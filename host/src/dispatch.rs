//! One request, top to bottom: the only order of checks. Each step consumes the one before, so none can be skipped and
//! no call can reach another plugin's guest.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};

use crate::admit::Admitted;
use crate::answer::{self, Body};
use crate::api::Api;
use crate::arrival;
use crate::contract::Operation;
use crate::host::Inner;
use crate::places::Permit;
use crate::record::Record;
use crate::revision::{Reply, Revision};
use crate::runtime::{CallContext, Meter};
use crate::serve_error::ServeError;
use crate::steps::{self, Places, Way};

/// A body larger than this is parsed and checked off the serving threads.
const LARGE: usize = 64 << 10;

/// The answer to a request, or what went wrong on the way.
pub(crate) async fn serve<B>(
    host: &Inner,
    request: Request<B>,
    record: &mut Record,
) -> Result<Response<Body>, ServeError>
where
    B: http_body::Body,
    B::Error: std::fmt::Display,
{
    let (head, body) = request.into_parts();
    // The snapshot is let go here: a long call on one plugin keeps no other from draining.
    let call = match Call::find(&host.api.load(), Box::new(head), record)? {
        Routed::Call(call) => call,
        Routed::Elsewhere(path) => return Ok(answer::redirect(&host.base_path, &path)),
    };
    // Who may call is asked here, before any body is read.
    let call = call.read(body).await?;
    let call = call.admit().await?;
    let call = call.enter().await?;
    let reply = call.call(host, record).await?;
    reply.check()
}

/// A request whose operation is known.
struct Call<B> {
    /// Owned: the call cannot meet another's guest, and the revision cannot go while the call lasts.
    revision: Arc<Revision>,
    operation: usize,
    /// Boxed: it is moved from step to step.
    head: Box<Parts>,
    /// The path's parameters.
    places: Places,
    body: B,
}

enum Routed {
    Call(Call<()>),
    /// 307.
    Elsewhere(String),
}

impl Call<()> {
    fn find(api: &Api, head: Box<Parts>, record: &mut Record) -> Result<Routed, ServeError> {
        let (target, places) = match steps::find(&api.router, &head)? {
            Way::Here(target, places) => (target, places),
            Way::Elsewhere(path) => return Ok(Routed::Elsewhere(path)),
        };
        let revision = api.revision(target).clone();
        record.routed(&revision, target.operation);
        Ok(Routed::Call(Call {
            revision,
            operation: target.operation,
            head,
            places,
            body: (),
        }))
    }

    /// The body, whole, under its size and time; not touched where the operation has none.
    async fn read<B>(self, body: B) -> Result<Call<Bytes>, ServeError>
    where
        B: http_body::Body,
        B::Error: std::fmt::Display,
    {
        let body = match self.operation().has_body() {
            true => arrival::read(body, &self.head.headers, &self.revision.limits).await?,
            false => Bytes::new(),
        };
        Ok(self.with(body))
    }
}

impl<B> Call<B> {
    /// The same call with what its body became.
    fn with<T>(self, body: T) -> Call<T> {
        Call {
            revision: self.revision,
            operation: self.operation,
            head: self.head,
            places: self.places,
            body,
        }
    }

    fn operation(&self) -> &Operation {
        self.revision.operation(self.operation)
    }
}

impl Call<Bytes> {
    /// What the contract says of parameters and body; what comes out is what the guest will get.
    async fn admit(mut self) -> Result<Call<Admitted>, ServeError> {
        let check = |call: &mut Call<Bytes>| {
            let body = std::mem::take(&mut call.body);
            let limits = &call.revision.limits;
            steps::admit(call.operation(), &call.head, &call.places, body, limits)
        };
        let admitted = if self.body.len() <= LARGE {
            check(&mut self)
        } else {
            let checked = Box::pin(tokio::task::spawn_blocking(move || {
                let admitted = check(&mut self);
                (self, admitted)
            }));
            let (this, admitted) = checked.await.map_err(|_| ServeError::Broken)?;
            self = this;
            admitted
        };
        Ok(self.with(admitted?))
    }
}

impl Call<Admitted> {
    async fn enter(self) -> Result<Entered, ServeError> {
        let permit = self.revision.enter().await?;
        Ok(Entered { call: self, permit })
    }
}

/// An admitted request with its place among the calls.
struct Entered {
    call: Call<Admitted>,
    permit: Permit,
}

impl Entered {
    async fn call(self, host: &Inner, record: &mut Record) -> Result<Reply, ServeError> {
        let Call {
            revision,
            operation,
            head,
            body: admitted,
            ..
        } = self.call;
        let context = CallContext {
            head,
            base_path: host.base_path.clone(),
            prefix: revision.prefix.clone(),
            request_id: record.request_id,
        };
        let meter = Arc::new(Meter::new(revision.limits.cpu_ms));
        record.meter = Some(meter.clone());
        revision
            .call(self.permit, operation, admitted, context, meter)
            .await
    }
}

impl Reply {
    /// The answer as HTTP allows it. (Answers are not yet held against the contract.)
    fn check(self) -> Result<Response<Body>, ServeError> {
        match self {
            Reply::Full(answer) => answer::response(answer),
            // Looked at when the guest gave it.
            Reply::Streamed(response) => Ok(response),
        }
    }
}
