//! A listener in front of a [`Host`]: accept, serve each connection, and stop without breaking off what is under way.

mod connection;
mod linger;
mod patience;

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::oneshot;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};

use crate::host::Host;
use crate::identity::Peer;

/// How long to wait after the machine could not accept a connection: it is out of something that others must give back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound listener that serves a host over HTTP/1.1.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    drain: Duration,
}

impl Server {
    /// Binds an address; port 0 takes a free one. Clients may connect from now on, and wait until [`Server::run`].
    ///
    /// # Errors
    ///
    /// The address is taken, is not this machine's, or may not be bound by this user.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Server> {
        Ok(Server {
            listener: TcpListener::bind(address).await?,
            drain: Duration::from_secs(30),
        })
    }

    /// How long requests that are under way at the end may take to finish; 30 s unless said.
    pub fn drain(mut self, drain: Duration) -> Server {
        self.drain = drain;
        self
    }

    /// The address that is bound.
    ///
    /// # Errors
    ///
    /// The operating system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` is ready. Then nothing new is accepted, connections at rest are closed, requests under
    /// way get their answers, and what still runs after the time to drain is cut. The host goes on and may be served
    /// again.
    pub async fn run(self, host: Host, shutdown: impl Future<Output = ()>) {
        let Server { listener, drain } = self;
        let mut shutdown = pin!(shutdown);
        let mut connections = Connections::default();
        let mut accepting = true;
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = connections.tasks.join_next_with_id() => connections.forget(ended),
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        accepting = true;
                        connections.serve(stream, Peer(peer), &host);
                    }
                    Err(error) if is_about_the_client(&error) => {}
                    Err(error) => {
                        if accepting {
                            tracing::error!(%error, "no connection can be accepted; trying on (is the limit of open files too low?)");
                        }
                        accepting = false;
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        connections.finish(drain).await;
    }
}

/// The connections that are open: all tasks of the server are owned here.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    /// Dropping a connection's sender tells it to end after the request under way.
    goodbyes: HashMap<Id, oneshot::Sender<()>>,
}

impl Connections {
    fn serve(&mut self, stream: TcpStream, peer: Peer, host: &Host) {
        let (goodbye, told) = oneshot::channel();
        let task = self
            .tasks
            .spawn(connection::serve(stream, peer, host.clone(), told));
        self.goodbyes.insert(task.id(), goodbye);
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.goodbyes.remove(&id);
        if let Err(error) = ended
            && error.is_panic()
        {
            tracing::error!(%error, "a connection was lost to a defect of the host; please report it");
        }
    }

    async fn finish(mut self, drain: Duration) {
        let deadline = Instant::now() + drain;
        self.goodbyes.clear();
        while let Ok(ended) = timeout_at(deadline, self.tasks.join_next_with_id()).await {
            match ended {
                Some(ended) => self.forget(ended),
                None => return,
            }
        }
        tracing::warn!(
            connections = self.tasks.len(),
            "the time to finish is over: open connections are cut"
        );
        self.tasks.shutdown().await;
    }
}

/// The client went away before it was accepted: nothing is wrong here.
fn is_about_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}
