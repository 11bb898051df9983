//! What a client is connected by: TCP or a Unix socket, as it is or under TLS.

use std::io;
use std::net;
use std::os::unix::net as unix;

use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::attended::Attended;
use super::crowd::Place;
use super::tls::Tls;
use crate::identity::Peer;

/// A connection that was accepted, and who is at its other end.
#[derive(Debug)]
pub(super) struct Accepted<S = Socket> {
    pub(super) socket: S,
    /// None where the other end has no address: that of a Unix socket.
    pub(super) peer: Option<Peer>,
    /// Whether it begins with a header of the PROXY protocol.
    pub(super) announced: bool,
    /// What is spoken on it.
    pub(super) speaks: Speaks,
    /// Held for as long as the connection is there.
    pub(super) place: Option<Place>,
}

/// What is spoken at a listener.
#[derive(Clone, Debug)]
pub(super) enum Speaks {
    /// HTTP as it is.
    Plain,
    Tls(Tls),
    /// HTTP as it is, in which each client is sent to this port for TLS.
    Redirect(u16),
}

/// An open connection, of TCP or by a Unix socket.
pub(super) type Socket = Either<TcpStream, UnixStream>;

/// One on its way from the runtime that accepted it to the one that serves it.
pub(super) type Bare = Either<net::TcpStream, unix::UnixStream>;

/// What HTTP is spoken over: a socket as it is, or TLS over one.
pub(super) type Stream = Either<Attended, Box<TlsStream<Attended>>>;

impl Accepted {
    /// Takes the connection from its runtime.
    pub(super) fn bare(self) -> io::Result<Accepted<Bare>> {
        let socket = match self.socket {
            Socket::Left(stream) => Bare::Left(stream.into_std()?),
            Socket::Right(stream) => Bare::Right(stream.into_std()?),
        };
        Ok(Accepted {
            socket,
            peer: self.peer,
            announced: self.announced,
            speaks: self.speaks,
            place: self.place,
        })
    }
}

impl Accepted<Bare> {
    /// Gives the connection to the runtime that this is called on.
    pub(super) fn here(self) -> io::Result<Accepted> {
        let socket = match self.socket {
            Bare::Left(stream) => Socket::Left(TcpStream::from_std(stream)?),
            Bare::Right(stream) => Socket::Right(UnixStream::from_std(stream)?),
        };
        Ok(Accepted {
            socket,
            peer: self.peer,
            announced: self.announced,
            speaks: self.speaks,
            place: self.place,
        })
    }
}

/// What is written and not taken is dropped when the connection closes, so that the system does not go on offering it.
pub(super) fn forget_unread(socket: &Socket) -> io::Result<()> {
    match socket {
        Socket::Left(tcp) => tcp.set_zero_linger(),
        Socket::Right(_) => Ok(()),
    }
}
