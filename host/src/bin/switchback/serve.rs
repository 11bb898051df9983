//! `switchback serve`: bind, load the folder, serve, and do what signals ask for.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use sd_notify::NotifyState;
use switchback::{Admin, AdminServer, Folder, Host, Server};
use tokio_util::sync::CancellationToken;

use crate::doors::{self, Door, cannot_bind};
use crate::life::{self, Asked, End, Signals};
use crate::settings::{Serve, Settings, Wrong};
use crate::{certificate, logging, say};

/// Where the state is unless the configuration says otherwise: in the plugins folder, whose plugins' past it is.
pub(crate) const STATE: &str = ".switchback";
/// In it, where the operator's commands reach the host.
pub(crate) const SOCKET: &str = "admin.sock";

/// Serves by these settings; `again` reads them anew.
pub(crate) async fn serve(
    loaded: Settings,
    again: impl Fn() -> Result<Settings, Wrong> + Send + Sync + 'static,
) -> Result<End, Wrong> {
    let signals = Signals::listen()?;
    let (mut config, settings) = loaded.resolve()?;
    logging::start(&settings)?;
    let state = config.host.state_dir.take();
    let state = state.unwrap_or_else(|| settings.plugins.join(STATE));
    // An empty one is none.
    config.host.state_dir = Some(state).filter(|dir| !dir.as_os_str().is_empty());
    let state_dir = config.host.state_dir.clone();
    take_all_files();

    let tls = certificate::named(&settings)?;
    let doors = doors::open(&settings).await?;
    // Who has passed sockets has clients that wait: they get answers, and no words that it is too early.
    let clients_wait = doors.iter().any(|door| door.was_passed);
    let kept: io::Result<Vec<Door>> = doors.iter().map(Door::keep).collect();
    let kept = kept.map_err(|why| Wrong(vec![format!("a socket cannot be kept: {why}")]))?;
    let mut folder = Folder::open(&settings.plugins, &config)?;
    let drain = Duration::from_millis(config.limits.drain_ms);
    let host = Host::new(config)?;
    let threads = match settings.threads {
        0 => std::thread::available_parallelism().map_or(1, |cores| cores.get()),
        threads => threads,
    };

    let stop = CancellationToken::new();
    let end = Arc::<OnceLock<Asked>>::default();
    let heeding = Heeding {
        host: host.clone(),
        stop: stop.clone(),
        end: end.clone(),
        loaded,
    };
    tokio::spawn(heeding.heed(signals, again));
    tokio::spawn(life::assure_watchdog());
    let admin = admin(&host, state_dir.as_deref(), &settings).await?;
    for (listener, admin) in admin {
        tokio::spawn(listener.run(admin, stop.clone().cancelled_owned()));
    }

    let equipped = doors::equip(doors, tls.as_ref())?;
    let (listeners, addresses): (Vec<_>, Vec<_>) = equipped.into_iter().unzip();
    let server = Server::new(listeners).drain(drain).threads(threads);
    let leave = {
        let (host, stop, end) = (host.clone(), stop.clone(), end.clone());
        let notice = Duration::from_millis(settings.notice_ms);
        async move {
            stop.cancelled().await;
            host.set_ready(false);
            if end.get() == Some(&Asked::Stop) {
                tokio::time::sleep(notice).await;
            }
        }
    };
    let server = server.run(host.clone(), leave);
    let scan = async {
        tokio::select! {
            scan = folder.scan(&host) => Some(scan),
            () = stop.cancelled() => None,
        }
    };
    let (scan, server) = match clients_wait {
        true => (scan.await, tokio::spawn(server)),
        false => {
            // From here on `/-/live` answers, and `/-/ready` says that it is not time yet.
            let server = tokio::spawn(server);
            (scan.await, server)
        }
    };
    if let Some(scan) = scan {
        if settings.strict && !scan.refused.is_empty() {
            host.shutdown().await;
            return Err(Wrong(scan.refused));
        }
        host.set_ready(true);
        for address in addresses {
            say(&mut io::stdout(), &format!("listening on {address}"));
        }
        life::tell(&[NotifyState::Ready]);
        if host.plugins().is_empty() {
            tracing::warn!(
                "nothing is served yet: put a component into {}",
                settings.plugins.display()
            );
        }
        folder.watch(&host, stop.cancelled()).await;
    }
    let restarts = end.get() == Some(&Asked::Restart);
    // The ports are free as soon as nothing new is accepted, unless there is a successor.
    let kept = restarts.then_some(kept);
    match restarts {
        true => life::tell_reloading(),
        false => life::tell(&[NotifyState::Stopping]),
    }
    tracing::info!(
        "stopping: requests under way may finish (a second signal does not wait for them)"
    );
    let ended = server.await;
    host.shutdown().await;
    match ended {
        Ok(0) => tracing::info!("stopped: no request was cut"),
        Ok(requests) => tracing::warn!(
            requests,
            "stopped: requests were cut, since they were not done after {} ms (`limits.drain_ms`)",
            drain.as_millis()
        ),
        Err(why) => return Err(Wrong(vec![format!("the server ended by a defect: {why}")])),
    }
    Ok(match kept {
        Some(doors) => End::Again(doors),
        None => End::Exit(ExitCode::SUCCESS),
    })
}

/// What obeys signals while the host serves.
struct Heeding {
    host: Host,
    stop: CancellationToken,
    /// What the first signal that ends it asked for.
    end: Arc<OnceLock<Asked>>,
    loaded: Settings,
}

impl Heeding {
    async fn heed(self, mut signals: Signals, again: impl Fn() -> Result<Settings, Wrong>) {
        loop {
            match signals.next().await {
                Asked::Stop if self.stop.is_cancelled() => life::exit_at_once(),
                Asked::Stop => self.end(Asked::Stop),
                Asked::Reload | Asked::Restart if self.stop.is_cancelled() => {}
                Asked::Reload => {
                    life::tell_reloading();
                    self.reload(&again).await;
                    life::tell(&[NotifyState::Ready]);
                }
                Asked::Restart => match life::can_restart().await {
                    Ok(()) => self.end(Asked::Restart),
                    Err(why) => tracing::error!("not started anew, and serving on: {why}"),
                },
            }
        }
    }

    fn end(&self, how: Asked) {
        let _ = self.end.set(how);
        self.stop.cancel();
    }

    /// What is wrong leaves all as it was.
    async fn reload(&self, again: impl Fn() -> Result<Settings, Wrong>) {
        let refuse = |why: &str| {
            tracing::error!("the configuration is refused, and the one before it holds: {why}");
        };
        let read = again().and_then(|settings| Ok((settings.resolve()?.0, settings)));
        let (config, settings) = match read {
            Ok(read) => read,
            Err(Wrong(lines)) => return lines.iter().for_each(|line| refuse(line)),
        };
        match self.host.reconfigure(config).await {
            Ok(applied) => {
                let anew = applied.outcomes.iter().filter(|(_, done)| done.is_ok());
                tracing::info!(plugins = anew.count(), "the configuration was read again");
            }
            Err(error) => return refuse(&error.to_string()),
        }
        for change in settings.for_the_next_start(&self.loaded) {
            tracing::warn!("`{change}` holds from the next start on (SIGUSR2 is one)");
        }
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
