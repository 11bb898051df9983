//! What the API tells of plugins.

use serde_json::{Map, Value, json};

use crate::api::Served;
use crate::book::Refused;
use crate::contract::{self, ContractChange, Judgement, Verdict};
use crate::counts::Tally;
use crate::error::{Error, ErrorKind};
use crate::fault::Fault;
use crate::history::Past;
use crate::host::{Host, status};
use crate::revision::Revision;

/// The most changes of a contract that are told one by one.
const CHANGES: usize = 100;

/// Every plugin that is served or disabled, or of which something was refused, by name.
pub(super) fn plugins(host: &Host) -> Value {
    let served = host.0.api.load().set();
    let served = served.values().map(short);
    let disabled = host.disabled();
    let disabled = disabled
        .iter()
        .map(|name| json!({ "name": name, "state": "disabled" }));
    let mut all: Vec<Value> = served.chain(disabled).collect();
    for (name, refused) in host.0.books().refused() {
        let known = all.iter_mut().find(|plugin| plugin["name"] == *name);
        match known {
            Some(plugin) => plugin["refused"] = told_refused(refused),
            None => all.push(newcomer(name, refused)),
        }
    }
    all.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
    all.into()
}

/// One of which nothing serves.
fn newcomer(name: &str, refused: &Refused) -> Value {
    json!({ "name": name, "state": "refused", "refused": told_refused(refused) })
}

fn told_refused(refused: &Refused) -> Value {
    let mut told = json!({
        "at_ms": refused.at_ms,
        "by": refused.by,
        "from": refused.from,
        "why": refused.why,
    });
    if let Some(judgement) = &refused.judgement {
        told["changes"] = judged(judgement);
    }
    told
}

/// What may break clients, the worst first; what is harmless is left out.
fn judged(judgement: &Judgement) -> Value {
    let mut changes: Vec<&ContractChange> = judgement.changes.iter().collect();
    changes.retain(|change| change.verdict != Verdict::Harmless);
    changes.sort_by_key(|change| change.verdict);
    let listed = changes.iter().take(CHANGES).map(|change| {
        json!({
            "rule": change.rule,
            "verdict": change.verdict,
            "method": change.method,
            "path": change.path,
            "pointer": change.new.as_ref().or(change.old.as_ref()),
            "message": change.message,
        })
    });
    json!({
        "listed": listed.collect::<Vec<_>>(),
        "more": changes.len().saturating_sub(CHANGES),
    })
}

/// What the gate found of a revision, if there is anything.
fn note_changes(told: &mut Value, revision: &Revision) {
    let harmless =
        |judgement: &Judgement| judgement.count(Verdict::Harmless) == judgement.changes.len();
    if let Some(judgement) = revision.judgement.as_deref().filter(|it| !harmless(it)) {
        told["changes"] = judged(judgement);
    }
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
    let (disabled, aside, refused) = {
        let books = host.0.books();
        let aside = books.past(name).is_some_and(Past::waits);
        let refused = books.refused().find(|(of, _)| *of == name);
        let refused = refused.map(|(_, refused)| refused.clone());
        (books.is_disabled(name), aside, refused)
    };
    let served = match (find(host, name), &refused) {
        (Ok(served), _) => served,
        (Err(_), Some(refused)) if !disabled => return Ok(newcomer(name, refused)),
        (Err(_), _) if disabled => {
            let mut told = json!({ "name": name, "state": "disabled" });
            if let Some(refused) = &refused {
                told["refused"] = told_refused(refused);
            }
            return Ok(told);
        }
        (Err(error), _) => return Err(error),
    };
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
    if let Some(refused) = &refused {
        told["refused"] = told_refused(refused);
    }
    if aside {
        told["aside"] = true.into();
    }
    note_changes(&mut told, revision);
    if let Some(candidate) = &served.candidate {
        note_changes(&mut told["candidate"], &candidate.revision);
    }
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
        "total_ms": tally.total_ms,
        "p50_ms": tally.quantile_ms(0.5),
        "p95_ms": tally.quantile_ms(0.95),
        "p99_ms": tally.quantile_ms(0.99),
    })
}
