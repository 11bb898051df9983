//! Where connections come from: an address, or a Unix socket.

use std::fmt;
use std::fs::{self, Permissions};
use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net as unix;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::net::{TcpListener, TcpSocket, ToSocketAddrs, UnixListener};

use super::socket::{Accepted, Socket, Speaks};
use super::tls::Tls;
use crate::identity::Peer;

/// Connections that the system keeps until they are accepted; it has its own limit, often 4,096. All clients of a host that
/// starts anew come at once.
const BACKLOG: u32 = 4096;

/// What the system holds of an answer beyond what is on its way: else it takes up to 4 MiB for a client that does not read,
/// and no client is faster for it.
#[cfg(target_os = "linux")]
const UNSENT: libc::c_int = 128 << 10;

/// A bound address, or a Unix socket: clients may connect, and wait until a [`Server`](crate::Server) runs with it.
#[derive(Debug)]
pub struct Listener {
    socket: Bound,
    /// Whether each connection begins with a header of the PROXY protocol.
    announced: bool,
    speaks: Speaks,
}

#[derive(Debug)]
enum Bound {
    Tcp(net::TcpListener),
    Unix {
        listener: unix::UnixListener,
        path: PathBuf,
        /// Its file goes with the last that listens.
        file: Option<Arc<SocketFile>>,
    },
}

/// The name of a socket that is this program's own.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Listener {
    /// Binds an address; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// The address is taken, is not this machine's, or may not be bound by this user.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Listener> {
        let mut wrong = io::ErrorKind::InvalidInput.into();
        for address in tokio::net::lookup_host(address).await? {
            match bind(address) {
                Ok(listener) => return Ok(Listener::of(Bound::Tcp(listener.into_std()?))),
                Err(why) => wrong = why,
            }
        }
        Err(wrong)
    }

    /// Makes a Unix socket of this mode (`0o660`: who is in its group may connect). One that is left from before is
    /// replaced, if nobody listens there; its file goes when the listener does.
    ///
    /// # Errors
    ///
    /// Someone listens there, the path is too long for a socket (107 bytes), something else has that name, or its folder
    /// cannot be written.
    pub fn bind_unix(path: impl Into<PathBuf>, mode: u32) -> io::Result<Listener> {
        let path = path.into();
        is_free(&path)?;
        // Others can connect only once it has its name, and then only those who may.
        let mut half = path.clone().into_os_string();
        half.push(".new");
        let _ = fs::remove_file(&half);
        let listener = UnixListener::bind(&half)?.into_std()?;
        fs::set_permissions(&half, Permissions::from_mode(mode))?;
        fs::rename(&half, &path)?;
        let file = Some(Arc::new(SocketFile(path.clone())));
        Ok(Listener::of(Bound::Unix {
            listener,
            path,
            file,
        }))
    }

    /// A socket that listens already, handed over by whoever started the program. A Unix socket's file stays when the
    /// listener goes: it is theirs.
    ///
    /// # Errors
    ///
    /// It is no socket of a kind that can be listened on.
    pub fn from_fd(socket: OwnedFd) -> io::Result<Listener> {
        let tcp = net::TcpListener::from(socket);
        if tcp.local_addr().is_ok() {
            tcp.set_nonblocking(true)?;
            return Ok(Listener::of(Bound::Tcp(tcp)));
        }
        let listener = unix::UnixListener::from(OwnedFd::from(tcp));
        let path = listener.local_addr()?.as_pathname().map(Path::to_owned);
        listener.set_nonblocking(true)?;
        Ok(Listener::of(Bound::Unix {
            listener,
            path: path.unwrap_or_default(),
            file: None,
        }))
    }

    fn of(socket: Bound) -> Listener {
        if let Bound::Tcp(listener) = &socket {
            prepare(listener);
        }
        Listener {
            socket,
            announced: false,
            speaks: Speaks::Plain,
        }
    }

    /// Speaks TLS, and nothing else; and reads the certificates anew whenever their files change.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Listener {
        self.speaks = Speaks::Tls(tls);
        self
    }

    /// Sends each client to the same address by TLS, at this port (308), and serves nothing.
    #[must_use]
    pub fn redirect_to_tls(mut self, port: u16) -> Listener {
        self.speaks = Speaks::Redirect(port);
        self
    }

    /// Whether each connection begins with a header of the PROXY protocol, version 1 or 2, that says who the client is. It
    /// is believed of the host's `trusted_proxies` only; whoever else connects, or sends no such header, is cut off.
    #[must_use]
    pub fn proxy_protocol(mut self, announced: bool) -> Listener {
        self.announced = announced;
        self
    }

    /// Says where the file of a Unix socket is, and that it goes when the listener does: for one that was handed over with
    /// it. (The system tells only the name under which it was made.)
    #[must_use]
    pub fn owning(mut self, socket_file: impl Into<PathBuf>) -> Listener {
        if let Bound::Unix { path, file, .. } = &mut self.socket {
            *path = socket_file.into();
            *file = Some(Arc::new(SocketFile(path.clone())));
        }
        self
    }

    /// The same socket once more: as long as one of the two is there, clients may connect.
    ///
    /// # Errors
    ///
    /// This program has too many files open.
    pub fn try_clone(&self) -> io::Result<Listener> {
        let socket = match &self.socket {
            Bound::Tcp(listener) => Bound::Tcp(listener.try_clone()?),
            Bound::Unix {
                listener,
                path,
                file,
            } => Bound::Unix {
                listener: listener.try_clone()?,
                path: path.clone(),
                file: file.clone(),
            },
        };
        Ok(Listener {
            socket,
            announced: self.announced,
            speaks: self.speaks.clone(),
        })
    }

    /// The address that is bound; none for a Unix socket.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &self.socket {
            Bound::Tcp(listener) => listener.local_addr().ok(),
            Bound::Unix { .. } => None,
        }
    }

    /// Begins to take connections, on the runtime that this is called on.
    pub(super) fn open(self) -> io::Result<Door> {
        let Listener {
            announced, speaks, ..
        } = self;
        let open = match self.socket {
            Bound::Tcp(listener) => Open::Tcp(TcpListener::from_std(listener)?),
            Bound::Unix { listener, file, .. } => Open::Unix {
                listener: UnixListener::from_std(listener)?,
                _file: file,
            },
        };
        Ok(Door {
            open,
            announced,
            speaks,
        })
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Bound::Tcp(listener) => listener.as_fd(),
            Bound::Unix { listener, .. } => listener.as_fd(),
        }
    }
}

/// `127.0.0.1:8000`, or `unix:/run/switchback.sock`.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            Bound::Tcp(listener) => match listener.local_addr() {
                Ok(address) => address.fmt(f),
                Err(_) => f.write_str("an address that the system does not tell"),
            },
            Bound::Unix { path, .. } => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A listener that takes connections.
#[derive(Debug)]
pub(super) struct Door {
    open: Open,
    announced: bool,
    speaks: Speaks,
}

#[derive(Debug)]
enum Open {
    Tcp(TcpListener),
    Unix {
        listener: UnixListener,
        _file: Option<Arc<SocketFile>>,
    },
}

impl Door {
    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        let (socket, peer) = match &self.open {
            Open::Tcp(listener) => {
                let (stream, peer) = ready!(listener.poll_accept(cx))?;
                (Socket::Left(stream), Some(Peer(peer)))
            }
            Open::Unix { listener, .. } => {
                (Socket::Right(ready!(listener.poll_accept(cx))?.0), None)
            }
        };
        Poll::Ready(Ok(Accepted {
            socket,
            peer,
            announced: self.announced,
            speaks: self.speaks.clone(),
            place: None,
        }))
    }

    /// What TLS is spoken with, if it is.
    pub(super) fn spoken_tls(&self) -> Option<Tls> {
        match &self.speaks {
            Speaks::Tls(tls) => Some(tls.clone()),
            Speaks::Plain | Speaks::Redirect(_) => None,
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A port whose connections of before have not all been forgotten can be bound.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What each connection that is accepted has from its listener. A system that does not know it does without.
fn prepare(listener: &net::TcpListener) {
    let option = |option, value: libc::c_int| {
        #[allow(unsafe_code)]
        // SAFETY: the socket is open, and the value is there for the call, and as long as is said.
        unsafe {
            let value = (&raw const value).cast();
            let length = size_of::<libc::c_int>() as libc::socklen_t;
            libc::setsockopt(
                listener.as_raw_fd(),
                libc::IPPROTO_TCP,
                option,
                value,
                length,
            )
        }
    };
    // An answer is one write: there is nothing to wait for and put together.
    option(libc::TCP_NODELAY, 1);
    #[cfg(target_os = "linux")]
    option(libc::TCP_NOTSENT_LOWAT, UNSENT);
}

/// Whether a socket can be made there: nothing is, or what is left of one that nobody listens at.
fn is_free(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(why) => return Err(why),
        Ok(there) if !there.file_type().is_socket() => {
            let what = "something is there that is no socket";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
        }
        Ok(_) => {}
    }
    match unix::UnixStream::connect(path) {
        Err(why) if why.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Ok(_) | Err(_) => Err(io::ErrorKind::AddrInUse.into()),
    }
}
