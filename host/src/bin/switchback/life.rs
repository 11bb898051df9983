//! What is asked of the program while it runs, by signals, and what it tells its service manager.

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::doors::{Door, become_program};
use crate::settings::Wrong;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// SIGTERM, or Ctrl-C.
    Stop,
    /// SIGHUP: read the configuration again.
    Reload,
    /// SIGUSR2: become the program that lies where this one was started from, with the sockets that are open.
    Restart,
}

/// How the program goes on after it has served.
pub(crate) enum End {
    Exit(ExitCode),
    /// As its own successor, which gets these.
    Again(Vec<Door>),
}

/// The signals that are obeyed. As soon as they are listened to, none of them ends the program by itself.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    user: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Signals, Wrong> {
        let listen = |kind| {
            signal(kind).map_err(|why| Wrong(vec![format!("signals cannot be received: {why}")]))
        };
        Ok(Signals {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
            user: listen(SignalKind::user_defined2())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.hangup.recv() => Asked::Reload,
            _ = self.user.recv() => Asked::Restart,
        }
    }

    /// For a program that can only be stopped: the first signal asks for it, the second does it. That its terminal is gone
    /// is one.
    pub(crate) async fn obey(mut self, stop: CancellationToken) {
        self.stop().await;
        stop.cancel();
        self.stop().await;
        exit_at_once();
    }

    /// Waits until it is to stop.
    pub(crate) async fn stop(&mut self) {
        while self.next().await == Asked::Restart {}
    }
}

/// Told twice to stop.
pub(crate) fn exit_at_once() -> ! {
    std::process::exit(130)
}

/// Tells the service manager, if there is one that wants to know.
pub(crate) fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager cannot be told");
    }
}

/// Something begins after which [`NotifyState::Ready`] is told again.
pub(crate) fn tell_reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// Tells a watchdog that the program lives, as often as it wants to know twice.
pub(crate) async fn assure_watchdog() {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut ticks = tokio::time::interval((patience / 2).max(Duration::from_millis(10)));
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

/// Whether this program can be started anew: it lies where it lay, and finds its settings good.
///
/// # Errors
///
/// What it says.
pub(crate) async fn can_restart() -> Result<(), String> {
    let mut config = tokio::process::Command::from(itself("config"));
    config
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    let done = config.output().await;
    let done = done.map_err(|why| format!("{}: {why}", name().to_string_lossy()))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()),
    }
}

/// Starts this program anew, in this process: its id stays, and so does whoever waits for it.
pub(crate) fn restart(doors: &[Door]) -> io::Error {
    let mut program = itself("serve");
    // They are passed on in another way.
    program.env_remove("LISTEN_FDS");
    become_program(program, doors)
}

/// This program with its own arguments, and another command for `serve`.
fn itself(command: &str) -> Command {
    let mut program = Command::new(name());
    program.arg(command).args(std::env::args_os().skip(2));
    program
}

/// As it was called, so that a new one in its place is found.
fn name() -> OsString {
    std::env::args_os()
        .next()
        .unwrap_or_else(|| "switchback".into())
}
