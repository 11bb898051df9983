//! One request, top to bottom: the only order of checks. Each step consumes the one before, so none can be skipped and
//! no call can reach another plugin's guest.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, header};

use crate::admit::{Admitted, Received, Rejection};
use crate::answer::{self, Body};
use crate::api::{Api, Target};
use crate::arrival;
use crate::contract::Operation;
use crate::host::Inner;
use crate::record::Record;
use crate::revision::{Permit, Revision};
use crate::router::NoRoute;
use crate::runtime::{CallContext, GuestAnswer, Meter};
use crate::serve_error::ServeError;

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
        Routed::Elsewhere(path) => return Ok(redirect(&host.base_path, &path)),
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
    /// The path's raw parameters, as ranges of the router's spelling of the path.
    segments: Vec<String>,
    body: B,
}

enum Routed {
    Call(Call<()>),
    /// 307: the same path with a slash more at its end, or less.
    Elsewhere(String),
}

impl Call<()> {
    fn find(api: &Api, head: Box<Parts>, record: &mut Record) -> Result<Routed, ServeError> {
        let path = crate::path::RequestPath::new(head.uri.path());
        let found = match api.router.find(&head.method, &path) {
            Ok(found) => found,
            Err(NoRoute::Unknown) => return Err(ServeError::NotFound),
            Err(NoRoute::Method(allowed)) => return Err(ServeError::MethodNotAllowed(allowed)),
            Err(NoRoute::Slash(mut path)) => {
                if let Some(query) = head.uri.query() {
                    path.push('?');
                    path.push_str(query);
                }
                return Ok(Routed::Elsewhere(path));
            }
        };
        let target: Target = *found.target;
        let revision = api.revision(target).clone();
        let segments = found
            .segments
            .iter()
            .map(|segment| (*segment).to_owned())
            .collect();
        record.routed(&revision, target.operation);
        Ok(Routed::Call(Call {
            revision,
            operation: target.operation,
            head,
            segments,
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
            segments: self.segments,
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
            let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
            let received = Received {
                path: &segments,
                query: call.head.uri.query(),
                headers: &call.head.headers,
                body,
            };
            call.operation().admit(received, &call.revision.limits)
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
        let body = admitted.map_err(|rejection| match rejection {
            Rejection::Violations(violations) => ServeError::Invalid(violations),
            Rejection::BadBody(why) => ServeError::BadBody(why),
            Rejection::MediaType => ServeError::MediaType,
        })?;
        Ok(self.with(body))
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
            request_id: record.request_id.clone(),
            files: Vec::new(),
        };
        let meter = Arc::new(Meter::new(revision.limits.cpu_ms));
        record.meter = Some(meter.clone());
        revision
            .call(self.permit, operation, admitted, context, meter)
            .await
            .map(Reply)
    }
}

/// What the guest answered.
struct Reply(GuestAnswer);

impl Reply {
    /// The answer as HTTP allows it. (Answers are not yet held against the contract.)
    fn check(self) -> Result<Response<Body>, ServeError> {
        answer::response(self.0)
    }
}

/// As FastAPI redirects, but with a relative `Location`: the host does not know under which name it was reached.
fn redirect(base_path: &str, path: &str) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = http::StatusCode::TEMPORARY_REDIRECT;
    match http::HeaderValue::from_maybe_shared(Bytes::from(format!("{base_path}{path}"))) {
        Ok(location) => drop(response.headers_mut().insert(header::LOCATION, location)),
        Err(_) => *response.status_mut() = http::StatusCode::NOT_FOUND,
    }
    response
}
