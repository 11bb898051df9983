//! What a client is connected by: TCP, or a Unix socket.

use std::io;
use std::net;
use std::os::unix::net as unix;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

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

/// An open connection.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connection on its way from the runtime that accepted it to the one that serves it.
#[derive(Debug)]
pub(super) enum Bare {
    Tcp(net::TcpStream),
    Unix(unix::UnixStream),
}

impl Accepted {
    /// Takes the connection from its runtime.
    pub(super) fn bare(self) -> io::Result<Accepted<Bare>> {
        let socket = match self.socket {
            Socket::Tcp(stream) => Bare::Tcp(stream.into_std()?),
            Socket::Unix(stream) => Bare::Unix(stream.into_std()?),
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
            Bare::Tcp(stream) => Socket::Tcp(TcpStream::from_std(stream)?),
            Bare::Unix(stream) => Socket::Unix(UnixStream::from_std(stream)?),
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

impl Socket {
    /// What is written and not taken is dropped when the connection closes, so that the system does not go on offering it.
    pub(super) fn forget_unread(&self) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => stream.set_zero_linger(),
            Socket::Unix(_) => Ok(()),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Socket::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Socket::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Socket::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Socket::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Socket::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, pieces),
            Socket::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Socket::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Socket::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Socket::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Socket::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
