//! One connection, from its first byte to its last: what is spoken on it is found out, and each of its requests is
//! answered.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use tokio::io::AsyncReadExt;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::attended::{Attended, Signs};
use super::lawful;
use super::linger::Lingering;
use super::refusals::Refusals;
use super::request_line::RequestLine;
use super::socket::{Accepted, Speaks, Stream};
use super::streams::Turn;
use super::{http1, http2};
use crate::answer::{self, Body, Refused};
use crate::config::{Config, ConnectionLimits, Limits};
use crate::event::Event;
use crate::host::Host;
use crate::identity::{Peer, Secure};
use crate::problem::Problem;

/// What a client of HTTP/2 begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Who is at the other end, for all requests of a connection.
pub(super) struct Client {
    pub(super) host: Host,
    pub(super) peer: Option<Peer>,
    /// As it was when the connection began.
    config: Arc<Config>,
    signs: Signs,
    refusals: Refusals,
    /// Whether it came by TLS.
    secure: bool,
    /// The port at which it is to come by TLS instead.
    redirect: Option<u16>,
    /// `Strict-Transport-Security`, where answers carry it.
    hsts: Option<HeaderValue>,
}

enum Protocol {
    Http1,
    Http2,
}

/// Serves until the client leaves, is silent for too long, or `goodbye` says to end after the request under way.
/// Dropping the future drops the request that is being dispatched.
pub(super) async fn serve(accepted: Accepted, host: Host, mut goodbye: oneshot::Receiver<()>) {
    let Accepted {
        socket,
        peer,
        speaks,
        place: _place,
        ..
    } = accepted;
    let _connected = host.0.commons.connected();
    let config = host.0.config.load_full();
    let signs = Signs::new(&config.limits);
    let write_idle = Duration::from_millis(config.host.write_idle_ms);
    let attended = Attended::new(socket, signs.clone(), write_idle);
    let client = Arc::new(Client {
        peer,
        refusals: Refusals::default(),
        secure: matches!(speaks, Speaks::Tls(_)),
        redirect: match &speaks {
            Speaks::Redirect(port) => Some(*port),
            Speaks::Plain | Speaks::Tls(_) => None,
        },
        hsts: match &speaks {
            Speaks::Tls(tls) => tls.hsts(),
            Speaks::Plain | Speaks::Redirect(_) => None,
        },
        signs: signs.clone(),
        config,
        host,
    });
    let limits = client.limits();
    let (protocol, before, stream) = match speaks {
        Speaks::Plain | Speaks::Redirect(_) if !limits.h2c => {
            (Protocol::Http1, Bytes::new(), Stream::Left(attended))
        }
        // Boxed, since the future of every connection would be larger for them.
        Speaks::Plain | Speaks::Redirect(_) => {
            let began = Box::pin(begin(attended, limits));
            let Some(began) = unless(&mut goodbye, began).await.flatten() else {
                return;
            };
            began
        }
        Speaks::Tls(tls) => {
            let time = Duration::from_millis(limits.handshake_ms);
            let shaken = match unless(&mut goodbye, Box::pin(tls.accept(attended, time))).await {
                Some(Ok(shaken)) => Box::new(shaken),
                Some(Err(error)) => {
                    tracing::debug!(%error, peer = peer.map(tracing::field::display), "no TLS with a client");
                    return;
                }
                None => return,
            };
            let protocol = match shaken.get_ref().1.alpn_protocol() {
                Some(b"h2") => Protocol::Http2,
                _ => Protocol::Http1,
            };
            (protocol, Bytes::new(), Stream::Right(shaken))
        }
    };
    let line = RequestLine::new(limits.uri_bytes);
    let stream = Lingering::new(before, stream, line, signs.clone());
    let served = match protocol {
        Protocol::Http1 => http1::serve(stream, &client, &signs, goodbye).await,
        Protocol::Http2 => Box::pin(http2::serve(stream, &client, &signs, goodbye)).await,
    };
    if signs.is_unread() {
        client.left_unread();
    } else if signs.is_overdue() {
        client.overdue();
    } else if let Err(error) = served {
        tracing::debug!(%error, peer = peer.map(tracing::field::display), "a connection broke off");
    }
}

/// What comes of it, unless the server ends first.
async fn unless<T>(
    goodbye: &mut oneshot::Receiver<()>,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        _ = goodbye => None,
    }
}

/// Reads until it is known what a client without TLS speaks; none if it leaves, or says nothing in time.
async fn begin(
    mut socket: Attended,
    limits: &ConnectionLimits,
) -> Option<(Protocol, Bytes, Stream)> {
    let mut first = BytesMut::with_capacity(PREFACE.len());
    let read = async {
        while first.len() < PREFACE.len() && PREFACE.starts_with(&first) {
            if socket.read_buf(&mut first).await.ok()? == 0 {
                return None;
            }
        }
        Some(())
    };
    let time = Duration::from_millis(limits.first_head_ms);
    timeout(time, read).await.ok().flatten()?;
    let protocol = match first.starts_with(PREFACE) {
        true => Protocol::Http2,
        false => Protocol::Http1,
    };
    Some((protocol, first.freeze(), Stream::Left(socket)))
}

impl Client {
    pub(super) fn limits(&self) -> &ConnectionLimits {
        &self.config.connections
    }

    /// How long it may take nothing of an answer.
    pub(super) fn write_idle(&self) -> Duration {
        Duration::from_millis(self.config.host.write_idle_ms)
    }

    /// What holds for all of a plugin's requests until it is known whose one is.
    pub(super) fn usual(&self) -> &Limits {
        &self.config.limits
    }

    /// One request's answer; over HTTP/2 it has a stream.
    pub(super) async fn answer(
        self: Arc<Client>,
        mut request: Request<Incoming>,
        stream: Option<Arc<Turn>>,
    ) -> Result<Response<Body>, Infallible> {
        if let Err(unlawful) = lawful::check(&mut request) {
            let peer = self.peer.map(tracing::field::display);
            tracing::debug!(peer, "{unlawful:?}");
            let shape = answer::shape(request.headers());
            return Ok(unlawful.answer(shape.unwrap_or(self.config.limits.problems)));
        }
        let path = request.uri().path_and_query();
        if path.is_some_and(|path| path.as_str().len() > self.limits().uri_bytes) {
            return Ok(self.refuse(&request, StatusCode::URI_TOO_LONG, "uri-too-long"));
        }
        if let Some(port) = self.redirect {
            return Ok(to_tls(&request, port));
        }
        if self.secure {
            request.extensions_mut().insert(Secure);
        }
        let lasting = match &stream {
            Some(stream) => &stream.lasting,
            None => {
                // It came with the one before, if none of its bytes was heard.
                self.signs.heard();
                self.signs.lasting()
            }
        };
        let answered = self.host.answer(request, self.peer, Some(lasting), None);
        let mut answer = answered.await;
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE
            && answer.extensions().get::<Refused>().is_some()
        {
            let wait = self.refusals.once_more();
            if !wait.is_zero() {
                // Boxed, since the future of every request would be larger for it.
                Box::pin(sleep(wait)).await;
            }
        } else {
            self.refusals.over();
        }
        if let Some(hsts) = &self.hsts {
            let headers = answer.headers_mut();
            headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
        Ok(answer)
    }

    /// Answers what does not reach the host.
    pub(super) fn refuse<B>(
        &self,
        request: &Request<B>,
        status: StatusCode,
        kind: &'static str,
    ) -> Response<Body> {
        let shape = answer::shape(request.headers());
        let shape = shape.unwrap_or(self.config.limits.problems);
        answer::told(Problem::new(status, kind), shape)
    }

    /// Tells of a client that did not read.
    pub(super) fn left_unread(&self) {
        tracing::info!(
            peer = self.peer.map(tracing::field::display),
            ms = self.config.host.write_idle_ms,
            "a client that does not read its answer was cut"
        );
        self.cut();
    }

    /// Tells of a request that took too long.
    pub(super) fn overdue(&self) {
        tracing::info!(
            peer = self.peer.map(tracing::field::display),
            "a client whose request took longer than `request_ms` was cut"
        );
        self.cut();
    }

    fn cut(&self) {
        self.host.0.commons.tell(Event::Unread {
            peer: self.peer.map(|Peer(address)| address),
        });
    }
}

/// The same address by TLS; of a client that does not say under which name it came, nobody knows it.
fn to_tls(request: &Request<Incoming>, port: u16) -> Response<Body> {
    let mut response = Response::new(Body::default());
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    // What follows the last colon is a port, unless that colon is within an address of IPv6.
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    };
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let location = match port {
        443 => format!("https://{name}{path}"),
        port => format!("https://{name}:{port}{path}"),
    };
    *response.status_mut() = StatusCode::BAD_REQUEST;
    if !name.is_empty()
        && let Ok(location) = HeaderValue::try_from(location)
    {
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
