//! `switchback serve`: bind, load the folder, serve, and stop when told.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use switchback::{Admin, AdminServer, Config, Folder, Host, Server};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::settings::{Serve, Wrong};
use crate::{logging, say};

/// Where the state is unless the configuration says otherwise: in the plugins folder, whose plugins' past it is.
pub(crate) const STATE: &str = ".switchback";
/// In it, where the operator's commands reach the host.
pub(crate) const SOCKET: &str = "admin.sock";

pub(crate) async fn serve(mut config: Config, settings: Serve) -> Result<ExitCode, Wrong> {
    logging::start(&settings)?;
    let state = config.host.state_dir.take();
    let state = state.unwrap_or_else(|| settings.plugins.join(STATE));
    // An empty one is none.
    config.host.state_dir = Some(state).filter(|dir| !dir.as_os_str().is_empty());
    let state_dir = config.host.state_dir.clone();
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

    let admin = admin(&host, state_dir.as_deref(), &settings).await?;
    for (listener, admin) in admin {
        tokio::spawn(listener.run(admin, stop.clone().cancelled_owned()));
    }

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

/// The operator's listeners: a socket in the state folder, and the address that is set.
async fn admin(
    host: &Host,
    state_dir: Option<&Path>,
    settings: &Serve,
) -> Result<Vec<(AdminServer, Admin)>, Wrong> {
    let mut listeners = Vec::new();
    if let Some(socket) = state_dir.map(|dir| dir.join(SOCKET)) {
        match AdminServer::bind_unix(&socket).await {
            Ok(listener) => listeners.push((listener, Admin::new(host.clone(), None))),
            Err(error) => {
                tracing::warn!(socket = %socket.display(), %error, "no socket for the operator's commands")
            }
        }
    }
    if settings.admin.is_empty() {
        return Ok(listeners);
    }
    let token = token(&settings.admin_token_file)?;
    let wrong = |why: String| Wrong(vec![format!("`serve.admin`: {why}")]);
    let address: SocketAddr = match settings.admin.parse() {
        Ok(address) => address,
        Err(_) => {
            return Err(wrong(format!(
                "`{}` is no address to listen on; write it like 127.0.0.1:8001",
                settings.admin
            )));
        }
    };
    if !address.ip().is_loopback() && token.is_none() {
        return Err(wrong(format!(
            "{address} can be reached by others, who could change everything: set `serve.admin_token_file`, or listen on \
             127.0.0.1"
        )));
    }
    let listener = AdminServer::bind(address).await;
    let listener = listener.map_err(|why| wrong(cannot_bind(&settings.admin, &why)))?;
    if let Some(bound) = listener.local_addr() {
        say(
            &mut io::stdout(),
            &format!("the operator's side is on http://{bound}"),
        );
    }
    listeners.push((listener, Admin::new(host.clone(), token)));
    Ok(listeners)
}

/// The token in a file; none if none is named.
fn token(file: &str) -> Result<Option<String>, Wrong> {
    if file.is_empty() {
        return Ok(None);
    }
    let wrong = |why: String| Wrong(vec![format!("`serve.admin_token_file`: `{file}` {why}")]);
    let text =
        std::fs::read_to_string(file).map_err(|why| wrong(format!("cannot be read: {why}")))?;
    match text.trim() {
        short if short.len() < 16 => Err(wrong(
            "has fewer than 16 characters, which can be guessed".into(),
        )),
        token => Ok(Some(token.to_owned())),
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
