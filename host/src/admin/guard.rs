//! Who may ask. What guards the API is that its address is not to be reached by others: a socket of this user, or this
//! machine's own. A browser on this machine can reach that too, for any page it shows; so without a token a request has to
//! be for this machine by name, and from no other page.

use std::net::IpAddr;

use http::StatusCode;
use http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use http::request::Parts;
use sha2::{Digest, Sha256};

/// Why a request is not answered.
pub(super) fn refuses(head: &Parts, token: Option<&str>) -> Option<(StatusCode, &'static str)> {
    let text = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST).or(head.uri.authority().map(|authority| authority.as_str()));
    let from_elsewhere = text(ORIGIN).is_some_and(|origin| {
        let site = origin.split_once("://").map(|(_, site)| site);
        site.is_none() || site != host
    });
    if from_elsewhere {
        return Some((StatusCode::FORBIDDEN, "pages of other sites may not ask"));
    }
    match token {
        Some(token) => {
            let sent = text(AUTHORIZATION).and_then(|sent| sent.strip_prefix("Bearer "));
            // By their hashes, so that how long it takes tells nothing.
            let hash = |text: &str| Sha256::digest(text.as_bytes());
            match sent {
                Some(sent) if hash(sent) == hash(token) => None,
                Some(_) => Some((StatusCode::UNAUTHORIZED, "this is not the token")),
                None => Some((
                    StatusCode::UNAUTHORIZED,
                    "a token is needed: `Authorization: Bearer …`",
                )),
            }
        }
        None if host.is_some_and(is_here) => None,
        None => Some((
            StatusCode::FORBIDDEN,
            "without a token only requests to this machine by name (localhost, 127.0.0.1) are answered",
        )),
    }
}

/// Whether a `Host` names this machine, whoever resolves it.
fn is_here(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = |address: IpAddr| address.is_loopback();
    name.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&str, &str)], token: Option<&str>) -> Option<StatusCode> {
        let request = headers
            .iter()
            .fold(http::Request::get("/plugins"), |request, (name, value)| {
                request.header(*name, *value)
            });
        let (head, ()) = request.body(()).unwrap().into_parts();
        refuses(&head, token).map(|(status, _)| status)
    }

    #[test]
    fn without_a_token_only_this_machine_by_name_is_answered() {
        for host in [
            "localhost",
            "localhost:8001",
            "127.0.0.1:8001",
            "[::1]:8001",
            "127.9.9.9",
        ] {
            assert_eq!(asked(&[("host", host)], None), None, "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "192.0.2.1:80",
            "",
            "127.0.0.1.nip.io",
        ] {
            assert_eq!(
                asked(&[("host", host)], None),
                Some(StatusCode::FORBIDDEN),
                "{host}"
            );
        }
        assert_eq!(asked(&[], None), Some(StatusCode::FORBIDDEN));
    }

    #[test]
    fn a_page_of_another_site_is_refused_with_or_without_a_token() {
        let host = ("host", "localhost:8001");
        let own = ("origin", "http://localhost:8001");
        assert_eq!(asked(&[host, own], None), None);
        for origin in ["http://evil.example", "null", "http://localhost:8000"] {
            let sent = [host, ("origin", origin), ("authorization", "Bearer s")];
            assert_eq!(asked(&sent, None), Some(StatusCode::FORBIDDEN), "{origin}");
            assert_eq!(
                asked(&sent, Some("s")),
                Some(StatusCode::FORBIDDEN),
                "{origin}"
            );
        }
    }

    #[test]
    fn a_token_has_to_be_the_one_that_was_set() {
        let host = ("host", "ops.example");
        assert_eq!(
            asked(&[host, ("authorization", "Bearer s3")], Some("s3")),
            None
        );
        for sent in ["Bearer s", "Bearer s33", "s3", "Basic s3", "Bearer "] {
            let refused = asked(&[host, ("authorization", sent)], Some("s3"));
            assert_eq!(refused, Some(StatusCode::UNAUTHORIZED), "{sent}");
        }
    }
}
