//! What stands between the server and the plugins, wherever the server is from: who may ask at all and how often, what
//! pages of other origins may do, and what every answer has. What is not set costs nothing: without any of it there is
//! no `Edge`.

mod compress;
mod cors;
mod hosts;
mod rate;

use std::collections::HashMap;
use std::sync::Arc;

use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};

use self::compress::Compression;
use self::cors::Cors;
use self::hosts::Hosts;
pub(crate) use self::rate::{Limiter, Quota, seconds, tell};
use crate::answer::{self, Body};
use crate::api::Api;
use crate::commons::Commons;
use crate::config::{Coding, Config, ConfigError};
use crate::event::Event;
use crate::forwarded::{Networks, scheme_of};
use crate::identity::Peer;
use crate::path::RequestPath;
use crate::record::Record;
use crate::serve_error::ServeError;

/// What is set, ready for use.
#[derive(Debug)]
pub(crate) struct Edge {
    /// Who may ask; none: all.
    allowed: Networks,
    denied: Networks,
    hosts: Option<Hosts>,
    pub(crate) limiter: Option<Arc<Limiter>>,
    cors: Option<Cors>,
    /// Of the plugins that have settings of their own: none for one to whose answers nothing is added.
    plugins: HashMap<String, Option<Cors>>,
    compression: Option<Compression>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether any of it is about answers.
    finishes: bool,
}

/// What of a request has to be known when it is answered.
pub(crate) struct Visit {
    edge: Arc<Edge>,
    method: Method,
    scheme: Scheme,
    origin: Option<HeaderValue>,
    /// It asked what pages of other origins may do, and that was its answer.
    preflight: bool,
    /// In what it would have its answer.
    coding: Option<Coding>,
}

impl Edge {
    /// None if nothing is set. What has counted the host's clients until now goes on if its limit is still the same.
    pub(crate) fn new(
        config: &Config,
        limiter: Option<Arc<Limiter>>,
    ) -> Result<Option<Arc<Edge>>, ConfigError> {
        let wrong = |key: &str, message| ConfigError {
            key: key.into(),
            message,
        };
        let host = &config.host;
        let networks = |key: &str, texts| {
            Networks::new(texts).map_err(|text| wrong(key, Networks::explain(text)))
        };
        let cors = |section: &str, settings| {
            let cors = Cors::new(settings);
            cors.map_err(|(key, message)| wrong(&format!("{section}.{key}"), message))
        };
        let own = config.plugins.iter().filter_map(|(name, plugin)| {
            let settings = plugin.cors.as_ref()?;
            let cors = cors(&format!("plugins.{name}.cors"), settings);
            Some(cors.map(|cors| (name.clone(), cors)))
        });
        let headers = host.headers.iter().map(|(name, value)| {
            let added = added(name, value);
            added.map_err(|what| wrong("host.headers", format!("has `{name}`, which {what}")))
        });
        let hosts = Hosts::new(&host.allowed_hosts, host.www_redirect);
        let limiter = limiter.filter(|limiter| limiter.is_of_host(host));
        let mut edge = Edge {
            allowed: networks("host.allow_addresses", &host.allow_addresses)?,
            denied: networks("host.deny_addresses", &host.deny_addresses)?,
            hosts: hosts.map_err(|message| wrong("host.allowed_hosts", message))?,
            limiter: limiter.or_else(|| Limiter::of_host(host).map(Arc::new)),
            cors: cors("cors", &config.cors)?,
            plugins: own.collect::<Result<_, _>>()?,
            compression: Compression::new(&config.compression),
            headers: headers.collect::<Result<_, _>>()?,
            finishes: false,
        };
        edge.finishes = edge.cors.is_some()
            || edge.plugins.values().any(Option::is_some)
            || edge.compression.is_some()
            || !edge.headers.is_empty();
        Ok(edge.is_any().then(|| Arc::new(edge)))
    }

    fn is_any(&self) -> bool {
        !self.allowed.is_empty()
            || !self.denied.is_empty()
            || self.hosts.is_some()
            || self.limiter.is_some()
            || self.finishes
    }

    /// A request comes in. What comes back is its answer, if it gets no further.
    pub(crate) fn enter<B>(
        self: &Arc<Self>,
        api: &Api,
        commons: &Commons,
        request: &Request<B>,
        record: &mut Record<'_>,
    ) -> Result<Option<Response<Body>>, ServeError> {
        let headers = request.headers();
        if self.finishes {
            record.visit = Some(Box::new(self.visit(request)));
        }
        // Who looks whether the host lives asks by its address and often, and learns nothing else.
        if matches!(request.uri().path(), "/-/live" | "/-/ready") {
            return Ok(None);
        }
        if !self.may_ask(record.peer) {
            return Err(ServeError::Stranger);
        }
        if let Some(answer) = self.hosts.as_ref().and_then(|hosts| hosts.refuse(request)) {
            return Ok(Some(answer));
        }
        if let Some(answer) = self.preflight(api, request) {
            if let Some(visit) = &mut record.visit {
                visit.preflight = true;
            }
            return Ok(Some(answer));
        }
        if let Some(limiter) = &self.limiter
            && let Err(error) = record.take(limiter, headers)
        {
            commons.tell(Event::TooOften {
                peer: record.peer.map(|Peer(address)| address),
            });
            return Err(error);
        }
        Ok(None)
    }

    fn visit<B>(self: &Arc<Self>, request: &Request<B>) -> Visit {
        let headers = request.headers();
        let compression = self.compression.as_ref();
        Visit {
            edge: self.clone(),
            method: request.method().clone(),
            scheme: scheme_of(request.extensions()),
            origin: headers.get(header::ORIGIN).cloned(),
            preflight: false,
            coding: compression.and_then(|own| own.accepted(headers)),
        }
    }

    fn may_ask(&self, peer: Option<Peer>) -> bool {
        let among = |networks: &Networks| peer.is_some_and(|Peer(peer)| networks.have(peer.ip()));
        (self.allowed.is_empty() || among(&self.allowed)) && !among(&self.denied)
    }

    fn preflight<B>(&self, api: &Api, request: &Request<B>) -> Option<Response<Body>> {
        if !cors::is_preflight(request) {
            return None;
        }
        let cors = match self.plugins.is_empty() {
            true => self.cors.as_ref(),
            false => self.cors_of(asked_plugin(api, request)),
        };
        Some(cors?.preflight(request.headers()))
    }

    /// What holds for the answers of a plugin, or for those of nobody's.
    fn cors_of(&self, plugin: Option<&str>) -> Option<&Cors> {
        match plugin.and_then(|plugin| self.plugins.get(plugin)) {
            Some(own) => own.as_ref(),
            None => self.cors.as_ref(),
        }
    }
}

impl Visit {
    /// The answer as it goes out. `plugin` is whose it is.
    pub(crate) async fn leave(
        &self,
        plugin: Option<&str>,
        mut response: Response<Body>,
    ) -> Response<Body> {
        let edge = &self.edge;
        let headers = response.headers_mut();
        if !self.preflight
            && let Some(cors) = edge.cors_of(plugin)
        {
            cors.tell(self.origin.as_ref(), headers);
        }
        for (name, value) in &edge.headers {
            // Heard over a plain connection it could be anyone's word, so that browsers do not.
            let is_in_vain =
                *name == header::STRICT_TRANSPORT_SECURITY && self.scheme != Scheme::HTTPS;
            if !is_in_vain && !headers.contains_key(name) {
                headers.insert(name, value.clone());
            }
        }
        match &edge.compression {
            Some(compression) => compression.apply(&self.method, self.coding, response).await,
            None => response,
        }
    }
}

/// A header for every answer, or what is wrong with it.
fn added(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let read = HeaderName::from_bytes(name.as_bytes());
    let read = read.map_err(|_| "is no name of a header".to_owned())?;
    let of_the_body = [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::DATE];
    if answer::FRAMING.contains(&read) || of_the_body.contains(&read) {
        return Err("is said of each answer by itself: leave it away".into());
    }
    let value = HeaderValue::from_str(value)
        .map_err(|_| format!("is {value:?} and cannot stand in a header"))?;
    Ok((read, value))
}

/// The plugin that would answer what a browser asks about.
fn asked_plugin<'a, B>(api: &'a Api, request: &Request<B>) -> Option<&'a str> {
    let path = RequestPath::new(request.uri().path());
    let method = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    let method = Method::from_bytes(method.as_bytes()).ok();
    let found = method.and_then(|method| api.router.find(&method, &path).ok());
    let revision = match found {
        Some(found) => api.revision(*found.target),
        None => api.owner(path.as_str())?,
    };
    Some(&revision.name)
}

fn plain_text(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    let mut response = Response::new(Body::from(text.into().into_bytes()));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

/// Adds an item to a header that is a list, in one line.
fn joined(headers: &mut HeaderMap, name: HeaderName, item: &'static str) {
    let mut line = Vec::new();
    for value in headers.get_all(&name) {
        line.extend_from_slice(value.as_bytes());
        line.extend_from_slice(b", ");
    }
    line.extend_from_slice(item.as_bytes());
    let whole = HeaderValue::from_bytes(&line).expect("values with commas between are a value");
    headers.insert(name, whole);
}
