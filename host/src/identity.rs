//! Who is on the other side: told to the host by request extensions, and to a guest by `incoming`.

use std::fmt;
use std::net::SocketAddr;

/// The address of the peer: known to the bundled server, and put into a request's extensions by any other that accepted
/// the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who is asking, as JSON, established by the program around the host and put into a request's extensions; a guest
/// reads it by `incoming.identity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(pub String);

/// Among the extensions of a request that came to the bundled server by TLS.
#[cfg(feature = "runtime")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Secure;
