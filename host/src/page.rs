//! A plugin's own pages for what the host answers in its place: the operation that its contract marks with
//! `x-switchback-on-problem` gets the problem as its body. It is one call more, under the plugin's limits; if it fails,
//! the host's own words go out.

use std::sync::Arc;

use http::Response;
use http::request::Parts;

use crate::answer::Body;
use crate::problem::Problem;
use crate::record::{Called, Record};
use crate::revision::Revision;
use crate::runtime::{Asked, CallContext, Meter};
use crate::serve_error::ServeError;
use crate::steps::{self, Places};

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

    /// The plugin's answer in place of the host's; none where the host's is to go out.
    pub(crate) async fn answer(
        self: Box<Self>,
        problem: &Problem,
        record: &Record<'_>,
    ) -> Option<Response<Body>> {
        if !steps::has_page(problem) {
            return None;
        }
        let (revision, operation) = (self.revision.clone(), self.operation);
        let meter = Arc::new(Meter::new(revision.limits.cpu_ms));
        match self.ask(problem, record, meter.clone()).await {
            Ok(mut page) => {
                steps::finish_page(&mut page, problem);
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
        let asked = revision.operation(operation);
        let admitted = steps::admit_problem(asked, &head, problem, &revision.limits)?;
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
