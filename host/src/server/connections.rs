//! The connections of one runtime.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};

use super::connection;
use super::proxied;
use super::socket::Accepted;
use crate::host::Host;

/// The connections that are open: their tasks are owned here.
#[derive(Default)]
pub(super) struct Connections {
    tasks: JoinSet<()>,
    /// Dropping a connection's sender tells it to end after the request under way.
    goodbyes: HashMap<Id, oneshot::Sender<()>>,
}

impl Connections {
    pub(super) fn serve(&mut self, accepted: Accepted, host: &Host) {
        let (goodbye, told) = oneshot::channel();
        let host = host.clone();
        let task = match accepted.announced {
            true => self.tasks.spawn(proxied::serve(accepted, host, told)),
            false => self.tasks.spawn(connection::serve(accepted, host, told)),
        };
        self.goodbyes.insert(task.id(), goodbye);
    }

    /// Waits until one is over; none if none is open.
    pub(super) async fn ended(&mut self) -> Option<()> {
        let ended = self.tasks.join_next_with_id().await?;
        self.forget(ended);
        Some(())
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

    /// Those at rest are closed, requests under way get their answers, and what runs after `drain` is cut, and counted.
    pub(super) async fn finish(mut self, drain: Duration) -> usize {
        let deadline = Instant::now() + drain;
        self.goodbyes.clear();
        while let Ok(ended) = timeout_at(deadline, self.tasks.join_next_with_id()).await {
            match ended {
                Some(ended) => self.forget(ended),
                None => return 0,
            }
        }
        let cut = self.tasks.len();
        self.tasks.shutdown().await;
        cut
    }
}
