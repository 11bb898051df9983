//! What may not serve although it could: a component whose contract breaks clients of the one that serves.

use std::sync::Arc;

use crate::config::ChangePolicy;
use crate::contract::{ContractChange, Judgement, Verdict};
use crate::error::{Error, ErrorKind};
use crate::host::Inner;
use crate::load::Loaded;

/// How many changes one sentence lists.
const LISTED: usize = 5;

impl Inner {
    /// Compares what was loaded with what serves under the name, and goes by the plugin's policy: it is refused, or
    /// comes with a warning.
    pub(crate) async fn pass(
        &self,
        name: &Arc<str>,
        mut loaded: Loaded,
        accepts_breaking: bool,
    ) -> Result<Loaded, Error> {
        let config = self.config.load_full();
        let own = config.plugins.get(&**name);
        let policy = own.map_or_else(Default::default, |own| {
            (own.breaking_changes, own.unknown_changes)
        });
        if policy == (ChangePolicy::Allow, ChangePolicy::Allow) {
            return Ok(loaded);
        }
        // Not the revision: whoever holds it counts as a call.
        let serving = {
            let api = self.api.load();
            api.find(name).map(|revision| {
                let code = revision.code.clone();
                (revision.number, revision.prefix.to_string(), code)
            })
        };
        let Some((number, prefix, old)) = serving else {
            return Ok(loaded);
        };
        let (new, new_prefix) = (loaded.code.clone(), loaded.terms.prefix.to_string());
        let judged = tokio::task::spawn_blocking(move || {
            let mut judgement = match Arc::ptr_eq(&old, &new) {
                true => Judgement::default(),
                false => old.contract.changes_to(&new.contract),
            };
            judgement.note_prefix(&prefix, &new_prefix);
            judgement
        });
        let judgement = judged.await.map_err(|why| {
            Error::with_source(ErrorKind::Internal, "comparing two contracts broke", why)
        })?;
        for (verdict, policy, key) in [
            (Verdict::Breaking, policy.0, "breaking_changes"),
            (Verdict::Unknown, policy.1, "unknown_changes"),
        ] {
            let Some(told) = listed(&judgement, verdict, number) else {
                continue;
            };
            match policy {
                ChangePolicy::Allow => {}
                ChangePolicy::Refuse if !accepts_breaking => {
                    let message = format!(
                        "{told}; to serve it all the same, use `switchback deploy --force`, or set `plugins.{name}.{key}`"
                    );
                    return Err(Error::with_source(ErrorKind::Breaking, message, judgement));
                }
                ChangePolicy::Warn | ChangePolicy::Refuse => loaded.warnings.push(told),
            }
        }
        loaded.terms.judgement = Some(Arc::new(judgement));
        Ok(loaded)
    }
}

/// The changes of a verdict in one sentence; none if there are none.
fn listed(judgement: &Judgement, verdict: Verdict, number: u64) -> Option<String> {
    let changes = judgement.changes.iter();
    let alike: Vec<&ContractChange> = changes.filter(|change| change.verdict == verdict).collect();
    if alike.is_empty() {
        return None;
    }
    let mut told = String::from(match verdict {
        Verdict::Breaking => "the contract breaks clients of revision ",
        _ => "the contract may break clients of revision ",
    });
    told.push_str(&number.to_string());
    for (at, change) in alike.iter().take(LISTED).enumerate() {
        told.push_str(if at == 0 { ": " } else { "; " });
        if !change.path.is_empty() {
            told.push_str(&format!("{} {}: ", change.method, change.path));
        }
        told.push_str(&format!("{} (`{}`", change.message, change.rule));
        if let Some(pointer) = change.new.as_ref().or(change.old.as_ref()) {
            told.push_str(&format!(" at `#{pointer}`"));
        }
        told.push(')');
    }
    if alike.len() > LISTED {
        told.push_str(&format!("; and {} more", alike.len() - LISTED));
    }
    Some(told)
}
