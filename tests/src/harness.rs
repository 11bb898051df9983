//! A host in this process, behind a listener on a port of the system's choice.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use switchback::{Config, Deployed, Error, Event, Events, Host, Server};
use tokio_util::sync::CancellationToken;

use crate::Client;

/// A host that serves. Dropping it ends the server.
#[derive(Debug)]
pub struct Harness {
    /// The host.
    pub host: Host,
    /// Where it listens.
    pub address: SocketAddr,
    stop: CancellationToken,
}

/// How long an event may take that a test waits for. Only a failing test waits that long.
pub const PATIENCE: Duration = Duration::from_secs(30);

impl Harness {
    /// A host with default settings.
    pub async fn new() -> Harness {
        Harness::with(Config::default()).await
    }

    /// A host with these settings; compiled code is shared among all tests.
    pub async fn with(mut config: Config) -> Harness {
        config.host.cache_dir.get_or_insert_with(cache);
        Harness::of(Host::new(config).expect("settings that can be used")).await
    }

    /// A host of the test's own.
    pub async fn of(host: Host) -> Harness {
        let server = Server::bind("127.0.0.1:0").await.expect("a free port");
        Harness::by(host, server)
    }

    /// A host behind a listener of the test's own.
    pub fn by(host: Host, server: Server) -> Harness {
        let address = server.local_addr().expect("its address");
        let stop = CancellationToken::new();
        tokio::spawn(server.run(host.clone(), stop.clone().cancelled_owned()));
        host.set_ready(true);
        Harness {
            host,
            address,
            stop,
        }
    }

    /// A connection of its own.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Serves a component.
    pub async fn deploy(&self, name: &str, bytes: Vec<u8>) -> Result<Deployed, Error> {
        self.host.deploy(name, bytes).await
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Where all tests keep compiled code.
pub fn cache() -> PathBuf {
    target().join("test-cache")
}

/// The build's own folder.
pub fn target() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows itself");
    // target/PROFILE/deps/it-…
    test.ancestors()
        .nth(3)
        .expect("tests are built into target/PROFILE/deps")
        .to_owned()
}

/// Waits for an event that fits, and hands it out.
pub async fn event(events: &mut Events, fits: impl Fn(&Event) -> bool) -> Event {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            let event = events.recv().await.expect("the host lives");
            if fits(&event) {
                return event;
            }
        }
    });
    waited.await.expect("the event comes")
}

/// Asks again and again until something is so; for what has no event.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
