//! What RFC 9110 and RFC 9112 ask of a request on HTTP/1 that hyper does not see to: which host it is for, and that its
//! body is framed in the one way that everybody before and behind this host reads alike.

use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};

use crate::answer::{self, Body};
use crate::problem::{Problem, ProblemShape};

/// Why a request goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unlawful {
    NoHost,
    Hosts,
    Host,
    Target,
    Connect,
    /// A coding of the body before `chunked`.
    Coding,
    Chunked,
    Expectation,
    /// Nothing is wrong: `OPTIONS *` is about the server as a whole, and this is what it says.
    Server,
}

/// Looks at a request before anything else does. One in absolute form is for the host that it names, whatever its `Host`
/// says.
pub(super) fn check<B>(request: &mut Request<B>) -> Result<(), Unlawful> {
    let (mut hosts, mut codings) = (0, 0);
    for (name, value) in request.headers() {
        if *name == header::HOST {
            hosts += 1;
            if !is_host(value.as_bytes()) {
                return Err(Unlawful::Host);
            }
        } else if *name == header::TRANSFER_ENCODING {
            codings += 1;
            coding(value.as_bytes())?;
        } else if *name == header::EXPECT && !value.as_bytes().eq_ignore_ascii_case(b"100-continue")
        {
            return Err(Unlawful::Expectation);
        }
    }
    if hosts > 1 {
        return Err(Unlawful::Hosts);
    }
    if codings > 1 {
        return Err(Unlawful::Chunked);
    }
    if hosts == 0 && request.version() == Version::HTTP_11 {
        return Err(Unlawful::NoHost);
    }
    match request.uri().authority() {
        None if request.uri().path().starts_with('/') => Ok(()),
        _ => other_form(request),
    }
}

/// A target that is no path: `http://host/path`, `*`, or `host:port`.
fn other_form<B>(request: &mut Request<B>) -> Result<(), Unlawful> {
    if *request.method() == Method::CONNECT {
        return Err(Unlawful::Connect);
    }
    let uri = request.uri();
    match (uri.scheme(), uri.authority()) {
        (Some(scheme), Some(authority)) if matches!(scheme.as_str(), "http" | "https") => {
            let host = authority.as_str();
            let host = HeaderValue::from_str(host)
                .ok()
                .filter(|_| is_host(host.as_bytes()));
            let host = host.ok_or(Unlawful::Target)?;
            request.headers_mut().insert(header::HOST, host);
            Ok(())
        }
        (None, None) if uri.path() == "*" && *request.method() == Method::OPTIONS => {
            Err(Unlawful::Server)
        }
        _ => Err(Unlawful::Target),
    }
}

/// hyper has seen to it that `chunked` comes last.
fn coding(value: &[u8]) -> Result<(), Unlawful> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let is_chunked = |coding: &&[u8]| coding.trim_ascii().eq_ignore_ascii_case(b"chunked");
    let others = value.split(|byte| *byte == b',');
    match others
        .filter(|coding| !is_chunked(coding) && !coding.is_empty())
        .count()
    {
        0 => Err(Unlawful::Chunked),
        _ => Err(Unlawful::Coding),
    }
}

/// What names and addresses of version 4 are made of, nearly always: a look into a table, since each request is asked.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let of_name = (byte as u8).is_ascii_alphanumeric();
        plain[byte] = of_name || matches!(byte as u8, b'.' | b'-' | b'_');
        byte += 1;
    }
    plain
};

/// A name or an address, with or without a port. It may be empty: so says who asks for what has no host.
fn is_host(value: &[u8]) -> bool {
    let name = value
        .iter()
        .take_while(|byte| PLAIN[usize::from(**byte)])
        .count();
    match &value[name..] {
        [] => true,
        [b':', port @ ..] => port.iter().all(u8::is_ascii_digit),
        _ => is_unusual_host(value),
    }
}

/// One in brackets (`[::1]:80`), or with what only names of nobody's network have.
fn is_unusual_host(value: &[u8]) -> bool {
    let (name, port) = match value.strip_prefix(b"[") {
        Some(rest) => {
            let Some(end) = rest.iter().position(|byte| *byte == b']') else {
                return false;
            };
            let inside = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
            if end == 0 || !rest[..end].iter().all(inside) {
                return false;
            }
            (&[][..], &rest[end + 1..])
        }
        None => {
            let end = value.iter().position(|byte| *byte == b':');
            value.split_at(end.unwrap_or(value.len()))
        }
    };
    let in_names = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=%".contains(byte);
    let is_port = match port {
        [] => true,
        [b':', port @ ..] => port.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    name.iter().all(in_names) && is_port
}

impl Unlawful {
    /// What the client is told. All but the last end the connection: where its next request begins may be a matter of
    /// opinion.
    pub(super) fn answer(self, shape: ProblemShape) -> Response<Body> {
        let bad = |detail| Problem::new(StatusCode::BAD_REQUEST, "bad-request").detail(detail);
        let not_here =
            |detail| Problem::new(StatusCode::NOT_IMPLEMENTED, "not-implemented").detail(detail);
        let problem = match self {
            Unlawful::NoHost => bad("The request has no Host header"),
            Unlawful::Hosts => bad("The request has more than one Host header"),
            Unlawful::Host => bad("The Host header names no host"),
            Unlawful::Target => {
                bad("The request's target is neither a path nor an address of HTTP")
            }
            Unlawful::Chunked => bad("The body is chunked more than once"),
            Unlawful::Coding => not_here("The body has a transfer coding other than chunked"),
            Unlawful::Connect => not_here("This server is no proxy"),
            Unlawful::Expectation => {
                Problem::new(StatusCode::EXPECTATION_FAILED, "expectation-failed")
            }
            Unlawful::Server => {
                let mut answer = Response::new(Body::default());
                *answer.status_mut() = StatusCode::NO_CONTENT;
                return answer;
            }
        };
        let close = HeaderValue::from_static("close");
        answer::told(problem.header(header::CONNECTION, close), shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for right in [
            "",
            "a",
            "a.example:80",
            "127.0.0.1",
            "[::1]",
            "[::1]:8080",
            "a:",
            "x_y",
            "xn--p1ai",
            "a~b",
            "%41.example",
            "[::ffff:1.2.3.4]:1",
        ] {
            assert!(is_host(right.as_bytes()), "{right}");
        }
        for wrong in [
            "a b", "a,b", "a/b", "a@b", "a:80:81", "a:x", "[::1", "[]", "[x]", "[::1]x", "a\\b",
            "http://a", "a?b", "a#b", "ä", "::1", "[::1]:8x", "a\tb",
        ] {
            assert!(!is_host(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn a_body_is_chunked_once_and_not_coded_otherwise() {
        for (value, expected) in [
            ("chunked", Ok(())),
            ("Chunked", Ok(())),
            ("chunked, chunked", Err(Unlawful::Chunked)),
            (", chunked", Err(Unlawful::Chunked)),
            ("gzip, chunked", Err(Unlawful::Coding)),
            ("identity,chunked", Err(Unlawful::Coding)),
        ] {
            assert_eq!(coding(value.as_bytes()), expected, "{value}");
        }
    }
}
