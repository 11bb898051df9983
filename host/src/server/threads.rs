//! Threads that serve, each with a runtime and its connections to itself: a request is read, called and answered on
//! one core, and no core waits for another's sockets or queues. What that gains is in docs/benchmarks.md.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::connections::Connections;
use super::socket::{Accepted, Bare};
use crate::host::Host;

/// How often a thread that ends looks whether what its connections left behind is over.
const GLANCE: Duration = Duration::from_millis(5);

/// The threads of a server. Dropped, they end at once and cut what they serve.
pub(super) struct Threads {
    threads: Vec<Thread>,
    /// Each thread tells how many connections it cut: when the last sender is gone, all are over.
    over: mpsc::Receiver<usize>,
    _cut: DropGuard,
}

struct Thread {
    /// Dropping it tells the thread to finish.
    connections: mpsc::UnboundedSender<Accepted<Bare>>,
    /// How many connections it has.
    open: Arc<AtomicUsize>,
}

impl Threads {
    /// # Errors
    ///
    /// The system gives no thread, or no runtime for it.
    pub(super) fn start(count: usize, host: &Host, drain: Duration) -> io::Result<Threads> {
        let (alive, over) = mpsc::channel(count.max(1));
        let cut = CancellationToken::new();
        let start = |_| {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let (connections, arriving) = mpsc::unbounded_channel();
            let open = Arc::<AtomicUsize>::default();
            let (host, count) = (host.clone(), open.clone());
            let (alive, cut) = (alive.clone(), cut.clone());
            std::thread::Builder::new()
                .name("switchback-serve".into())
                .spawn(move || {
                    let served = cut.run_until_cancelled(serve(&host, arriving, &count, drain));
                    let cut = runtime.block_on(served);
                    drop(runtime);
                    // There is room for one of each; nobody listens any more to threads that are cut.
                    let _ = alive.try_send(cut.unwrap_or(0));
                })?;
            Ok(Thread { connections, open })
        };
        Ok(Threads {
            threads: (0..count).map(start).collect::<io::Result<_>>()?,
            over,
            _cut: cut.drop_guard(),
        })
    }

    /// Hands a connection to the thread that has the fewest.
    pub(super) fn serve(&self, accepted: Accepted) {
        let Ok(accepted) = accepted.bare() else {
            return;
        };
        let least = self.threads.iter().min_by_key(|it| it.open.load(Relaxed));
        if let Some(thread) = least {
            thread.open.fetch_add(1, Relaxed);
            if thread.connections.send(accepted).is_err() {
                tracing::error!(
                    "a serving thread is gone by a defect of the host; please report it"
                );
            }
        }
    }

    /// Connections at rest are closed, and requests under way get their answers, for as long as the drain lasts; then
    /// what is left is cut, and counted.
    pub(super) async fn finish(mut self) -> usize {
        self.threads.clear();
        let mut all = 0;
        while let Some(cut) = self.over.recv().await {
            all += cut;
        }
        all
    }
}

async fn serve(
    host: &Host,
    mut arriving: mpsc::UnboundedReceiver<Accepted<Bare>>,
    open: &AtomicUsize,
    drain: Duration,
) -> usize {
    let mut connections = Connections::default();
    loop {
        tokio::select! {
            Some(()) = connections.ended() => {
                open.fetch_sub(1, Relaxed);
            }
            arrived = arriving.recv() => match arrived {
                None => break,
                Some(accepted) => match accepted.here() {
                    Ok(accepted) => connections.serve(accepted, host),
                    Err(error) => {
                        open.fetch_sub(1, Relaxed);
                        tracing::error!(%error, "a connection cannot be served");
                    }
                },
            },
        }
    }
    let deadline = tokio::time::Instant::now() + drain;
    let cut = connections.finish(drain).await;
    // Calls may outlive their connections: those of a plugin that keeps its state, whose client has left.
    while Handle::current().metrics().num_alive_tasks() > 0
        && tokio::time::Instant::now() < deadline
    {
        tokio::time::sleep(GLANCE).await;
    }
    cut
}
