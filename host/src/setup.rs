//! A configuration made ready for use: what is worked out of it once, and then asked for each request or component. It is a
//! part of the snapshot, so that a request goes by one configuration from beginning to end.

use std::sync::Arc;

use crate::config::{Config, ConfigError, HostConfig};
use crate::edge::Edge;
use crate::forwarded::{Networks, Proxies};
use crate::trust::Trust;

/// What holds for all requests, until another configuration does.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) host: HostConfig,
    pub(crate) proxies: Proxies,
    /// What stands before the plugins, if anything does.
    pub(crate) edge: Option<Arc<Edge>>,
    pub(crate) trust: Arc<Trust>,
}

impl Setup {
    /// What comes after another goes on counting what clients have asked, if the limit is the same.
    pub(crate) fn new(config: &Config, before: Option<&Setup>) -> Result<Setup, ConfigError> {
        let host = &config.host;
        let proxies = Proxies::new(&host.trusted_proxies).map_err(|wrong| ConfigError {
            key: "host.trusted_proxies".into(),
            message: Networks::explain(wrong) + ", nor `unix`",
        })?;
        let limiter = before.and_then(|before| before.edge.as_ref()?.limiter.clone());
        Ok(Setup {
            host: host.clone(),
            proxies,
            edge: Edge::new(config, limiter)?,
            trust: Arc::new(Trust::new(&config.trust)),
        })
    }
}
