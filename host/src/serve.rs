//! The edge of the host: a request in, always a response out. The host's own pages, the request's id and line, and the
//! one place where an error is logged and answered.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};

use crate::answer::{self, Body};
use crate::api::{Api, Document};
use crate::config::HostConfig;
use crate::cost::CallCost;
use crate::dispatch;
use crate::edge;
use crate::etag;
use crate::forwarded;
use crate::host::{Host, Inner};
use crate::identity::Peer;
use crate::lasting::Lasting;
use crate::limit::Limit;
use crate::problem::Problem;
use crate::record::{Record, X_REVISION};
use crate::request_id::X_REQUEST_ID;
use crate::runtime::Meter;
use crate::serve_error::ServeError;

impl Host {
    /// Answers a request: by a plugin, by one of the host's own pages, or with a [`Problem`](crate::Problem). Dropping the future drops
    /// the call: its guest stops within a tick.
    ///
    /// A [`Peer`](crate::Peer) and an [`Identity`](crate::Identity) among the request's extensions reach the guest.
    pub fn dispatch<B>(&self, request: Request<B>) -> impl Future<Output = Response<Body>>
    where
        B: http_body::Body + Send + 'static,
        B::Error: std::fmt::Display,
    {
        // Not a future around another: both would hold the request.
        let peer = peer(&request);
        self.answer(request, peer, None, None)
    }

    /// Answers a request as [`Host::dispatch`] does, and tells what the plugin's call took; none where none was made,
    /// since the host answered by itself.
    ///
    /// ```
    /// # async fn example(host: switchback::Host) {
    /// let request = http::Request::get("/items/7").body(switchback::Body::default()).unwrap();
    /// let (response, cost) = host.measure(request).await;
    /// if let Some(cost) = cost {
    ///     println!("{}: {:?}, {} bytes", response.status(), cost.cpu(), cost.memory_bytes());
    /// }
    /// # }
    /// ```
    pub async fn measure<B>(&self, request: Request<B>) -> (Response<Body>, Option<CallCost>)
    where
        B: http_body::Body + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let mut meter = None;
        let peer = peer(&request);
        let response = self.answer(request, peer, None, Some(&mut meter)).await;
        (response, meter.map(CallCost))
    }

    /// The one way to an answer; it leaves the call's account where it is told to. Who sees to how long the request
    /// lasts says so.
    pub(crate) async fn answer<B>(
        &self,
        mut request: Request<B>,
        peer: Option<Peer>,
        lasting: Option<&Lasting>,
        account: Option<&mut Option<Arc<Meter>>>,
    ) -> Response<Body>
    where
        B: http_body::Body + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let host = &*self.0;
        let api = host.api.load();
        let peer = api.setup.proxies.hear(&mut request, peer);
        if !api.setup.host.base_path.is_empty() {
            forwarded::take_off(&mut request, &api.setup.host.base_path);
        }
        let tells_revision = api.setup.host.revision_header;
        let mut record = Record::new(&request, peer);
        record.lasting = lasting;
        let shape = answer::shape(request.headers());
        let request_id = record.request_id.to_header();
        let turned_away = match &api.setup.edge {
            Some(edge) => edge.enter(&api, &host.commons, &request, &mut record),
            None => Ok(None),
        };
        let served = match turned_away {
            Ok(Some(answer)) => Ok(answer),
            Err(error) => Err(error),
            Ok(None) => match own_page(host, &api, &request, &mut record) {
                Some(page) => Ok(page),
                None if host.closed.load(Relaxed) => Err(ServeError::Closed),
                None => {
                    let mut served = pin!(dispatch::serve(host, api, request, &mut record));
                    poll_fn(|cx| match served.as_mut().poll(cx) {
                        Poll::Pending if lasting.is_some_and(Lasting::is_over) => {
                            Poll::Ready(Err(ServeError::Limit(Limit::Request)))
                        }
                        polled => polled,
                    })
                    .await
                }
            },
        };
        let mut response = match served {
            Ok(response) => response,
            Err(error) => {
                record.failed(&error, &host.commons);
                let refused = error.is_refusal();
                let of_plugin = record.limits().map(|limits| limits.problems);
                let shape = shape.or(of_plugin);
                let shape = shape.unwrap_or_else(|| host.config.load().limits.problems);
                let problem = Problem::from(error);
                let page = match record.page.take() {
                    Some(page) => Box::pin(page.answer(&problem, &record)).await,
                    None => None,
                };
                let mut answer = page.unwrap_or_else(|| answer::told(problem, shape));
                if refused {
                    answer.extensions_mut().insert(answer::Refused);
                }
                answer
            }
        };
        let headers = response.headers_mut();
        headers.insert(X_REQUEST_ID.clone(), request_id);
        if tells_revision && let Some(revision) = record.revision() {
            headers.insert(X_REVISION.clone(), revision.clone());
        }
        if let Some((revision, _)) = &record.route
            && let Some(notice) = &revision.notice
        {
            notice.put(headers);
        }
        if let Some(shadow) = record.shadow.take() {
            shadow.follow(self, &response);
        }
        if !record.quotas.is_empty() {
            edge::tell(&record.quotas, response.headers_mut());
        }
        if let Some(visit) = record.visit.take() {
            // Boxed, since without settings for it no request needs it.
            response = Box::pin(visit.leave(record.plugin(), response)).await;
        }
        if let Some(lasting) = lasting
            && response.body().is_stream()
        {
            match record.served_by() {
                Some(revision) => lasting.streams(&revision.limits),
                None => lasting.streams(&host.config.load().limits),
            }
        }
        if let Some(account) = account {
            account.clone_from(&record.meter);
        }
        record.end(response.status(), &host.commons);
        response
    }
}

/// So that a host is nested in a router of the `tower` family, axum's among them.
impl<B> tower_service::Service<Request<B>> for Host
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: std::fmt::Display,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let host = self.clone();
        Box::pin(async move { Ok(host.dispatch(request).await) })
    }
}

/// The client, where the program around the host has said who it is.
fn peer<B>(request: &Request<B>) -> Option<Peer> {
    request.extensions().get::<Peer>().copied()
}

/// The first bytes of the paths that may be the host's own, a bit for each byte of ASCII: most requests are for none of
/// them, and are told so by one.
#[derive(Debug)]
pub(crate) struct OwnPaths(u128);

impl OwnPaths {
    pub(crate) fn new(host: &HostConfig) -> OwnPaths {
        let own = ["/-", &host.openapi_path, &host.docs_path, &host.redoc_path];
        let bits = own.iter().filter_map(|path| path.as_bytes().get(1));
        OwnPaths(bits.fold(0, |all, byte| all | 1 << (byte & 127)))
    }

    fn may_have(&self, path: &str) -> bool {
        match path.as_bytes().get(1) {
            None => true,
            Some(byte) => self.0 >> (byte & 127) & 1 == 1,
        }
    }
}

/// The host's own pages; they answer GET and HEAD.
fn own_page<B>(
    host: &Inner,
    api: &Api,
    request: &Request<B>,
    record: &mut Record<'_>,
) -> Option<Response<Body>> {
    let path = request.uri().path();
    if !host.own_paths.may_have(path) {
        return None;
    }
    let headers = request.headers();
    let root = forwarded::root(request.extensions(), &host.host.base_path);
    let response = match path {
        _ if path == host.host.openapi_path => document(&api.document_under(&root), headers),
        "/-/live" | "/-/ready" => health(host, path)?,
        _ => match plugin_of(path, &host.host) {
            Some(name) => document(&api.document_of(name, &root)?, headers),
            None => page(api, &root, request.uri(), headers)?,
        },
    };
    Some(match *request.method() {
        Method::GET => response,
        Method::HEAD => {
            // What an open page asks every few seconds would drown the rest.
            record.unlogged();
            // The server keeps the length and drops the body.
            response
        }
        _ => answer::problem(
            ServeError::MethodNotAllowed(vec![Method::GET, Method::HEAD]),
            answer::shape(headers).unwrap_or(host.config.load().limits.problems),
        ),
    })
}

/// Whether the host lives, and whether it serves what it should.
pub(crate) fn health(host: &Inner, path: &str) -> Option<Response<Body>> {
    match path {
        "/-/live" => Some(text(StatusCode::OK, "live")),
        "/-/ready" if host.ready.load(Relaxed) => Some(text(StatusCode::OK, "ready")),
        "/-/ready" => Some(text(StatusCode::SERVICE_UNAVAILABLE, "not ready")),
        _ => None,
    }
}

/// The plugin whose own document is at a path.
fn plugin_of<'p>(path: &'p str, host: &HostConfig) -> Option<&'p str> {
    if host.openapi_path.is_empty() {
        return None;
    }
    let name = path.strip_prefix(host.openapi_stem())?.strip_prefix('/')?;
    name.strip_suffix(".json")
}

#[cfg(feature = "docs")]
fn page(api: &Api, root: &str, uri: &Uri, headers: &HeaderMap) -> Option<Response<Body>> {
    let host = api.setup.host.under(root);
    crate::docs::answer(uri, headers, api, &host).map(|response| response.map(Body::from))
}

#[cfg(not(feature = "docs"))]
fn page(_: &Api, _: &str, _: &Uri, _: &HeaderMap) -> Option<Response<Body>> {
    None
}

fn document(document: &Document, headers: &HeaderMap) -> Response<Body> {
    let mut response = if etag::matches(headers, &document.etag) {
        let mut unchanged = Response::new(Body::default());
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged
    } else {
        let mut whole = Response::new(Body::from(document.json.clone()));
        whole.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        whole
    };
    response
        .headers_mut()
        .insert(header::ETAG, document.etag.clone());
    // A swap changes it at any time: keep it, but ask.
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
