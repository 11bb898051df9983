//! The last check before a guest: everything about a request that its contract describes.

use std::sync::Arc;

use bytes::Bytes;

use crate::body::RequestBody;
use crate::config::Limits;
use crate::params::Parameters;
use crate::problem::Violation;
use crate::violations::Violations;

/// What a client sent, as it came.
pub(crate) struct Received<'a> {
    /// The raw, still percent-encoded text of each parameter in the path, in the order of the path's template.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: Bytes,
}

/// A request that fits its contract, in the shape a guest gets. Only [`admit`] makes one.
#[derive(Debug, PartialEq)]
pub(crate) struct Admitted {
    /// `{"path":{…},"query":{…},"header":{},"cookie":{}}`
    pub(crate) params: String,
    pub(crate) body: AdmittedBody,
}

/// A body that fits its contract. What is checked is what is passed: the text as it came, or the checked value
/// written anew. Media types are the contract's.
#[derive(Debug, PartialEq)]
pub(crate) enum AdmittedBody {
    Empty,
    Text { media_type: Arc<str>, data: String },
    Bytes { media_type: Arc<str>, data: Bytes },
}

/// Why a request did not fit its contract.
#[derive(Debug, PartialEq)]
pub(crate) enum Rejection {
    /// 422: every broken rule, in FastAPI's order.
    Violations(Vec<Violation>),
    /// 400: the body is no text that could be checked at all, or nested too deeply.
    BadBody,
    /// 415: the contract has no such media type.
    MediaType,
}

/// Checks a request against its operation: path, query, body.
pub(crate) fn admit(
    parameters: &Parameters,
    body: Option<&RequestBody>,
    received: Received<'_>,
    limits: &Limits,
) -> Result<Admitted, Rejection> {
    // A body that cannot be read comes before every other rule, and alone.
    let read = match body {
        Some(body) => Some(body.read(received.content_type, received.body, limits)?),
        None => None,
    };
    let mut violations = Violations::new(limits);
    let params = parameters.read(received.path, received.query, &mut violations);
    let body = match read {
        Some(read) => read.check(&mut violations),
        None => AdmittedBody::Empty,
    };
    if violations.is_empty() {
        Ok(Admitted { params, body })
    } else {
        Err(Rejection::Violations(violations.into_vec()))
    }
}
