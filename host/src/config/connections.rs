//! What a client may take before it has asked for anything: sockets, time and memory of the server's own.

use serde::{Deserialize, Serialize};

use super::validate::{ConfigError, DAY_MS, within};

/// What a connection may take. It holds for the bundled [`Server`](crate::Server).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionLimits {
    /// Connections at once; one more is closed at once. 16,384: each is an open file, and takes some 10 KiB at rest.
    pub most: usize,
    /// Connections at once of one address (of IPv6: one network of 64 bits), unless it is one of `host.trusted_proxies`;
    /// one more is closed at once. 4,096: a quarter, so that no single client keeps all others out, and high enough for
    /// a proxy that nobody named.
    pub most_per_peer: usize,
    /// Wall time of a TLS handshake, in milliseconds. 10 s: a slow line needs 1 or 2.
    pub handshake_ms: u64,
    /// Wall time until the first request's head is whole, from when the connection is there (with TLS: from when its
    /// handshake is over), in milliseconds. 10 s: a client connects because it has something to say.
    pub first_head_ms: u64,
    /// How long a connection may rest between requests, or take for the next head, in milliseconds. 75 s: longer than the
    /// 60 s of common proxies, so that it is they who close, and no request meets a closing connection.
    pub keep_alive_ms: u64,
    /// Request line and headers together, in bytes; then 431. 64 KiB: clients and proxies stop at 8 to 64. Of HTTP/2 it is
    /// the size of the header list, with 32 bytes more for each header.
    pub head_bytes: usize,
    /// Headers of a request; then 431. 100: browsers send some 20.
    pub headers: usize,
    /// Path and query of a request, in bytes; then 414. 16 KiB: more than any browser or proxy passes on; all of it is
    /// decoded and checked.
    pub uri_bytes: usize,
    /// Requests at once on one connection of HTTP/2. 100, as the RFC counsels at the least.
    pub streams: u32,
    /// Whether HTTP/2 is spoken without TLS as well, to clients that begin with it. Off: only proxies and tools do.
    pub h2c: bool,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        ConnectionLimits {
            most: 16_384,
            most_per_peer: 4_096,
            handshake_ms: 10_000,
            first_head_ms: 10_000,
            keep_alive_ms: 75_000,
            head_bytes: 64 << 10,
            headers: 100,
            uri_bytes: 16 << 10,
            streams: 100,
            h2c: false,
        }
    }
}

/// The parser of HTTP/1 keeps its buffer no smaller.
const LEAST_HEAD: u64 = 8 << 10;
/// More would not fit the server's buffer for reading.
const MOST_HEAD: u64 = 256 << 10;
/// A path's bytes are counted in 16 bits.
const MOST_URI: u64 = (64 << 10) - 1;
/// No machine has so many files.
const MOST_CONNECTIONS: u64 = 1 << 24;

impl ConnectionLimits {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (name, value, least, most) in [
            ("most", self.most as u64, 1, MOST_CONNECTIONS),
            (
                "most_per_peer",
                self.most_per_peer as u64,
                1,
                MOST_CONNECTIONS,
            ),
            ("handshake_ms", self.handshake_ms, 1, DAY_MS),
            ("first_head_ms", self.first_head_ms, 1, DAY_MS),
            ("keep_alive_ms", self.keep_alive_ms, 1, DAY_MS),
            ("head_bytes", self.head_bytes as u64, LEAST_HEAD, MOST_HEAD),
            ("headers", self.headers as u64, 1, 10_000),
            ("uri_bytes", self.uri_bytes as u64, 1, MOST_URI),
            ("streams", self.streams.into(), 1, 10_000),
        ] {
            within(&format!("connections.{name}"), value, least, most)?;
        }
        Ok(())
    }
}
