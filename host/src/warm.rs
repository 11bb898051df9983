//! Instances that a revision begins with. A successor gets as many as are there for what it replaces, so that no call after
//! the swap has to wait for its own; and of a component with `on-start`, the first has to begin before anything of it serves.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Isolation, Limits};
use crate::error::{Error, ErrorKind};
use crate::host::Inner;
use crate::limit::Limit;
use crate::load::Loaded;
use crate::runtime::{CallError, Code, Instance, Interrupt, Lanes, Meter, Owner, Ran};
use crate::stop::Stops;

/// Instances that were made beforehand, until a revision has them. If none ever does, they are told that they end.
#[derive(Default)]
pub(crate) struct Warm {
    instances: Vec<Instance>,
    stops: Option<Box<Stops>>,
}

impl Warm {
    pub(crate) fn take(&mut self) -> Vec<Instance> {
        std::mem::take(&mut self.instances)
    }
}

impl Drop for Warm {
    fn drop(&mut self) {
        let instances = self.take();
        if let Some(stops) = &self.stops {
            stops.stop(instances, None);
        }
    }
}

impl Inner {
    /// As many as serve now. Of a component of which none can be made is said so: what serves is better.
    pub(crate) async fn warm(&self, name: &Arc<str>, loaded: Loaded) -> Result<Loaded, Error> {
        let limits = &loaded.terms.limits;
        let wanted = match self.api.load().find(name) {
            Some(serving) if limits.isolation == Isolation::Reuse => {
                serving.pool.instances().min(limits.concurrency)
            }
            _ => 0,
        };
        self.begin(name, loaded, wanted).await
    }

    /// Only the first of a component with `on-start`, and else none: for what is to be quick.
    pub(crate) async fn first(&self, name: &Arc<str>, loaded: Loaded) -> Result<Loaded, Error> {
        self.begin(name, loaded, 0).await
    }

    /// Makes instances beside the traffic, in the slow lane; fewer where the pool has no room.
    async fn begin(
        &self,
        name: &Arc<str>,
        mut loaded: Loaded,
        wanted: usize,
    ) -> Result<Loaded, Error> {
        let (code, limits) = (loaded.code.clone(), loaded.terms.limits.clone());
        let least = usize::from(code.has_lifecycle());
        let lanes = self.books().of(name, &self.lane).lanes.clone();
        let warm = &mut loaded.warm;
        warm.stops = Stops::of(name, 0, &code, &limits, &lanes, &self.commons);
        while warm.instances.len() < wanted.max(least) {
            let prefix = &loaded.terms.prefix;
            match self.instance(name, &code, prefix, &limits, &lanes).await {
                Ok(instance) => warm.instances.push(instance),
                Err(CallError::Limit(Limit::Pool)) if warm.instances.len() >= least => break,
                Err(CallError::NotStarted(why)) => {
                    let message = format!("its `on-start` failed: {why}");
                    return Err(Error::new(ErrorKind::Start, message));
                }
                Err(error) => {
                    let message = format!("no instance of it can be made ({error})");
                    return Err(Error::new(ErrorKind::Start, message));
                }
            }
        }
        Ok(loaded)
    }

    async fn instance(
        &self,
        name: &Arc<str>,
        code: &Arc<Code>,
        prefix: &Arc<str>,
        limits: &Arc<Limits>,
        lanes: &Arc<Lanes>,
    ) -> Result<Instance, CallError> {
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
