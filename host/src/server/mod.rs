//! Listeners in front of a [`Host`]: accept, serve each connection, and stop without breaking off what is under way.

mod admin;
mod attended;
mod certificates;
mod connection;
mod connections;
mod crowd;
mod flood;
mod http1;
mod http2;
mod lawful;
mod linger;
mod listener;
mod patience;
mod pieces;
mod proxied;
mod refusals;
mod request_line;
mod socket;
mod streams;
mod threads;
mod tls;

use std::future::{Future, pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::ToSocketAddrs;
use tokio::time::sleep;

pub use self::admin::AdminServer;
use self::connections::Connections;
use self::crowd::Crowd;
use self::listener::Door;
pub use self::listener::Listener;
use self::socket::Accepted;
use self::threads::Threads;
pub use self::tls::{Tls, TlsFiles};
use crate::host::Host;

/// How long to wait after the machine could not accept a connection: it is out of something that others must give back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bound listeners that serve a host over HTTP/1.1, and with TLS over HTTP/2 as well. What their clients may take is in
/// [`Config::connections`](crate::Config::connections).
#[derive(Debug)]
pub struct Server {
    listeners: Vec<Listener>,
    drain: Duration,
    threads: usize,
}

impl Server {
    /// Serves what comes by these listeners.
    pub fn new(listeners: Vec<Listener>) -> Server {
        Server {
            listeners,
            drain: Duration::from_secs(30),
            threads: 0,
        }
    }

    /// Binds an address; port 0 takes a free one. Clients may connect from now on, and wait until [`Server::run`].
    ///
    /// # Errors
    ///
    /// The address is taken, is not this machine's, or may not be bound by this user.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Server> {
        Ok(Server::new(vec![Listener::bind(address).await?]))
    }

    /// How long requests that are under way at the end may take to finish; 30 s unless said.
    pub fn drain(mut self, drain: Duration) -> Server {
        self.drain = drain;
        self
    }

    /// Threads that serve, each with a runtime and its connections to itself; 0, unless said: the runtime that runs
    /// the server serves as well. One a core is quickest, if nothing else needs the cores.
    pub fn threads(mut self, threads: usize) -> Server {
        self.threads = threads;
        self
    }

    /// Speaks TLS at all of its listeners; [`Listener::tls`] is for one of them.
    pub fn tls(mut self, tls: Tls) -> Server {
        let each = std::iter::repeat_n(tls, self.listeners.len());
        let listeners = self.listeners.into_iter().zip(each);
        self.listeners = listeners.map(|(listener, tls)| listener.tls(tls)).collect();
        self
    }

    /// The address that is bound, the first of several.
    ///
    /// # Errors
    ///
    /// There is none but Unix sockets.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let bound = self.listeners.iter().find_map(Listener::local_addr);
        bound.ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }

    /// Serves until `shutdown` is ready. Then nothing new is accepted, connections at rest are closed, requests under
    /// way get their answers, and what still runs after the time to drain is cut: the connections of which that is so are
    /// counted. The host goes on and may be served again.
    pub async fn run(self, host: Host, shutdown: impl Future<Output = ()>) -> usize {
        let Server {
            listeners,
            drain,
            threads,
        } = self;
        let mut doors = Vec::new();
        for listener in listeners {
            let at = listener.to_string();
            match listener.open() {
                Ok(door) => doors.push(door),
                Err(error) => tracing::error!(at, %error, "nobody is served here"),
            }
        }
        let mut shutdown = pin!(shutdown);
        let mut followed = pin!(follow(doors.iter().filter_map(Door::spoken_tls).collect()));
        let crowd = Arc::<Crowd>::default();
        let mut serving = Serving::start(threads, &host, drain);
        let mut accepting = true;
        let mut turn = 0;
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                () = serving.tidy() => {}
                () = &mut followed => {}
                accepted = accept(&doors, &mut turn) => match accepted {
                    Ok(mut accepted) => {
                        accepting = true;
                        accepted.place = crowd.enter(accepted.peer, &host);
                        if accepted.place.is_some() {
                            serving.serve(accepted, &host);
                        }
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
        drop(doors);
        serving.finish(drain).await
    }
}

/// Looks after certificates that change; never done.
async fn follow(mut all: Vec<Tls>) {
    all.dedup_by(|one, other| one.is(other));
    let mut following: FuturesUnordered<_> = all.iter().map(Tls::follow).collect();
    while following.next().await.is_some() {}
    pending().await
}

/// The next connection, by whichever door. The doors take turns: one at which many come keeps no other waiting.
async fn accept(doors: &[Door], turn: &mut usize) -> io::Result<Accepted> {
    poll_fn(|cx| {
        for _ in doors {
            *turn = (*turn + 1) % doors.len();
            if let Poll::Ready(accepted) = doors[*turn].poll_accept(cx) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await
}

/// Who serves the connections that are accepted.
enum Serving {
    /// The runtime that runs the server.
    Here(Connections),
    Threads(Threads),
}

impl Serving {
    fn start(threads: usize, host: &Host, drain: Duration) -> Serving {
        if threads > 0 {
            match Threads::start(threads, host, drain) {
                Ok(threads) => return Serving::Threads(threads),
                Err(error) => {
                    tracing::error!(%error, "no threads of its own for the server: serving without")
                }
            }
        }
        Serving::Here(Connections::default())
    }

    fn serve(&mut self, accepted: Accepted, host: &Host) {
        match self {
            Serving::Here(connections) => connections.serve(accepted, host),
            Serving::Threads(threads) => threads.serve(accepted),
        }
    }

    /// Looks after the connections that are over; never done.
    async fn tidy(&mut self) {
        if let Serving::Here(connections) = self {
            while connections.ended().await.is_some() {}
        }
        pending().await
    }

    async fn finish(self, drain: Duration) -> usize {
        match self {
            Serving::Here(connections) => connections.finish(drain).await,
            Serving::Threads(threads) => threads.finish().await,
        }
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
