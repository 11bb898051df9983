//! A plugin's own pages for what the host answers in its place: the operation that its contract marks with
//! `x-switchback-on-problem` gets the problem as its body. It is one call more, under the plugin's limits; if it fails,
//! the host's own words go out.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};

use crate::admit::{Received, Sent};
use crate::answer::Body;
use crate::problem::{Problem, ProblemShape};
use crate::record::{Called, Record};
use crate::revision::Revision;
use crate::runtime::{Asked, CallContext, Meter};
use crate::serve_error::ServeError;
use crate::steps::Places;

/// Who is asked, and for which request.
pub(crate) struct Page {
    revision: Arc<Revision>,
    operation: usize,
    head: Parts,
}

impl Page {
    /// None where the plugin has no such pages. A standard component has none: it is asked by HTTP alone.
    pub(crate) fn of(revision: &Arc<Revision>, head: &Parts) -> Option<Box<Page>> {
        let operation = revision.code.contract.on_problem?;
        if revision.code.is_standard() {
            return None;
        }
        Some(Box::new(Page {
            revision: revision.clone(),
            operation,
            head: head.clone(),
        }))
    }

    /// The plugin's answer in place of the host's; none where the host's is to go out. It has the problem's status
    /// unless it says another than 200, and the problem's headers (`allow`) beside its own.
    pub(crate) async fn answer(
        self: Box<Self>,
        problem: &Problem,
        record: &Record<'_>,
    ) -> Option<Response<Body>> {
        // Who has no place for a call has none for one about that.
        if matches!(
            problem.status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
        ) {
            return None;
        }
        let (revision, operation) = (self.revision.clone(), self.operation);
        let meter = Arc::new(Meter::new(revision.limits.cpu_ms));
        match self.ask(problem, record, meter.clone()).await {
            Ok(mut page) => {
                if page.status() == StatusCode::OK {
                    *page.status_mut() = problem.status;
                }
                for (name, value) in &problem.headers {
                    page.headers_mut()
                        .entry(name)
                        .or_insert_with(|| value.clone());
                }
                Some(page)
            }
            Err(error) => {
                let called = Called {
                    revision: &revision,
                    operation,
                    request_id: &record.request_id,
                    computed: meter.spent(),
                };
                called.failed(&error, &revision.commons);
                None
            }
        }
    }

    async fn ask(
        self: Box<Self>,
        problem: &Problem,
        record: &Record<'_>,
        meter: Arc<Meter>,
    ) -> Result<Response<Body>, ServeError> {
        let Page {
            revision,
            operation,
            mut head,
        } = *self;
        let mut headers = head.headers.clone();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        let received = Received {
            path: &[],
            query: head.uri.query(),
            headers: &headers,
            body: Sent::Whole(problem.to_json(ProblemShape::Rfc9457).into()),
        };
        let admitted = revision
            .operation(operation)
            .admit(received, &revision.limits)
            .map_err(|_| ServeError::BadAnswer(UNFIT.into()))?;
        let extensions = std::mem::take(&mut head.extensions);
        let (request_id, peer) = (record.request_id, record.peer);
        let asked = Asked::new(head, Places::none(), request_id, peer, admitted);
        let context = CallContext {
            asked: asked.into(),
            extensions,
            stream: None,
        };
        let permit = revision.enter().await?;
        let reply = revision.call(permit, operation, context, meter).await?;
        reply.response()
    }
}

const UNFIT: &str = "the operation with `x-switchback-on-problem` takes no body like \
    `{\"type\", \"title\", \"status\", \"detail\", \"errors\"}`, or needs a parameter that the request lacks";
