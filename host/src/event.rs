//! What happened: logs, metrics and pages listen.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use crate::limit::Limit;
use crate::replay::ReplayVerdict;

/// Something that happened to a host. New kinds may come.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A revision began to serve.
    Deployed {
        /// The plugin.
        plugin: Arc<str>,
        /// Its new revision.
        revision: u64,
        /// The set of plugins as a whole, counted.
        generation: u64,
    },
    /// A revision did worse than the one before it, and the host went back by itself; told before the revision that does so is
    /// [`Event::Deployed`].
    WentBack {
        /// The plugin.
        plugin: Arc<str>,
        /// The revision that did worse.
        from: u64,
        /// The revision whose component serves again.
        to: u64,
        /// In words: what was worse, and how it was before.
        reason: String,
    },
    /// A revision's probation is over: it does no worse than the one before.
    Proven {
        /// The plugin.
        plugin: Arc<str>,
        /// Its revision.
        revision: u64,
    },
    /// A candidate is tried beside what serves, or gets other requests now.
    Tried {
        /// The plugin.
        plugin: Arc<str>,
        /// The candidate.
        revision: u64,
        /// The part of requests that it gets, or in shadow of copies.
        percent: f64,
    },
    /// A candidate serves no more: it was withdrawn, by the operator or because it did worse than what serves.
    Withdrawn {
        /// The plugin.
        plugin: Arc<str>,
        /// The candidate.
        revision: u64,
        /// In words: what was worse, or that it was withdrawn.
        reason: String,
    },
    /// A candidate answered otherwise than what serves did, in shadow.
    Differs {
        /// The plugin.
        plugin: Arc<str>,
        /// The candidate.
        revision: u64,
        /// The path and query that were asked for.
        uri: String,
        /// Where in a JSON answer, as a JSON pointer; empty for the whole.
        pointer: String,
        /// What it is in both, shortened.
        what: String,
    },
    /// A plugin is not served any more until it is enabled.
    Disabled {
        /// The plugin.
        plugin: Arc<str>,
        /// The set of plugins as a whole, counted.
        generation: u64,
    },
    /// A change was refused; what was served before still is.
    Refused {
        /// The plugin.
        plugin: Arc<str>,
        /// Why, in a sentence.
        reason: String,
    },
    /// A plugin is not served any more.
    Removed {
        /// The plugin.
        plugin: Arc<str>,
        /// The set of plugins as a whole, counted.
        generation: u64,
    },
    /// The last call of an old revision is over; it is freed.
    Drained {
        /// The plugin.
        plugin: Arc<str>,
        /// The revision that is gone.
        revision: u64,
    },
    /// An old revision still had calls when its time to drain was over: they were cut.
    Cut {
        /// The plugin.
        plugin: Arc<str>,
        /// The revision that had to go.
        revision: u64,
    },
    /// `on-stop` of an instance that ends failed, or was not done in its time.
    StopFailed {
        /// The plugin.
        plugin: Arc<str>,
        /// Its revision; 0 if it was refused, and never was one.
        revision: u64,
        /// In words.
        reason: String,
    },
    /// A call ran into a limit.
    LimitHit {
        /// The plugin.
        plugin: Arc<str>,
        /// The operation that was called.
        operation: String,
        /// Which limit.
        limit: Limit,
        /// What it was set to, in the unit that its name says.
        value: u64,
    },
    /// A guest trapped, or answered what no answer may be.
    Failed {
        /// The plugin.
        plugin: Arc<str>,
        /// The operation that was called.
        operation: String,
        /// For the operator, never for the client.
        reason: String,
        /// What the call had computed by then.
        computed: Duration,
    },
    /// A guest's answer is not what its contract says, as far as answers are held against it (`answers`).
    OffContract {
        /// The plugin.
        plugin: Arc<str>,
        /// The operation that was called.
        operation: String,
        /// The answer's status.
        status: u16,
        /// Where in the body, as a JSON pointer, empty for the whole; none if status or headers are wrong.
        pointer: Option<String>,
        /// What is wrong, in words.
        what: String,
        /// Whether the client was answered 500 instead.
        refused: bool,
    },
    /// A call that went wrong by its plugin's doing is kept, as [`Host::faults`](crate::Host::faults) tells it.
    FaultKept {
        /// The plugin.
        plugin: Arc<str>,
        /// Its revision.
        revision: u64,
        /// The operation that was called.
        operation: String,
        /// By which the fault is known.
        fault: u64,
        /// What went wrong, in words.
        cause: String,
    },
    /// A fault was replayed.
    Replayed {
        /// The plugin.
        plugin: Arc<str>,
        /// The fault.
        fault: u64,
        /// What it was replayed against, in words.
        against: String,
        /// What came of it.
        verdict: ReplayVerdict,
    },
    /// A streamed answer ended before its guest was done: its client has gone, a limit was hit (told as
    /// [`Event::LimitHit`] too), the guest failed (told as [`Event::Failed`] too), or its revision had to be gone.
    StreamBroken {
        /// The plugin.
        plugin: Arc<str>,
        /// The operation that was called.
        operation: String,
        /// What the guest had written by then.
        bytes: u64,
        /// How long ago its head was sent.
        lasted: Duration,
        /// For the operator.
        reason: String,
    },
    /// A client asked more often than `host.rate_requests` allows, and was answered 429. (Of a plugin's own limit an
    /// [`Event::LimitHit`] tells.)
    TooOften {
        /// The client; none where it has no address, as over a Unix socket.
        peer: Option<SocketAddr>,
    },
    /// A client took nothing of its answer for `host.write_idle_ms`, or was not done with it after `request_ms`: the server
    /// reset its connection, or over HTTP/2 its stream.
    Unread {
        /// The client; none where it has no address, as over a Unix socket.
        peer: Option<SocketAddr>,
    },
}

impl Event {
    /// What it is called in metrics and in the operator's stream of events.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Event::Deployed { .. } => "deployed",
            Event::WentBack { .. } => "went-back",
            Event::Proven { .. } => "proven",
            Event::Tried { .. } => "tried",
            Event::Withdrawn { .. } => "withdrawn",
            Event::Differs { .. } => "differs",
            Event::Disabled { .. } => "disabled",
            Event::Refused { .. } => "refused",
            Event::Removed { .. } => "removed",
            Event::Drained { .. } => "drained",
            Event::Cut { .. } => "cut",
            Event::StopFailed { .. } => "stop-failed",
            Event::LimitHit { .. } => "limit-hit",
            Event::Failed { .. } => "failed",
            Event::OffContract { .. } => "off-contract",
            Event::StreamBroken { .. } => "stream-broken",
            Event::FaultKept { .. } => "fault-kept",
            Event::Replayed { .. } => "replayed",
            Event::TooOften { .. } => "too-often",
            Event::Unread { .. } => "unread",
        }
    }
}

/// The events of a host from the moment it was asked for them. Whoever is slow loses the oldest.
#[derive(Debug)]
pub struct Events(pub(crate) broadcast::Receiver<Event>);

impl Events {
    /// The next event; none when the host is gone.
    pub async fn recv(&mut self) -> Option<Event> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
