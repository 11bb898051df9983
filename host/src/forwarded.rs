//! What proxies say of the client: heard of those that the operator trusts, and of nobody else.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use http::uri::{Authority, Scheme};
use http::{Extensions, HeaderMap, Request, Uri, header};

use crate::identity::{Peer, Secure};

/// The settings' `trusted_proxies`. Without any, nothing is looked at.
#[derive(Debug, Default)]
pub(crate) struct Proxies {
    networks: Networks,
    /// Whether those that have no address are trusted: they come by a Unix socket.
    nameless: bool,
}

/// What stands for whoever comes by a Unix socket.
const UNIX: &str = "unix";

/// Some networks.
#[derive(Debug, Default)]
pub(crate) struct Networks(Vec<Network>);

/// Addresses that begin alike; those of IPv4 as IPv6 maps them, so that either spelling of a peer is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: u128,
    /// Bits that may differ.
    free: u32,
}

/// What a trusted proxy said, beside the client's address: among the extensions of its request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forwarded {
    /// The path that the proxy cut off, or nothing.
    prefix: String,
    pub(crate) scheme: Option<Scheme>,
    pub(crate) authority: Option<Authority>,
}

/// The path before the host's own, as clients know it: what a trusted proxy cut off, then `base_path`.
pub(crate) fn root<'a>(extensions: &Extensions, base_path: &'a str) -> Cow<'a, str> {
    match extensions.get::<Forwarded>() {
        Some(forwarded) if !forwarded.prefix.is_empty() => {
            format!("{}{base_path}", forwarded.prefix).into()
        }
        _ => base_path.into(),
    }
}

/// Takes the base path off a request's path where it is still there: a proxy that takes it off and one that does not are both
/// served, as by Starlette.
pub(crate) fn take_off<B>(request: &mut Request<B>, base_path: &str) {
    let uri = request.uri();
    let Some(rest) = uri.path().strip_prefix(base_path) else {
        return;
    };
    if !rest.is_empty() && !rest.starts_with('/') {
        return;
    }
    let path = if rest.is_empty() { "/" } else { rest };
    let path = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = path.parse().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

/// By which scheme the client asks: as a trusted proxy tells it, else as it came to the bundled server.
pub(crate) fn scheme_of(extensions: &Extensions) -> Scheme {
    let told = extensions.get::<Forwarded>();
    let told = told.and_then(|told| told.scheme.clone());
    told.unwrap_or_else(|| match extensions.get::<Secure>() {
        Some(Secure) => Scheme::HTTPS,
        None => Scheme::HTTP,
    })
}

impl Networks {
    /// Reads what is set; the first that is neither an address nor a network is handed out.
    pub(crate) fn new<'a>(
        texts: impl IntoIterator<Item = &'a String>,
    ) -> Result<Networks, &'a str> {
        let texts = texts.into_iter();
        let networks = texts.map(|text| Network::read(text).ok_or(text.as_str()));
        networks.collect::<Result<_, _>>().map(Networks)
    }

    /// What is wrong with a text that is handed out by [`Networks::new`].
    pub(crate) fn explain(wrong: &str) -> String {
        let right = "an address (`127.0.0.1`) or a network (`10.0.0.0/8`)";
        format!("has `{wrong}`, which is not {right}")
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn have(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(address))
    }
}

impl Proxies {
    /// As [`Networks::new`], and `unix` for whoever has no address.
    pub(crate) fn new(trusted: &[String]) -> Result<Proxies, &str> {
        Ok(Proxies {
            networks: Networks::new(trusted.iter().filter(|text| *text != UNIX))?,
            nameless: trusted.iter().any(|text| text == UNIX),
        })
    }

    /// Whether what the other end of a connection says of its client is believed.
    pub(crate) fn trusts(&self, peer: Option<Peer>) -> bool {
        peer.map_or(self.nameless, |Peer(proxy)| self.trust(proxy.ip()))
    }

    /// The client, where the peer is a trusted proxy that says who that is; the rest of what it says goes among the
    /// request's extensions.
    pub(crate) fn hear<B>(&self, request: &mut Request<B>, peer: Option<Peer>) -> Option<Peer> {
        if !self.trusts(peer) {
            return peer;
        }
        let (client, forwarded) = self.read(request.headers(), peer.map(|Peer(proxy)| proxy));
        request.extensions_mut().insert(forwarded);
        client.map(Peer)
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.networks.have(address)
    }

    /// Both manners of headers; where both say something and not the same, one of them may be the client's own, so
    /// that neither counts.
    fn read(
        &self,
        headers: &HeaderMap,
        proxy: Option<SocketAddr>,
    ) -> (Option<SocketAddr>, Forwarded) {
        let hops = backwards(headers, header::FORWARDED.as_str());
        let standard = hops.first().map(|_| {
            let named = hops.iter().map(|hop| address(&parameter((*hop)?, "for")?));
            self.client(proxy, named)
        });
        let listed = backwards(headers, "x-forwarded-for");
        let usual = listed
            .first()
            .map(|_| self.client(proxy, listed.iter().map(|hop| address((*hop)?))));

        let nearest = |name: &str| backwards(headers, name).first().copied().flatten();
        let of_hop = |name: &str| parameter(hops.first().copied().flatten()?, name);
        let forwarded = Forwarded {
            prefix: nearest("x-forwarded-prefix")
                .and_then(prefix)
                .unwrap_or_default(),
            scheme: agreed(
                of_hop("proto").as_deref().and_then(scheme),
                nearest("x-forwarded-proto").and_then(scheme),
            ),
            authority: agreed(
                of_hop("host").and_then(|host| host.parse().ok()),
                nearest("x-forwarded-host").and_then(|host| host.trim().parse().ok()),
            ),
        };
        (agreed(standard, usual).unwrap_or(proxy), forwarded)
    }

    /// The nearest that is not one of the proxies; each names the one before it. What cannot be read ends the way, since
    /// what stands before it was said by nobody who is known.
    fn client(
        &self,
        proxy: Option<SocketAddr>,
        hops: impl Iterator<Item = Option<SocketAddr>>,
    ) -> Option<SocketAddr> {
        let mut client = proxy;
        for hop in hops {
            match hop {
                Some(hop) if self.trusts(client.map(Peer)) => client = Some(hop),
                _ => break,
            }
        }
        client
    }
}

fn agreed<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => (one == other).then_some(one),
        (one, other) => one.or(other),
    }
}

impl Network {
    /// `127.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`.
    fn read(text: &str) -> Option<Network> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits: u32 = if address.is_ipv4() { 32 } else { 128 };
        let fixed = length.map_or(Some(bits), |length| length.parse().ok())?;
        Some(Network {
            address: number(address),
            free: bits.checked_sub(fixed)?,
        })
    }

    fn has(&self, address: IpAddr) -> bool {
        let differs = number(address) ^ self.address;
        differs.checked_shr(self.free).unwrap_or(0) == 0
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The items of a header's lists, the last and so the nearest first; none in the place of one that is no text.
fn backwards<'h>(headers: &'h HeaderMap, name: &str) -> Vec<Option<&'h str>> {
    let mut items = Vec::new();
    for value in headers.get_all(name) {
        match value.to_str() {
            Ok(text) => items.extend(unquoted_split(text, ',').map(Some)),
            Err(_) => items.push(None),
        }
    }
    items.reverse();
    items
}

/// Splits where the separator is not between quotation marks.
fn unquoted_split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

/// The value of a parameter of one hop of `Forwarded`.
fn parameter(hop: &str, name: &str) -> Option<String> {
    let value = unquoted_split(hop, ';').find_map(|pair| {
        let (known, value) = pair.split_once('=')?;
        let value = value.trim();
        known.trim().eq_ignore_ascii_case(name).then_some(value)
    })?;
    match value.strip_prefix('"') {
        None => Some(value.into()),
        Some(quoted) => Some(quoted.strip_suffix('"')?.into()),
    }
}

/// An address with a port or, as most proxies write it, without, which is port 0 then.
fn address(text: &str) -> Option<SocketAddr> {
    let text = text.trim();
    if let Ok(whole) = text.parse() {
        return Some(whole);
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address: IpAddr = bare.unwrap_or(text).parse().ok()?;
    Some(SocketAddr::new(address, 0))
}

fn scheme(text: &str) -> Option<Scheme> {
    let text = text.trim();
    [Scheme::HTTP, Scheme::HTTPS]
        .into_iter()
        .find(|scheme| text.eq_ignore_ascii_case(scheme.as_str()))
}

/// A path without a slash at its end. It begins with one slash only, or a redirect would lead to another host.
fn prefix(text: &str) -> Option<String> {
    let path = text.trim().trim_end_matches('/');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+;=:@".contains(&byte);
    let segments = path.strip_prefix('/')?.split('/');
    let fits = |segment: &str| !matches!(segment, "" | "." | "..");
    (path.bytes().all(plain) && segments.into_iter().all(fits)).then(|| path.into())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn heard(trusted: &[&str], peer: &str, lines: &[(&str, &str)]) -> (String, Forwarded) {
        let trusted: Vec<String> = trusted.iter().map(|text| text.to_string()).collect();
        let mut request = Request::new(());
        for (name, value) in lines {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().append(name, value);
        }
        let peer = Peer(peer.parse().unwrap());
        let proxies = Proxies::new(&trusted).unwrap();
        let client = proxies.hear(&mut request, Some(peer)).unwrap();
        let forwarded = request.extensions_mut().remove::<Forwarded>();
        (client.0.to_string(), forwarded.unwrap_or_default())
    }

    fn client(lines: &[(&str, &str)]) -> String {
        heard(&["10.0.0.0/8", "::1"], "10.1.2.3:80", lines).0
    }

    #[test]
    fn the_nearest_address_that_is_no_proxy_is_the_client() {
        for (value, expected) in [
            ("192.0.2.1", "192.0.2.1:0"),
            ("192.0.2.1:99", "192.0.2.1:99"),
            ("6.6.6.6, 192.0.2.1, 10.9.9.9", "192.0.2.1:0"),
            ("10.0.0.1, ::1, 10.0.0.2", "10.0.0.1:0"),
            ("2001:db8::7", "[2001:db8::7]:0"),
            ("[2001:db8::7]:44", "[2001:db8::7]:44"),
            ("6.6.6.6, unknown", "10.1.2.3:80"),
            ("6.6.6.6, 1.2.3, 10.0.0.2", "10.0.0.2:0"),
            ("6.6.6.6,", "10.1.2.3:80"),
            ("ü", "10.1.2.3:80"),
        ] {
            assert_eq!(client(&[("x-forwarded-for", value)]), expected, "{value}");
        }
        let lines = [
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-for", "192.0.2.1"),
        ];
        assert_eq!(client(&lines), "192.0.2.1:0");
    }

    #[test]
    fn forwarded_says_the_same_in_its_own_words() {
        for (value, expected) in [
            ("for=6.6.6.6, For=192.0.2.1;proto=https", "192.0.2.1:0"),
            ("for=\"[2001:db8::7]:44\"", "[2001:db8::7]:44"),
            ("for=192.0.2.1, by=10.0.0.1", "10.1.2.3:80"),
            ("for=_hidden", "10.1.2.3:80"),
            ("for=6.6.6.6;x=\", for=192.0.2.1", "6.6.6.6:0"),
            ("for=6.6.6.6, x=\", for=192.0.2.1", "10.1.2.3:80"),
            ("for=6.6.6.6, for=\", for=\"[2001:db8::7]\"", "10.1.2.3:80"),
        ] {
            assert_eq!(client(&[("forwarded", value)]), expected, "{value}");
        }
    }

    #[test]
    fn who_comes_by_a_unix_socket_is_trusted_by_name() {
        let asked = |trusted: &str, value: &'static str| {
            let mut request = Request::new(());
            let value = HeaderValue::from_static(value);
            request.headers_mut().insert("x-forwarded-for", value);
            let proxies = Proxies::new(&[trusted.to_owned()]).unwrap();
            let client = proxies.hear(&mut request, None);
            client.map(|client| client.to_string())
        };
        assert_eq!(asked("unix", "6.6.6.6, 192.0.2.1").unwrap(), "192.0.2.1:0");
        assert_eq!(asked("unix", "unknown"), None);
        assert_eq!(asked("0.0.0.0/0", "192.0.2.1"), None);
    }

    #[test]
    fn headers_that_contradict_each_other_say_nothing() {
        let lines = |other| client(&[("forwarded", "for=192.0.2.1"), ("x-forwarded-for", other)]);
        assert_eq!(lines("192.0.2.1"), "192.0.2.1:0");
        assert_eq!(lines("192.0.2.2"), "10.1.2.3:80");
    }

    #[test]
    fn nobody_else_is_heard() {
        let lines = [
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-prefix", "/api"),
        ];
        for (trusted, peer) in [
            (&[][..], "10.1.2.3:80"),
            (&["10.0.0.0/16", "fe80::/10"], "10.1.2.3:80"),
            (&["10.1.2.3"], "[::1]:80"),
        ] {
            let (client, forwarded) = heard(trusted, peer, &lines);
            assert_eq!((client.as_str(), &*forwarded.prefix), (peer, ""));
        }
        let (client, _) = heard(&["0.0.0.0/0"], "[::ffff:9.9.9.9]:80", &lines);
        assert_eq!(client, "192.0.2.1:0");
    }

    #[test]
    fn scheme_host_and_prefix_are_of_the_nearest_proxy_and_must_be_such() {
        let say =
            |name: &str, value: &str| heard(&["10.0.0.0/8"], "10.1.2.3:80", &[(name, value)]).1;
        assert_eq!(
            say("x-forwarded-proto", "http, HTTPS").scheme,
            Some(Scheme::HTTPS)
        );
        assert_eq!(say("x-forwarded-proto", "gopher").scheme, None);
        let forwarded = say(
            "forwarded",
            "for=_a;host=evil, host=\"shop.example:81\";proto=https",
        );
        assert_eq!(forwarded.authority.unwrap(), "shop.example:81");
        assert_eq!(forwarded.scheme, Some(Scheme::HTTPS));
        for (value, expected) in [
            ("/api", "/api"),
            ("/api/v1/", "/api/v1"),
            ("/", ""),
            ("//evil.example", ""),
            ("/a/../b", ""),
            ("/\\evil", ""),
            ("api", ""),
            ("/a?b", ""),
            ("", ""),
        ] {
            assert_eq!(say("x-forwarded-prefix", value).prefix, expected, "{value}");
        }
    }

    #[test]
    fn a_proxys_word_on_the_scheme_comes_before_how_it_asks_itself() {
        let told = |scheme| Forwarded {
            scheme: Some(scheme),
            ..Forwarded::default()
        };
        for (secure, told, scheme) in [
            (false, None, Scheme::HTTP),
            (true, None, Scheme::HTTPS),
            (true, Some(told(Scheme::HTTP)), Scheme::HTTP),
            (false, Some(told(Scheme::HTTPS)), Scheme::HTTPS),
            (true, Some(Forwarded::default()), Scheme::HTTPS),
        ] {
            let mut extensions = Extensions::new();
            if secure {
                extensions.insert(Secure);
            }
            told.map(|told| extensions.insert(told));
            assert_eq!(scheme_of(&extensions), scheme);
        }
    }

    #[test]
    fn what_is_no_network_is_named() {
        for wrong in [
            "",
            "proxy",
            "10.0.0.0/33",
            "10.0.0.0/",
            "::/129",
            "10.0.0.0/-1",
        ] {
            let list = ["10.0.0.0/8".to_owned(), wrong.to_owned()];
            assert_eq!(Proxies::new(&list).unwrap_err(), wrong);
        }
    }
}
