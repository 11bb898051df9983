//! What the API tells of plugins.

use serde_json::{Map, Value, json};

use crate::api::Served;
use crate::contract;
use crate::counts::Tally;
use crate::error::{Error, ErrorKind};
use crate::fault::Fault;
use crate::host::{Host, status};

/// Every plugin that is served or disabled, by name.
pub(super) fn plugins(host: &Host) -> Value {
    let served = host.0.api.load().set();
    let served = served.values().map(short);
    let disabled = host.disabled();
    let disabled = disabled
        .iter()
        .map(|name| json!({ "name": name, "state": "disabled" }));
    let mut all: Vec<Value> = served.chain(disabled).collect();
    all.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
    all.into()
}

fn short(served: &Served) -> Value {
    let revision = &served.stable;
    let status = status(revision);
    let mut told = json!({
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
    });
    if let Some(candidate) = &served.candidate {
        let revision = &candidate.revision;
        told["candidate"] = json!({
            "revision": revision.number,
            "hash": revision.code.hash,
            "rollout": candidate.rollout,
            "answers": tally(&revision.counts.sum()),
            "shadow": candidate.compared.told(),
        });
    }
    told
}

fn find(host: &Host, name: &str) -> Result<Served, Error> {
    let found = host.0.api.load().set().remove(name);
    found.ok_or_else(|| {
        let message = format!("no plugin `{name}` is served");
        Error::new(ErrorKind::NotFound, message)
    })
}

/// One plugin, with its operations.
pub(super) fn plugin(host: &Host, name: &str) -> Result<Value, Error> {
    if host.0.books().is_disabled(name) {
        return Ok(json!({ "name": name, "state": "disabled" }));
    }
    let served = find(host, name)?;
    let status = status(&served.stable);
    let revision = &served.stable;
    let operations = revision.code.contract.routed().map(|(at, operation)| {
        let answers = revision.counts.tally(at).unwrap_or_default();
        json!({
            "method": operation.method.as_str(),
            "path": format!("{}{}", revision.prefix, operation.path),
            "operation": operation.id,
            "answers": tally(&answers),
        })
    });
    let hits = status.limit_hits.iter().filter(|(_, count)| *count > 0);
    let hits: Map<String, Value> = hits
        .map(|(limit, count)| (limit.name().to_owned(), (*count).into()))
        .collect();
    let mut told = short(&served);
    told["operations"] = operations.collect();
    told["limits"] = json!(status.limits);
    told["limit_hits"] = hits.into();
    Ok(told)
}

/// A fault in a list.
pub(super) fn fault(fault: &Fault) -> Value {
    json!({
        "id": fault.id,
        "at_ms": fault.at_ms,
        "plugin": fault.plugin,
        "revision": fault.revision,
        "operation": fault.operation,
        "method": fault.request.method,
        "uri": fault.request.uri,
        "kind": fault.kind,
        "cause": fault.cause,
        "status": fault.status,
        "copy": fault.copy,
    })
}

/// A plugin's document, or its candidate's, for some readers.
pub(super) fn document(host: &Host, name: &str, query: &Value) -> Result<Value, Error> {
    let served = find(host, name)?;
    let revision = match query["candidate"] == true {
        false => &served.stable,
        true => match &served.candidate {
            Some(candidate) => &candidate.revision,
            None => {
                let message = format!("plugin `{name}` has no candidate");
                return Err(Error::new(ErrorKind::NotFound, message));
            }
        },
    };
    let audience = query["audience"].as_str().unwrap_or(contract::PUBLIC);
    let contract = &revision.code.contract;
    let host = &host.0.api.load().setup.host;
    Ok(contract::plugin_document(
        name,
        &revision.prefix,
        contract,
        host,
        audience,
    ))
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
