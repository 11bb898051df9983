//! What is known of one request while it is served: its id, where it went, and its line in the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};

use crate::answer::Body;
use crate::commons::Commons;
use crate::config::Limits;
use crate::contract::OffContract;
use crate::edge::{self, Limiter, Quota, Visit};
use crate::event::Event;
use crate::fault::{Fault, What};
use crate::identity::Peer;
use crate::lasting::Lasting;
use crate::limit::Limit;
use crate::page::Page;
use crate::request_id::{self, RequestId};
use crate::revision::Revision;
use crate::rollout::Candidate;
use crate::runtime::{Asked, Meter};
use crate::serve_error::ServeError;
use crate::shadow::Shadow;

pub(crate) static X_REVISION: HeaderName = HeaderName::from_static("x-switchback-revision");

/// One request's record. Dropped without an end, its client went away.
pub(crate) struct Record<'a> {
    pub(crate) request_id: RequestId,
    pub(crate) peer: Option<Peer>,
    pub(crate) meter: Option<Arc<Meter>>,
    /// What its guest was asked, from the call on.
    pub(crate) asked: Option<Arc<Asked>>,
    /// What went wrong by its plugin's doing.
    pub(crate) fault: Option<Box<Fault>>,
    began: Instant,
    pub(crate) method: Method,
    path: String,
    /// Where it went.
    pub(crate) route: Option<(Arc<Revision>, usize)>,
    /// Whose static file it was answered with.
    pub(crate) files: Option<Arc<Revision>>,
    /// The candidate that it is a copy for: no other answers it.
    pub(crate) only: Option<Arc<Candidate>>,
    /// The copy of the request that goes to a candidate once this is answered.
    pub(crate) shadow: Option<Box<Shadow>>,
    /// The plugin's own answer to what goes wrong, if it has one.
    pub(crate) page: Option<Box<Page>>,
    /// What of the request has to be known when the answer goes out.
    pub(crate) visit: Option<Box<Visit>>,
    /// What its client has left of what it may ask.
    pub(crate) quotas: Vec<Quota>,
    /// How long it may take, where a server sees to it.
    pub(crate) lasting: Option<&'a Lasting>,
    /// What failed is the host's own affair.
    excused: bool,
    ended: bool,
}

impl<'a> Record<'a> {
    pub(crate) fn new<B>(request: &Request<B>, peer: Option<Peer>) -> Record<'a> {
        // The path is kept for the log only.
        let logged = tracing::enabled!(target: "switchback::access", tracing::Level::INFO);
        Record {
            request_id: request_id::of(request.headers()),
            peer,
            meter: None,
            asked: None,
            fault: None,
            began: Instant::now(),
            method: request.method().clone(),
            path: if logged {
                request.uri().path().to_owned()
            } else {
                String::new()
            },
            route: None,
            files: None,
            only: None,
            shadow: None,
            page: None,
            visit: None,
            quotas: Vec::new(),
            lasting: None,
            excused: false,
            ended: false,
        }
    }

    pub(crate) fn routed(&mut self, revision: &Arc<Revision>, operation: usize) {
        self.route = Some((revision.clone(), operation));
    }

    /// The limits of the plugin that it was for, once that is known.
    pub(crate) fn limits(&self) -> Option<&Limits> {
        self.route.as_ref().map(|(revision, _)| &*revision.limits)
    }

    /// The revision that served it, for `x-switchback-revision`.
    pub(crate) fn revision(&self) -> Option<&HeaderValue> {
        self.served_by().map(|revision| &revision.label)
    }

    /// The revision whose operation, or whose file, it was.
    pub(crate) fn served_by(&self) -> Option<&Revision> {
        let routed = self.route.as_ref().map(|(revision, _)| revision);
        routed.or(self.files.as_ref()).map(|revision| &**revision)
    }

    /// The plugin that it was for, once that is known.
    pub(crate) fn plugin(&self) -> Option<&str> {
        self.served_by().map(|revision| &*revision.name)
    }

    /// Takes one of the requests that the client has left, if it has.
    pub(crate) fn take(
        &mut self,
        limiter: &Limiter,
        headers: &HeaderMap,
    ) -> Result<(), ServeError> {
        let quota = limiter.take(headers, self.peer);
        self.quotas.push(quota);
        match quota.wait {
            None => Ok(()),
            Some(wait) => Err(ServeError::TooOften(edge::seconds(wait))),
        }
    }

    /// The cause goes here, the promise to the client.
    pub(crate) fn failed(&mut self, error: &ServeError, commons: &Commons) {
        self.excused = error.is_hosts();
        if let Some(called) = self.called() {
            called.failed(error, commons);
        }
        if let Some(what) = What::of(error) {
            self.note(what, None);
        }
    }

    /// Notes what went wrong by its plugin's doing, and with which answer; the first is what is kept.
    pub(crate) fn note(&mut self, what: What, answer: Option<&Response<Body>>) {
        if self.fault.is_none()
            && let Some(asked) = &self.asked
            && let Some(called) = self.called()
        {
            self.fault = called.fault(asked, what, answer);
        }
    }

    /// Tells of an answer that goes out although it is not what the contract says.
    pub(crate) fn off_contract(&self, off: &OffContract, commons: &Commons) {
        if let Some(called) = self.called() {
            called.off_contract(off, false, commons);
        }
    }

    /// The call into a plugin that it became, if it did.
    fn called(&self) -> Option<Called<'_>> {
        let (revision, operation) = self.route.as_ref()?;
        let computed = self.meter.as_ref().map(|meter| meter.spent());
        Some(Called {
            revision,
            operation: *operation,
            request_id: &self.request_id,
            computed: computed.unwrap_or_default(),
        })
    }

    /// Tells of a limit that the guest was told of, and answered for itself.
    pub(crate) fn noted(&self, commons: &Commons) {
        if let Some(limit) = self.meter.as_ref().and_then(|meter| meter.hit())
            && let Some(called) = self.called()
        {
            called.hit(limit, commons);
        }
    }

    /// The request gets no line in the log.
    pub(crate) fn unlogged(&mut self) {
        self.ended = true;
    }

    /// Counts the answer with its operation's.
    fn count(&self, status: StatusCode, commons: &Commons) {
        if let Some((revision, operation)) = &self.route {
            let failed = status.is_server_error() && !self.excused;
            let took = self.began.elapsed();
            revision.counts.answered(*operation, status, failed, took);
        } else if let Some(revision) = &self.files {
            let took = self.began.elapsed();
            revision.files_counts.answered(0, status, false, took);
        } else {
            commons.answered_other(status);
        }
    }

    /// The line of the log.
    pub(crate) fn end(mut self, status: StatusCode, commons: &Commons) {
        // The call goes on without what it logs, so this is no error of its own.
        if self.meter.as_ref().is_some_and(|meter| meter.overran_log())
            && let Some(called) = self.called()
        {
            called.hit(Limit::Log, commons);
        }
        self.count(status, commons);
        if let Some(mut fault) = self.fault.take() {
            fault.status = status.as_u16();
            fault.copy = self.only.is_some();
            commons.keep(fault);
        }
        if !self.ended {
            self.ended = true;
            self.line(status.as_u16());
        }
    }

    fn line(&self, status: u16) {
        if !tracing::enabled!(target: "switchback::access", tracing::Level::INFO) {
            return;
        }
        let route = self.route.as_ref();
        let served_by = self.served_by();
        let operation = route.map(|(revision, operation)| revision.operation(*operation));
        tracing::info!(
            target: "switchback::access",
            client = self.peer.map(|peer| tracing::field::display(peer.0.ip())),
            method = self.method.as_str(),
            path = self.path.escape_debug().to_string(),
            route = operation.map(|operation| operation.path.as_str()),
            status,
            ms = self.began.elapsed().as_micros() as f64 / 1e3,
            plugin = served_by.map(|revision| &*revision.name),
            revision = served_by.map(|revision| revision.number),
            request_id = &*self.request_id,
        );
    }
}

/// A call into a plugin, as logs and events name it.
pub(crate) struct Called<'a> {
    pub(crate) revision: &'a Revision,
    pub(crate) operation: usize,
    pub(crate) request_id: &'a str,
    /// What it has computed by now.
    pub(crate) computed: Duration,
}

impl Called<'_> {
    /// What is kept of it, if anything is.
    pub(crate) fn fault(
        &self,
        asked: &Asked,
        what: What,
        answer: Option<&Response<Body>>,
    ) -> Option<Box<Fault>> {
        let kept = self.revision.rehearsal || self.revision.commons.faults.are_kept();
        let fault = || {
            Fault::new(
                self.revision,
                self.operation,
                asked,
                self.computed,
                what,
                answer,
            )
        };
        kept.then(fault)
    }

    /// Tells what went wrong with it, if that is the plugin's affair or the operator's.
    pub(crate) fn failed(&self, error: &ServeError, commons: &Commons) {
        let revision = self.revision;
        if revision.rehearsal {
            return;
        }
        let plugin = revision.name.clone();
        let operation = revision.operation(self.operation).id.clone();
        let ours = |reason: String| {
            tracing::error!(
                target: "switchback::call",
                request_id = self.request_id, plugin = &*plugin, revision = revision.number, operation, "{reason}"
            );
            Event::Failed {
                plugin: plugin.clone(),
                operation: operation.clone(),
                reason,
                computed: self.computed,
            }
        };
        commons.tell(match error {
            ServeError::Limit(limit)
            | ServeError::BodyLimit(limit, _)
            | ServeError::Busy { limit, .. } => {
                return self.hit(*limit, commons);
            }
            ServeError::TooOften(_) => return self.hit(Limit::Rate, commons),
            ServeError::OffContract(off) => return self.off_contract(off, true, commons),
            ServeError::Trapped(_)
            | ServeError::NotStarted(_)
            | ServeError::BadAnswer(_)
            | ServeError::Aborted(_)
            | ServeError::Disk(_)
            | ServeError::Broken => ours(error.to_string()),
            ServeError::NotFound
            | ServeError::MethodNotAllowed(_)
            | ServeError::Invalid(_)
            | ServeError::BadBody(_)
            | ServeError::MediaType
            | ServeError::BodyBroken(_)
            | ServeError::Left
            | ServeError::Stranger
            | ServeError::Cut
            | ServeError::Closed => return,
        });
    }

    /// The one place where a limit that was hit is counted and told.
    pub(crate) fn hit(&self, limit: Limit, commons: &Commons) {
        let revision = self.revision;
        if revision.rehearsal {
            return;
        }
        let operation = revision.operation(self.operation).id.clone();
        let value = limit.value(&revision.limits, &commons.host);
        let name = limit.name();
        tracing::warn!(
            target: "switchback::call",
            request_id = self.request_id, plugin = &*revision.name, revision = revision.number, operation,
            limit = name, value, "limit `{name}` = {value} was hit"
        );
        revision.hits.count(limit);
        commons.tell(Event::LimitHit {
            plugin: revision.name.clone(),
            operation,
            limit,
            value,
        });
    }

    /// The one place where a broken contract is counted and told.
    fn off_contract(&self, off: &OffContract, refused: bool, commons: &Commons) {
        let revision = self.revision;
        if revision.rehearsal {
            return;
        }
        let operation = revision.operation(self.operation).id.clone();
        tracing::error!(
            target: "switchback::call",
            request_id = self.request_id, plugin = &*revision.name, revision = revision.number, operation, refused, "{off}"
        );
        revision.hits.count_off_contract();
        revision.counts.off_contract(self.operation);
        commons.tell(Event::OffContract {
            plugin: revision.name.clone(),
            operation,
            status: off.status.as_u16(),
            pointer: off.pointer.clone(),
            what: off.what.clone(),
            refused,
        });
    }

    /// The line of the log for the end of a streamed answer; that of its head is the request's own.
    pub(crate) fn streamed(&self, bytes: u64, lasted: Duration, broken: Option<&ServeError>) {
        if self.revision.rehearsal {
            return;
        }
        tracing::info!(
            target: "switchback::access",
            route = self.revision.operation(self.operation).path.as_str(),
            streamed_bytes = bytes,
            ms = lasted.as_micros() as f64 / 1e3,
            broken = broken.map(ToString::to_string),
            plugin = &*self.revision.name,
            revision = self.revision.number,
            request_id = self.request_id,
        );
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if !self.ended {
            if let Some((revision, operation)) = &self.route {
                revision.counts.left(*operation);
            }
            // nginx's number for a client that went away.
            self.line(499);
        }
    }
}
