//! What the API tells of plugins.

use serde_json::{Map, Value, json};

use crate::counts::Tally;
use crate::error::{Error, ErrorKind};
use crate::host::{Host, PluginStatus};

/// Every plugin that is served or disabled, by name.
pub(super) fn plugins(host: &Host) -> Value {
    let served = host.plugins();
    let disabled = host.disabled();
    let disabled = disabled
        .into_iter()
        .map(|name| json!({ "name": name, "state": "disabled" }));
    let mut all: Vec<Value> = served.iter().map(plugin_short).chain(disabled).collect();
    all.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
    all.into()
}

fn plugin_short(status: &PluginStatus) -> Value {
    json!({
        "name": status.name,
        "state": "serving",
        "revision": status.revision,
        "hash": status.hash,
        "interface": status.interface,
        "prefix": status.prefix,
        "routes": status.operations.len(),
        "calls": status.calls,
        "queued": status.queued,
        "instances": status.instances,
        "answers": tally(&status.answers),
        "warnings": status.warnings,
    })
}

/// One plugin, with its operations.
pub(super) fn plugin(host: &Host, name: &str) -> Result<Value, Error> {
    let api = host.0.api.load_full();
    let Some(revision) = api.find(name) else {
        if host.0.books().is_disabled(name) {
            return Ok(json!({ "name": name, "state": "disabled" }));
        }
        let message = format!("no plugin `{name}` is served");
        return Err(Error::new(ErrorKind::NotFound, message));
    };
    let status = crate::host::status(revision);
    let operations = status.operations.iter().enumerate().map(|(at, (method, path, id))| {
        let answers = revision.counts.tally(at).unwrap_or_default();
        json!({
            "method": method.as_str(), "path": path, "operation": id, "answers": tally(&answers),
        })
    });
    let hits = status.limit_hits.iter().filter(|(_, count)| *count > 0);
    let hits: Map<String, Value> = hits
        .map(|(limit, count)| (limit.name().to_owned(), (*count).into()))
        .collect();
    let mut told = plugin_short(&status);
    told["operations"] = operations.collect();
    told["limits"] = json!(status.limits);
    told["limit_hits"] = hits.into();
    Ok(told)
}

fn tally(tally: &Tally) -> Value {
    json!({
        "answers": tally.answers(),
        "statuses": tally.statuses,
        "failed": tally.failed,
        "left": tally.left,
        "off_contract": tally.off_contract,
        "p50_ms": tally.quantile_ms(0.5),
        "p95_ms": tally.quantile_ms(0.95),
        "p99_ms": tally.quantile_ms(0.99),
    })
}
