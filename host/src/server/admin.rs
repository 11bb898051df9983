//! The operator's listener: a socket of this user, or an address of this machine.

use std::convert::Infallible;
use std::fs::{self, Permissions};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::task::JoinSet;

use crate::admin::Admin;

/// What a client may take for a request's head.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Connections at once: an operator has a few, and pages that are open one each.
const CONNECTIONS: usize = 256;

/// A bound listener for an [`Admin`].
#[derive(Debug)]
pub struct AdminServer(Listener);

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    /// Its file goes when the listener does.
    Unix {
        listener: UnixListener,
        _file: SocketFile,
    },
}

#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl AdminServer {
    /// Binds an address; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// The address is taken, is not this machine's, or may not be bound by this user.
    pub async fn bind(address: SocketAddr) -> io::Result<AdminServer> {
        let listener = TcpListener::bind(address).await?;
        Ok(AdminServer(Listener::Tcp(listener)))
    }

    /// Makes a Unix socket that only this user may connect to. One that is left from before is replaced.
    ///
    /// # Errors
    ///
    /// Someone listens there, the path is too long for a socket (107 bytes), or its folder cannot be written.
    pub async fn bind_unix(path: &Path) -> io::Result<AdminServer> {
        if UnixStream::connect(path).await.is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        // Others can connect only once it has its name, and then may not.
        let half = path.with_extension("new");
        let _ = fs::remove_file(&half);
        let listener = UnixListener::bind(&half)?;
        fs::set_permissions(&half, Permissions::from_mode(0o600))?;
        fs::rename(&half, path)?;
        let file = SocketFile(path.to_owned());
        Ok(AdminServer(Listener::Unix {
            listener,
            _file: file,
        }))
    }

    /// The address that is bound; none for a Unix socket.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &self.0 {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            Listener::Unix { .. } => None,
        }
    }

    /// Serves until `shutdown` is ready, then closes what is open.
    pub async fn run(self, admin: Admin, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let mut open = JoinSet::new();
        loop {
            let has_room = open.len() < CONNECTIONS;
            tokio::select! {
                () = &mut shutdown => return,
                Some(_) = open.join_next() => {}
                accepted = self.accept(&admin), if has_room => match accepted {
                    Ok(connection) => {
                        open.spawn(connection);
                    }
                    Err(error) => {
                        tracing::debug!(%error, "the operator's listener accepts nothing for now");
                        tokio::time::sleep(super::ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    async fn accept(
        &self,
        admin: &Admin,
    ) -> io::Result<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>> {
        Ok(match &self.0 {
            Listener::Tcp(listener) => Box::pin(serve(listener.accept().await?.0, admin.clone())),
            Listener::Unix { listener, .. } => {
                Box::pin(serve(listener.accept().await?.0, admin.clone()))
            }
        })
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, admin: Admin) {
    let service = service_fn(move |request| {
        let admin = admin.clone();
        async move { Ok::<_, Infallible>(admin.dispatch(request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection of the operator's broke off");
    }
}
