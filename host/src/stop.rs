//! The last call of an instance: `on-stop`, for components that want it, apart from all traffic.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::commons::Commons;
use crate::config::Limits;
use crate::event::Event;
use crate::limit::Limit;
use crate::places::Permit;
use crate::runtime::{CallError, Code, Instance, Interrupt, Lanes, Meter, Ran};

/// How the instances of one revision end.
#[derive(Clone)]
pub(crate) struct Stops {
    plugin: Arc<str>,
    /// 0 of one that never got to serve.
    revision: u64,
    code: Arc<Code>,
    limits: Arc<Limits>,
    lanes: Arc<Lanes>,
    commons: Arc<Commons>,
    /// Where the plugin was deployed: instances also end on threads that have no runtime.
    runtime: Handle,
}

impl Stops {
    /// None for a component that does not want to be told.
    pub(crate) fn of(
        plugin: &Arc<str>,
        revision: u64,
        code: &Arc<Code>,
        limits: &Arc<Limits>,
        lanes: &Arc<Lanes>,
        commons: &Arc<Commons>,
    ) -> Option<Box<Stops>> {
        if !code.has_lifecycle() {
            return None;
        }
        Some(Box::new(Stops {
            plugin: plugin.clone(),
            revision,
            code: code.clone(),
            limits: limits.clone(),
            lanes: lanes.clone(),
            commons: commons.clone(),
            runtime: Handle::try_current().ok()?,
        }))
    }

    /// Tells instances that they end, each beside the others, and frees them. One that served a call last keeps the call's
    /// place until then, so that a plugin that takes its time over it takes no more than its places.
    pub(crate) fn stop(
        &self,
        instances: impl IntoIterator<Item = Instance>,
        mut permit: Option<Permit>,
    ) {
        for instance in instances {
            let stopping = self.commons.stopping();
            let (this, permit) = (self.clone(), permit.take());
            self.runtime.spawn(async move {
                this.stop_one(instance).await;
                drop((permit, stopping));
            });
        }
    }

    async fn stop_one(self, instance: Instance) {
        let meter = Arc::new(Meter::new(self.limits.cpu_ms));
        let time = Duration::from_millis(self.limits.stop_ms);
        let (code, limits, account) = (self.code, self.limits.clone(), meter.clone());
        let stopping = Box::pin(async move { code.stop(instance, &limits, account).await });
        let late = |_: &Arc<Meter>| async move {
            tokio::time::sleep(time).await;
            Interrupt::Late(Limit::Time)
        };
        let reason = match self.lanes.run(meter, stopping, true, late).await {
            Ok(Ran::Done(Ok(()))) => return,
            Ok(Ran::Done(Err(CallError::Limit(limit)))) => {
                let value = limit.value(&self.limits, &self.commons.host);
                format!("it ran into `{}` = {value}", limit.name())
            }
            Ok(Ran::Done(Err(error))) => error.to_string(),
            // Nothing but a request has an answer that begins.
            Ok(Ran::Begun(..)) | Err(_) => {
                format!(
                    "it was not done after limits.stop_ms = {}",
                    time.as_millis()
                )
            }
        };
        tracing::warn!(
            plugin = &*self.plugin,
            revision = self.revision,
            "`on-stop` of an instance failed: {reason}"
        );
        self.commons.tell(Event::StopFailed {
            plugin: self.plugin,
            revision: self.revision,
            reason,
        });
    }
}
