//! Cross-origin requests, by the rules of Starlette's `CORSMiddleware` (1.10): what a browser asks before a request that
//! pages of other origins may not make unasked, and what it is told with every answer.

use std::borrow::Cow;
use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use regex::Regex;

use super::{joined, plain_text};
use crate::answer::Body;
use crate::config;

/// What `*` among the methods stands for.
const METHODS: [&str; 8] = [
    "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY",
];
/// Headers that any page may send, as the Fetch standard has them.
const SAFE_HEADERS: [&str; 4] = [
    "Accept",
    "Accept-Language",
    "Content-Language",
    "Content-Type",
];
/// What the answer to a browser's question depends on.
const PREFLIGHT_VARY: &str = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, \
    Access-Control-Request-Private-Network";

static ASK_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
static ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// The settings, ready for use.
#[derive(Debug)]
pub(super) struct Cors {
    all_origins: bool,
    origins: Vec<String>,
    pattern: Option<Regex>,
    methods: Vec<String>,
    all_headers: bool,
    /// In lower case.
    headers: Vec<String>,
    credentials: bool,
    private_network: bool,
    /// What every answer to a page of another origin has.
    told: Vec<(HeaderName, HeaderValue)>,
    /// What every answer to a browser's question has.
    answered: HeaderMap,
}

/// A setting that cannot be used, and what is wrong with it.
pub(super) type Wrong = (&'static str, String);

impl Cors {
    /// None where no origin is named.
    pub(super) fn new(settings: &config::Cors) -> Result<Option<Cors>, Wrong> {
        if settings.allow_origins.is_empty() && settings.allow_origin_regex.is_empty() {
            return Ok(None);
        }
        let has_all = |list: &[String]| list.iter().any(|item| item == "*");
        let all_origins = has_all(&settings.allow_origins);
        let all_headers = has_all(&settings.allow_headers);
        let methods: Vec<String> = match has_all(&settings.allow_methods) {
            true => METHODS.map(String::from).to_vec(),
            false => settings.allow_methods.clone(),
        };
        let headers: BTreeSet<&str> = settings
            .allow_headers
            .iter()
            .map(String::as_str)
            .chain(SAFE_HEADERS)
            .collect();
        let headers: Vec<&str> = headers.into_iter().collect();

        let any = HeaderValue::from_static("*");
        let yes = HeaderValue::from_static("true");
        let mut told = Vec::new();
        let mut answered = HeaderMap::new();
        answered.insert(header::VARY, HeaderValue::from_static(PREFLIGHT_VARY));
        if all_origins {
            told.push((header::ACCESS_CONTROL_ALLOW_ORIGIN, any.clone()));
            if !settings.allow_credentials {
                answered.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
            }
        }
        if settings.allow_credentials {
            told.push((header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes.clone()));
            answered.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        if !settings.expose_headers.is_empty() {
            let exposed = list("expose_headers", &settings.expose_headers)?;
            told.push((header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed));
        }
        let allowed = list("allow_methods", &methods)?;
        answered.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allowed);
        answered.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from(settings.max_age),
        );
        let allowed = list("allow_headers", &headers)?;
        if !all_headers {
            answered.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        }
        Ok(Some(Cors {
            all_origins,
            origins: settings.allow_origins.clone(),
            pattern: pattern(&settings.allow_origin_regex)?,
            methods,
            all_headers,
            headers: headers.iter().map(|name| name.to_lowercase()).collect(),
            credentials: settings.allow_credentials,
            private_network: settings.allow_private_network,
            told,
            answered,
        }))
    }

    /// The answer to a browser that asks beforehand.
    pub(super) fn preflight(&self, asked: &HeaderMap) -> Response<Body> {
        let mut answered = self.answered.clone();
        let mut refused = Vec::new();
        match asked.get(header::ORIGIN) {
            Some(origin) if self.allows(origin) => {
                if !self.all_origins || self.credentials {
                    answered.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                }
            }
            _ => refused.push("origin"),
        }
        let method = asked.get(header::ACCESS_CONTROL_REQUEST_METHOD);
        let fits = |method: &HeaderValue| self.methods.iter().any(|one| *one == latin1(method));
        if !method.is_some_and(fits) {
            refused.push("method");
        }
        if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            if self.all_headers {
                answered.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
            } else if !self.allow_headers(&latin1(names)) {
                refused.push("headers");
            }
        }
        if asked.contains_key(&ASK_PRIVATE_NETWORK) {
            if self.private_network {
                let yes = HeaderValue::from_static("true");
                answered.insert(ALLOW_PRIVATE_NETWORK.clone(), yes);
            } else {
                refused.push("private-network");
            }
        }
        let mut response = match refused.as_slice() {
            [] => plain_text(StatusCode::OK, "OK"),
            refused => plain_text(
                StatusCode::BAD_REQUEST,
                format!("Disallowed CORS {}", refused.join(", ")),
            ),
        };
        response.headers_mut().extend(answered);
        response
    }

    /// What the browser has to know of any other answer.
    pub(super) fn tell(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if let Some(origin) = origin {
            for (name, value) in &self.told {
                headers.insert(name, value.clone());
            }
            let explicit = match self.all_origins {
                true => self.credentials,
                false => self.allows(origin),
            };
            if explicit {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            }
        }
        // To another origin, or to none, the same answer would say something else.
        joined(headers, header::VARY, "Origin");
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        let origin = latin1(origin);
        let fits = |pattern: &Regex| pattern.is_match(&origin);
        self.all_origins
            || self.pattern.as_ref().is_some_and(fits)
            || self.origins.iter().any(|one| *one == origin)
    }

    fn allow_headers(&self, names: &str) -> bool {
        let mut names = names.split(',').map(|name| name.trim().to_lowercase());
        names.all(|name| self.headers.contains(&name))
    }
}

/// Whether a browser asks what a page of another origin may do, rather than does it.
pub(super) fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// A pattern that the whole of a text has to fit.
fn pattern(text: &str) -> Result<Option<Regex>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    // By itself first: in the other one a bracket too many would have its partner.
    let whole = Regex::new(text).and_then(|_| Regex::new(&format!(r"\A(?:{text})\z")));
    whole.map(Some).map_err(|error| {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default();
        let why = why.trim_start_matches("error: ");
        let what = format!("is `{text}`, which is no pattern that can be used: {why}");
        ("allow_origin_regex", what)
    })
}

fn list(setting: &'static str, items: &[impl AsRef<str>]) -> Result<HeaderValue, Wrong> {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    HeaderValue::from_str(&items.join(", ")).map_err(|_| {
        let what = format!("has {items:?}, which cannot stand in a header");
        (setting, what)
    })
}

/// A header as Starlette reads it.
fn latin1(value: &HeaderValue) -> Cow<'_, str> {
    match value.to_str() {
        Ok(text) => text.into(),
        Err(_) => value
            .as_bytes()
            .iter()
            .map(|byte| char::from(*byte))
            .collect(),
    }
}
