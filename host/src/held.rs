//! Answers held against their contract: which are looked at, and what becomes of one that breaks it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::{Method, Response};

use crate::answer::Body;
use crate::commons::Commons;
use crate::config::AnswerChecks;
use crate::dispatch::LARGE;
use crate::fault::{FaultKind, What};
use crate::record::Record;
use crate::serve_error::ServeError;

/// Of each operation these first answers of a revision are looked at, then one in so many.
const FIRST: u64 = 10;
const EVERY: u64 = 100;

/// Counts the answers of each operation where not all are looked at.
pub(crate) struct Samples(Box<[AtomicU64]>);

impl Samples {
    pub(crate) fn new(operations: usize) -> Samples {
        Samples((0..operations).map(|_| AtomicU64::new(0)).collect())
    }

    /// Whether this one is to be looked at.
    fn takes(&self, operation: usize) -> bool {
        let before = self.0[operation].fetch_add(1, Relaxed);
        before < FIRST || before.is_multiple_of(EVERY)
    }
}

/// Passes an answer on if it is what the contract says. A stream is not looked at. Notes one that is a fault.
pub(crate) async fn hold(
    response: Response<Body>,
    record: &mut Record<'_>,
    commons: &Commons,
) -> Result<Response<Body>, ServeError> {
    if response.status().is_server_error() {
        let what = format!("the plugin answered {}", response.status());
        record.note(What::new(FaultKind::Answered, what), Some(&response));
    }
    let Some((revision, operation)) = record.route.as_ref() else {
        return Ok(response);
    };
    let (answers, limits) = (revision.operation(*operation).answers(), &revision.limits);
    let looked_at = !answers.is_empty()
        && match limits.answers {
            AnswerChecks::Enforced => true,
            AnswerChecks::Sampled => revision.samples.takes(*operation),
            AnswerChecks::Off => false,
        };
    let Some(body) = response.body().whole().filter(|_| looked_at) else {
        return Ok(response);
    };
    let body = (record.method != Method::HEAD).then(|| body.clone());
    let (status, operation) = (response.status(), *operation);
    revision.counts.held(operation);
    let found = if body.as_ref().is_some_and(|body| body.len() > LARGE) {
        let (this, headers) = (revision.clone(), response.headers().clone());
        let looked = revision.aside(move || {
            let answers = this.operation(operation).answers();
            answers.check(status, &headers, body.as_deref(), &this.limits)
        });
        Box::pin(looked).await?
    } else {
        answers.check(status, response.headers(), body.as_deref(), limits)
    };
    match found {
        Ok(()) => Ok(response),
        Err(off) => {
            let refused = limits.answers == AnswerChecks::Enforced;
            let what = What::new(FaultKind::OffContract, off.to_string());
            record.note(what, Some(&response));
            if refused {
                return Err(ServeError::OffContract(off));
            }
            record.off_contract(&off, commons);
            Ok(response)
        }
    }
}
