//! The names under which the host is asked for, by the rules of Starlette's `TrustedHostMiddleware` (1.10).

use std::net::Ipv6Addr;

use http::{HeaderValue, Request, Response, StatusCode, header};

use super::plain_text;
use crate::answer::Body;
use crate::forwarded::{Forwarded, scheme_of};

/// The names that are answered.
#[derive(Debug)]
pub(super) struct Hosts {
    /// In lower case: whole names, and `*.shop.example` for all that end so.
    patterns: Vec<String>,
    www_redirect: bool,
}

impl Hosts {
    /// None where any name is answered; or what is wrong with one of them.
    pub(super) fn new(allowed: &[String], www_redirect: bool) -> Result<Option<Hosts>, String> {
        let star = |pattern: &&String| {
            let rest = pattern.strip_prefix("*.").unwrap_or(pattern.as_str());
            pattern.as_str() != "*" && rest.contains('*')
        };
        if let Some(wrong) = allowed.iter().find(star) {
            return Err(format!(
                "has `{wrong}`; a star stands for all names under one, as in `*.example.com`, or alone for all"
            ));
        }
        let any = allowed.is_empty() || allowed.iter().any(|pattern| pattern == "*");
        Ok((!any).then(|| Hosts {
            patterns: allowed.iter().map(|name| name.to_lowercase()).collect(),
            www_redirect,
        }))
    }

    /// The answer to a request for another name; none if it may go on.
    pub(super) fn refuse<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        let forwarded = request.extensions().get::<Forwarded>();
        let told = forwarded.and_then(|told| told.authority.as_ref());
        let asked = match (told, request.headers().get(header::HOST)) {
            (Some(told), _) => Some(told.as_str()),
            (None, Some(host)) => host.to_str().ok(),
            // HTTP/2 has it in the target.
            (None, None) => request.uri().authority().map(|named| named.as_str()),
        };
        let invalid = || Some(plain_text(StatusCode::BAD_REQUEST, "Invalid host header"));
        let Some(asked) = asked else { return invalid() };
        let Some(name) = name(asked) else {
            return invalid();
        };
        let name = name.to_ascii_lowercase();
        let fits = |pattern: &String| match pattern.strip_prefix('*') {
            Some(end) => name.ends_with(end),
            None => *pattern == name,
        };
        if self.patterns.iter().any(fits) {
            return None;
        }
        let www = self.www_redirect && self.patterns.contains(&format!("www.{name}"));
        let scheme = scheme_of(request.extensions());
        let target = request.uri().path_and_query();
        let target = target.map_or("/", |target| target.as_str());
        let address = HeaderValue::try_from(format!("{scheme}://www.{asked}{target}"));
        match address {
            Ok(address) if www => {
                let mut response = Response::new(Body::default());
                *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
                response.headers_mut().insert(header::LOCATION, address);
                Some(response)
            }
            Ok(_) | Err(_) => invalid(),
        }
    }
}

/// The name in a `Host` header, with the brackets of an address of IPv6; none if it is no such header.
fn name(host: &str) -> Option<&str> {
    let end = match host.starts_with('[') {
        true => host.find(']')? + 1,
        false => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(end);
    let port = match port.strip_prefix(':') {
        Some(digits) => {
            digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok()
        }
        None => port.is_empty(),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~%!$&'()*+,;=-".contains(&byte);
    let literal = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    let is_name = match literal {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !name.is_empty() && name.bytes().all(plain),
    };
    (port && is_name).then_some(name)
}
