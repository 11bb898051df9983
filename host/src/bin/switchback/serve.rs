//! `switchback serve`: bind, load the folder, serve, and stop when told.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use switchback::{Config, Folder, Host, Server};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::settings::{Serve, Wrong};
use crate::{logging, say};

/// Where the state is unless the configuration says otherwise: in the plugins folder, whose plugins' past it is.
const STATE: &str = ".switchback";

pub(crate) async fn serve(mut config: Config, settings: Serve) -> Result<ExitCode, Wrong> {
    logging::start(&settings)?;
    let state = config.host.state_dir.take();
    let state = state.unwrap_or_else(|| settings.plugins.join(STATE));
    // An empty one is none.
    config.host.state_dir = Some(state).filter(|dir| !dir.as_os_str().is_empty());
    let stop = CancellationToken::new();
    tokio::spawn(Signals::listen()?.obey(stop.clone()));
    take_all_files();

    let (server, bound) = bind(&settings.listen).await?;
    let mut folder = Folder::open(&settings.plugins, &config)?;
    let drain = Duration::from_millis(config.limits.drain_ms);
    let host = Host::new(config)?;
    let threads = match settings.threads {
        0 => std::thread::available_parallelism().map_or(1, |cores| cores.get()),
        threads => threads,
    };

    // From here on `/-/live` answers, and `/-/ready` says that it is not time yet.
    let server = tokio::spawn(
        server
            .drain(drain)
            .threads(threads)
            .run(host.clone(), stop.clone().cancelled_owned()),
    );
    let scan = tokio::select! {
        scan = folder.scan(&host) => Some(scan),
        () = stop.cancelled() => None,
    };
    if let Some(scan) = scan {
        if settings.strict && !scan.refused.is_empty() {
            host.shutdown().await;
            return Err(Wrong(scan.refused));
        }
        host.set_ready(true);
        say(&mut io::stdout(), &format!("listening on http://{bound}"));
        if host.plugins().is_empty() {
            tracing::warn!(
                "nothing is served yet: put a component into {}",
                settings.plugins.display()
            );
        }
        folder.watch(&host, stop.cancelled()).await;
    }
    host.set_ready(false);
    tracing::info!(
        "stopping: requests under way may finish (a second signal does not wait for them)"
    );
    let ended = server.await;
    host.shutdown().await;
    match ended {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(why) => Err(Wrong(vec![format!("the server ended by a defect: {why}")])),
    }
}

/// Each connection is an open file, and many systems start programs with a soft limit of 1,024 of them for the sake of some
/// that know no better: takes as many as the hard limit lets it.
fn take_all_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit on open files stays as it is");
    }
}

/// Listens; says where, since port 0 takes a free one.
pub(crate) async fn bind(address: &str) -> Result<(Server, SocketAddr), Wrong> {
    let wrong = |why: io::Error| Wrong(vec![cannot_bind(address, &why)]);
    let server = Server::bind(address).await.map_err(wrong)?;
    let bound = server.local_addr().map_err(wrong)?;
    Ok((server, bound))
}

/// What tells the program to stop.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Signals, Wrong> {
        let wrong = |why: io::Error| Wrong(vec![format!("signals cannot be received: {why}")]);
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt()).map_err(wrong)?,
            terminate: signal(SignalKind::terminate()).map_err(wrong)?,
        })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// The first signal asks to stop, the second does it.
    pub(crate) async fn obey(mut self, stop: CancellationToken) {
        self.next().await;
        stop.cancel();
        self.next().await;
        std::process::exit(130);
    }
}

fn cannot_bind(address: &str, why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "{address} is taken by another program; stop it, or choose another with --listen (port 0 takes a free one)"
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "{address} may not be bound by this user; ports below 1024 often may not, choose another with --listen"
            )
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{address} is no address of this machine; choose another with --listen")
        }
        io::ErrorKind::InvalidInput => {
            format!("`{address}` is no address to listen on; write it like 127.0.0.1:8000")
        }
        _ => format!("cannot listen on {address}: {why}"),
    }
}
