//! A request tried out on a plugin's code apart from the traffic: in an instance of its own, under the plugin's limits, told
//! to nobody but who asked for it, and counted nowhere.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body::Body as _;
use tokio::time::{Instant, timeout_at};

use crate::answer::{self, Body};
use crate::config::{AnswerChecks, Limits};
use crate::dispatch;
use crate::error::Error;
use crate::fault::{Fault, FaultAnswer, FaultKind, What};
use crate::host::Inner;
use crate::record::Record;
use crate::redact::Redactor;
use crate::revision::{Revision, Terms, Ties};
use crate::rollout::{Candidate, Rollout};
use crate::runtime::Code;

/// For so long a streamed answer is read; some never end.
const STREAM: Duration = Duration::from_secs(1);

/// What came of a request that was tried out.
pub(crate) struct Rehearsed {
    /// What a client would get, without its secrets; of a stream what came in a second.
    pub(crate) answer: FaultAnswer,
    /// What the plugin logged.
    pub(crate) log: Vec<String>,
    pub(crate) fault: Option<Box<Fault>>,
    /// Why the host answered by itself, if the request never reached the plugin.
    pub(crate) refused: Option<String>,
}

impl Inner {
    /// What a request is tried out on: a plugin's code, served to nobody. Each answer is held against the contract, unless none
    /// is ever.
    pub(crate) fn rehearsal(
        &self,
        name: &Arc<str>,
        number: u64,
        code: &Arc<Code>,
        terms: &Terms,
    ) -> Result<Arc<Candidate>, Error> {
        let mut limits = Limits::clone(&terms.limits);
        if limits.answers == AnswerChecks::Sampled {
            limits.answers = AnswerChecks::Enforced;
        }
        let terms = Terms {
            prefix: terms.prefix.clone(),
            site: None,
            limits: limits.into(),
            instances: None,
            hidden: false,
            notice: None,
            judgement: None,
            rehearsal: true,
        };
        let ties = Ties {
            lanes: self.books().of(name, &self.lane).lanes.clone(),
            hits: Arc::default(),
            limiter: None,
        };
        let commons = &self.commons;
        let revision = Revision::new(name.clone(), number, terms, code.clone(), ties, commons);
        Ok(Arc::new(Candidate::new(revision, Rollout::default())?))
    }

    /// Tries a request out.
    pub(crate) async fn rehearse(
        &self,
        candidate: &Arc<Candidate>,
        request: Request<Bytes>,
    ) -> Rehearsed {
        let request = request.map(Body::from);
        let shape = answer::shape(request.headers());
        let mut record = Record::new(&request, None);
        record.unlogged();
        record.only = Some(candidate.clone());
        let mut refused = None;
        let response = match dispatch::serve(self, self.api.load(), request, &mut record).await {
            Ok(response) => response,
            Err(error) => {
                record.failed(&error, &self.commons);
                if record.fault.is_none() {
                    refused = Some(error.to_string());
                }
                answer::problem(error, shape.unwrap_or(candidate.revision.limits.problems))
            }
        };
        let config = self.commons.faults.config();
        let (response, broken) = collected(response, config.body_bytes).await;
        if let Some(why) = broken {
            record.note(What::new(FaultKind::BadAnswer, why), Some(&response));
        }
        let secrets = &candidate.revision.code.contract.secrets;
        let answer = Redactor::new(secrets, &config).answer(&response);
        Rehearsed {
            answer,
            log: record
                .asked
                .as_ref()
                .map_or_else(Vec::new, |asked| asked.said()),
            fault: record.fault.take(),
            refused,
        }
    }
}

/// An answer with what came of its stream within a while; if that broke off, why.
async fn collected(response: Response<Body>, most: usize) -> (Response<Body>, Option<String>) {
    if response.body().whole().is_some() {
        return (response, None);
    }
    let (head, mut body) = response.into_parts();
    let end = Instant::now() + STREAM;
    let mut whole = BytesMut::new();
    let mut broken = None;
    let mut next =
        async || std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await;
    while whole.len() < most
        && let Ok(Some(frame)) = timeout_at(end, next()).await
    {
        match frame {
            Ok(frame) => {
                if let Ok(data) = frame.into_data() {
                    whole.extend_from_slice(&data);
                }
            }
            Err(why) => {
                broken = Some(why.to_string());
                break;
            }
        }
    }
    (
        Response::from_parts(head, Body::from(whole.freeze())),
        broken,
    )
}
