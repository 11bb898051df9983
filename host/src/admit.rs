//! The last check before a guest: everything about a request that its contract describes.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use crate::body::RequestBody;
use crate::config::Limits;
#[cfg(feature = "runtime")]
use crate::form::Part;
use crate::limit::Limit;
use crate::params::Parameters;
use crate::problem::Violation;
use crate::upload::FormFile;
use crate::violations::Violations;

/// What a client sent, as it came.
#[derive(Clone)]
pub(crate) struct Received<'a> {
    /// The raw, still percent-encoded text of each parameter in the path, in the order of the path's template.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Sent,
}

/// A body as the host has it.
#[derive(Clone)]
pub(crate) enum Sent {
    Whole(Bytes),
    /// A form in parts that was read while it arrived.
    #[cfg(feature = "runtime")]
    Parts(Vec<Part>),
    /// Not read: the guest does that.
    Stream,
}

/// A request that fits its contract, in the shape a guest gets. Only the checks make one.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub struct Admitted {
    /// `{"path":{…},"query":{…},"header":{…},"cookie":{…}}`, without the places in which the operation has no parameter.
    pub params: String,
    /// The body.
    pub body: AdmittedBody,
}

impl Admitted {
    /// Before anything was admitted.
    #[cfg(feature = "runtime")]
    pub(crate) fn nothing() -> Admitted {
        Admitted {
            params: String::new(),
            body: AdmittedBody::Empty,
        }
    }
}

/// A body that fits its contract. What is checked is what is passed: the text as it came, or the checked value
/// written anew. Media types are the contract's.
#[derive(Debug, PartialEq)]
pub enum AdmittedBody {
    /// None was sent, or none is declared.
    Empty,
    /// JSON or other text.
    Text {
        /// As the contract writes it.
        media_type: Arc<str>,
        /// The text.
        data: String,
    },
    /// Anything else.
    Bytes {
        /// As the contract writes it.
        media_type: Arc<str>,
        /// The bytes.
        data: Bytes,
    },
    /// A form.
    Form {
        /// The fields that are no files, as a JSON object.
        fields: String,
        /// In the order in which they came.
        files: Vec<FormFile>,
    },
    /// Declared with `x-switchback-stream: true`: not read yet, the guest does that.
    Stream {
        /// As the contract writes it.
        media_type: Arc<str>,
    },
}

/// Why a request did not fit its contract.
#[derive(Debug, PartialEq)]
pub(crate) enum Rejection {
    /// 422: every broken rule, in FastAPI's order.
    Violations(Vec<Violation>),
    /// 400, in these words: the body cannot be read as what it says it is.
    BadBody(Cow<'static, str>),
    /// 400, in these words: it has more of something than this limit allows.
    Limit(Limit, Cow<'static, str>),
    /// 415: the contract has no such media type.
    MediaType,
}

/// A body that is no text that could be checked at all, or nested too deeply, in FastAPI's words.
pub(crate) const UNREADABLE: &str = "There was an error parsing the body";

/// Checks a request against its operation: path, query, headers, cookies, body.
pub(crate) fn admit(
    parameters: &Parameters,
    body: Option<&RequestBody>,
    received: Received<'_>,
    limits: &Limits,
) -> Result<Admitted, Rejection> {
    // A body that cannot be read comes before every other rule, and alone.
    let read = match body {
        Some(body) => Some(body.read(received.headers, received.body, limits)?),
        None => None,
    };
    let mut violations = Violations::new(limits);
    let params = parameters.read(
        received.path,
        received.query,
        received.headers,
        &mut violations,
    );
    let body = match read {
        Some(read) => read.check(limits, &mut violations),
        None => AdmittedBody::Empty,
    };
    if violations.is_empty() {
        Ok(Admitted { params, body })
    } else {
        Err(Rejection::Violations(violations.into_vec()))
    }
}
