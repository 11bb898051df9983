//! Instances that a successor begins with: as many as are there for what it replaces, so that no call after the swap has to
//! wait for its own.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Isolation, Limits};
use crate::error::{Error, ErrorKind};
use crate::host::Inner;
use crate::limit::Limit;
use crate::load::Loaded;
use crate::runtime::{CallError, Code, Instance, Interrupt, Meter, Owner, Ran};

impl Inner {
    /// Makes them beside the traffic, in the slow lane; fewer where the pool has no room. A component of which none can be made is
    /// refused: what serves is better.
    pub(crate) async fn warm(&self, name: &Arc<str>, loaded: Loaded) -> Result<Loaded, Error> {
        let limits = loaded.terms.limits.clone();
        let wanted = match self.api.load().find(name) {
            Some(serving) if limits.isolation == Isolation::Reuse => {
                serving.pool.instances().min(limits.concurrency)
            }
            _ => 0,
        };
        let (code, prefix) = (loaded.code.clone(), loaded.terms.prefix.clone());
        let mut warm = Vec::with_capacity(wanted);
        while warm.len() < wanted {
            match self.instance(name, &code, &prefix, &limits).await {
                Ok(instance) => warm.push(instance),
                Err(CallError::Limit(Limit::Pool)) => break,
                Err(error) => {
                    let message = format!("no instance of it can be made ({error})");
                    return Err(Error::new(ErrorKind::Start, message));
                }
            }
        }
        Ok(Loaded { warm, ..loaded })
    }

    async fn instance(
        &self,
        name: &Arc<str>,
        code: &Arc<Code>,
        prefix: &Arc<str>,
        limits: &Arc<Limits>,
    ) -> Result<Instance, CallError> {
        let lanes = self.books().of(name, &self.lane).lanes.clone();
        let (code, limits) = (code.clone(), limits.clone());
        let owner = Owner {
            plugin: name.clone(),
            base_path: self.commons.base_path.clone(),
            prefix: prefix.clone(),
        };
        let meter = Arc::new(Meter::new(limits.cpu_ms));
        let time = Duration::from_millis(limits.time_ms);
        let account = meter.clone();
        let making = Box::pin(async move { code.instance(owner, &limits, account).await });
        let late = |_: &Arc<Meter>| async move {
            tokio::time::sleep(time).await;
            Interrupt::Late(Limit::Time)
        };
        match lanes.run(meter, making, true, late).await {
            Ok(Ran::Done(made)) => made,
            // Nothing but a request has an answer that begins.
            Ok(Ran::Begun(..)) | Err(_) => Err(CallError::Limit(Limit::Time)),
        }
    }
}
