//! The operator's listener: a socket of this user, or an address of this machine.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::task::JoinSet;

use super::listener::Listener;
use super::socket::Socket;
use crate::admin::Admin;

/// What a client may take for a request's head.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Connections at once: an operator has a few, and pages that are open one each.
const CONNECTIONS: usize = 256;

/// A bound listener for an [`Admin`].
#[derive(Debug)]
pub struct AdminServer(Listener);

impl AdminServer {
    /// Binds an address; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// The address is taken, is not this machine's, or may not be bound by this user.
    pub async fn bind(address: SocketAddr) -> io::Result<AdminServer> {
        Listener::bind(address).await.map(AdminServer)
    }

    /// Makes a Unix socket that only this user may connect to. One that is left from before is replaced.
    ///
    /// # Errors
    ///
    /// Someone listens there, the path is too long for a socket (107 bytes), or its folder cannot be written.
    pub async fn bind_unix(path: &Path) -> io::Result<AdminServer> {
        Listener::bind_unix(path, 0o600).map(AdminServer)
    }

    /// The address that is bound; none for a Unix socket.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves until `shutdown` is ready, then closes what is open.
    pub async fn run(self, admin: Admin, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let mut open = JoinSet::new();
        let door = match self.0.open() {
            Ok(door) => door,
            Err(error) => {
                tracing::error!(%error, "the operator's listener cannot be waited for");
                return;
            }
        };
        loop {
            let has_room = open.len() < CONNECTIONS;
            tokio::select! {
                () = &mut shutdown => return,
                Some(_) = open.join_next() => {}
                accepted = poll_fn(|cx| door.poll_accept(cx)), if has_room => match accepted {
                    Ok(accepted) => {
                        open.spawn(serve(accepted.socket, admin.clone()));
                    }
                    Err(error) => {
                        tracing::debug!(%error, "the operator's listener accepts nothing for now");
                        tokio::time::sleep(super::ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }
}

async fn serve(stream: Socket, admin: Admin) {
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
