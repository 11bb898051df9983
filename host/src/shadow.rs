//! Copies of requests that go to a candidate once they are answered, and its answers beside those that were sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use http::request::Parts;
use http::{Method, Request, Response};
use serde::Serialize;

use crate::answer::{self, Body};
use crate::apart::{self, Answer, Apart};
use crate::dispatch;
use crate::event::Event;
use crate::host::Host;
use crate::record::Record;
use crate::rollout::Candidate;

/// Differences that are kept, the newest.
const KEPT: usize = 50;

/// One answer of a candidate that differs from the one that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The path and query that were asked for.
    pub uri: String,
    /// Where in a JSON answer, as a JSON pointer; empty for the whole, and for status and media type.
    pub pointer: String,
    /// What it is in both, shortened.
    pub what: String,
}

/// What comparing came to.
#[derive(Debug, Default)]
pub(crate) struct Compared(Mutex<Sums>);

#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Sums {
    /// Answers that were compared.
    compared: u64,
    /// Of these, those that differ.
    differ: u64,
    /// Copies that were left out, since as many ran already.
    left_out: u64,
    /// The newest differences, the oldest of them first.
    differences: VecDeque<Difference>,
}

impl Compared {
    pub(crate) fn told(&self) -> Sums {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn add(&self, change: impl FnOnce(&mut Sums)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The copy of a request, kept while the request is answered.
pub(crate) struct Shadow {
    candidate: Arc<Candidate>,
    head: Parts,
}

impl Shadow {
    /// None if the request is not safe: its copy could change something.
    pub(crate) fn of(candidate: &Arc<Candidate>, head: &Parts) -> Option<Box<Shadow>> {
        let is_safe = head.method == Method::GET || head.method == Method::HEAD;
        is_safe.then(|| {
            Box::new(Shadow {
                candidate: candidate.clone(),
                head: head.clone(),
            })
        })
    }

    /// Calls the candidate beside everything else, and compares what it answers with what was sent. A stream is not compared.
    pub(crate) fn follow(self: Box<Self>, host: &Host, sent: &Response<Body>) {
        let Some(sent) = Answer::of(sent) else {
            return;
        };
        let Ok(permit) = self.candidate.shadows.clone().try_acquire_owned() else {
            return self.candidate.compared.add(|sums| sums.left_out += 1);
        };
        let host = host.clone();
        tokio::spawn(async move {
            let difference = self.difference(&host, &sent).await;
            let Shadow { candidate, head } = *self;
            let difference = difference.map(|apart| Difference {
                uri: head.uri.to_string(),
                pointer: apart.pointer,
                what: format!("{}, and {}", apart.one, apart.other),
            });
            candidate.compared.add(|sums| {
                sums.compared += 1;
                if let Some(difference) = &difference {
                    sums.differ += 1;
                    sums.differences.push_back(difference.clone());
                    if sums.differences.len() > KEPT {
                        sums.differences.pop_front();
                    }
                }
            });
            if let Some(Difference { uri, pointer, what }) = difference {
                host.0.commons.tell(Event::Differs {
                    plugin: candidate.revision.name.clone(),
                    revision: candidate.revision.number,
                    uri,
                    pointer,
                    what,
                });
            }
            drop(permit);
        });
    }

    async fn difference(&self, host: &Host, sent: &Answer) -> Option<Apart> {
        let request = Request::from_parts(self.head.clone(), Body::default());
        let mut record = Record::new(&request, None);
        record.unlogged();
        record.only = Some(self.candidate.clone());
        let answered = dispatch::serve(&host.0, host.0.api.load(), request, &mut record).await;
        let response = answered.unwrap_or_else(|error| {
            record.failed(&error, &host.0.commons);
            answer::problem(error, Default::default())
        });
        record.end(response.status(), &host.0.commons);
        let ignore = &self.candidate.rollout.ignore;
        let mut found = apart::compare(sent, &Answer::of(&response)?, ignore, 1);
        found.pop()
    }
}
