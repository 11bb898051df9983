//! What goes wrong while serving, one variant per way, and the one table of what the client is told.

use std::borrow::Cow;

use http::{HeaderValue, Method, StatusCode, header};

use crate::admit::Rejection;
#[cfg(feature = "runtime")]
use crate::arrival::ReadError;
use crate::contract::OffContract;
use crate::limit::Limit;
use crate::problem::{Problem, Violation};
#[cfg(feature = "runtime")]
use crate::runtime::{CallError, Interrupt};

#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error("no route")]
    NotFound,
    #[error("the route has other methods")]
    MethodNotAllowed(Vec<Method>),
    #[error("the request breaks the contract")]
    Invalid(Vec<Violation>),
    #[error("the body cannot be read as what it says it is: {0}")]
    BadBody(Cow<'static, str>),
    /// Which limit of a body's content, in words for the client.
    #[error("limit `{}` was hit", .0.name())]
    BodyLimit(Limit, Cow<'static, str>),
    #[error("the contract has no such media type")]
    MediaType,
    #[error("the body broke off: {0}")]
    BodyBroken(String),
    #[cfg(feature = "runtime")]
    #[error("a file of the form cannot be kept on disk: {0} (`host.spool_dir` says where it goes)")]
    Disk(std::io::Error),
    #[error("limit `{}` was hit", .0.name())]
    Limit(Limit),
    /// No place for the call: when to try again, in seconds.
    #[error("limit `{}` was hit", .limit.name())]
    Busy { limit: Limit, retry_after: u64 },
    /// One client asks too often: when it may again, in seconds.
    #[error("limit `{}` was hit", Limit::Rate.name())]
    TooOften(u64),
    /// Of an address that may not ask.
    #[error("the client's address may not ask")]
    Stranger,
    #[error("the revision had to be gone")]
    Cut,
    #[error("the host shuts down")]
    Closed,
    #[error("the guest trapped: {0}")]
    Trapped(Box<GuestTrap>),
    /// An instance was needed, and its `on-start` refused.
    #[error("`on-start` failed: {0}")]
    NotStarted(String),
    #[error("the guest's answer is none: {0}")]
    BadAnswer(String),
    #[error("{0}")]
    OffContract(OffContract),
    #[error("the guest broke its answer off: {0}")]
    Aborted(String),
    #[error("the client has gone")]
    Left,
    #[error("the host broke while it served the call")]
    Broken,
}

/// How a guest ended that could not go on.
#[derive(Debug)]
pub(crate) struct GuestTrap {
    pub(crate) cause: String,
    /// The functions that it was in, the innermost first, as far as they have names.
    pub(crate) frames: Vec<String>,
}

/// In one line: the cause first, then the innermost functions.
impl std::fmt::Display for GuestTrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.cause)?;
        for (at, frame) in self.frames.iter().take(5).enumerate() {
            write!(f, "{}{frame}", if at == 0 { ", in " } else { " < " })?;
        }
        Ok(())
    }
}

impl ServeError {
    /// Whether it is the host's own affair rather than the plugin's.
    #[cfg(feature = "runtime")]
    pub(crate) fn is_hosts(&self) -> bool {
        let hosts = matches!(
            self,
            ServeError::Cut
                | ServeError::Closed
                | ServeError::Disk(_)
                | ServeError::Broken
                // Its guest has limits of its own: that all of it took too long is as well its client's doing.
                | ServeError::Limit(Limit::Request)
        );
        hosts || self.is_refusal()
    }

    /// Whether there was no place for the call.
    #[cfg(feature = "runtime")]
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(
            self,
            ServeError::Busy { .. }
                | ServeError::Limit(Limit::Concurrency | Limit::Queue | Limit::Pool)
        )
    }
}

#[cfg(feature = "runtime")]
impl From<CallError> for ServeError {
    fn from(error: CallError) -> ServeError {
        match error {
            CallError::Limit(limit) => ServeError::Limit(limit),
            CallError::NotStarted(why) => ServeError::NotStarted(why),
            CallError::Aborted(why) => ServeError::Aborted(why),
            CallError::NotStreamed | CallError::FullAfterStart | CallError::NoAnswer(_) => {
                ServeError::BadAnswer(error.to_string())
            }
            CallError::Body(ReadError::Limit(limit)) => ServeError::Limit(limit),
            CallError::Body(ReadError::Closed) => ServeError::BodyBroken(error.to_string()),
            CallError::Cancelled => ServeError::Cut,
            CallError::Trapped(trap) => ServeError::Trapped(trap),
        }
    }
}

#[cfg(feature = "runtime")]
impl From<Interrupt> for ServeError {
    fn from(interrupt: Interrupt) -> ServeError {
        match interrupt {
            Interrupt::Late(limit) => ServeError::Limit(limit),
            Interrupt::Left => ServeError::Left,
            Interrupt::Cut => ServeError::Cut,
            Interrupt::Lost => ServeError::Broken,
        }
    }
}

impl From<Rejection> for ServeError {
    fn from(rejection: Rejection) -> ServeError {
        match rejection {
            Rejection::Violations(violations) => ServeError::Invalid(violations),
            Rejection::BadBody(why) => ServeError::BadBody(why),
            Rejection::Limit(limit, why) => ServeError::BodyLimit(limit, why),
            Rejection::MediaType => ServeError::MediaType,
        }
    }
}

impl From<ServeError> for Problem {
    fn from(error: ServeError) -> Problem {
        let busy = |kind, seconds: u64| {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, kind)
                .header(header::RETRY_AFTER, HeaderValue::from(seconds))
        };
        let internal = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal");
        match error {
            ServeError::NotFound => Problem::new(StatusCode::NOT_FOUND, "not-found"),
            ServeError::MethodNotAllowed(allowed) => {
                let allow = allowed
                    .iter()
                    .map(Method::as_str)
                    .collect::<Vec<_>>()
                    .join(", ");
                let allow = HeaderValue::from_str(&allow).expect("methods are tokens");
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed")
                    .header(header::ALLOW, allow)
            }
            ServeError::Invalid(violations) => Problem::invalid(violations),
            ServeError::BadBody(why) | ServeError::BodyLimit(_, why) => {
                Problem::new(StatusCode::BAD_REQUEST, "bad-body").detail(why)
            }
            ServeError::MediaType => Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type"),
            ServeError::BodyBroken(_) => {
                Problem::new(StatusCode::BAD_REQUEST, "body-broken").detail("The body broke off")
            }
            ServeError::Limit(limit) => match limit {
                // Those of streams are hit when the head is out: nobody gets to see this.
                Limit::Cpu | Limit::Time | Limit::StreamIdle | Limit::StreamTime => {
                    Problem::new(StatusCode::GATEWAY_TIMEOUT, "timed-out")
                }
                // What is left of the request is not waited for.
                Limit::Request => Problem::new(StatusCode::GATEWAY_TIMEOUT, "timed-out")
                    .header(header::CONNECTION, HeaderValue::from_static("close")),
                Limit::Memory
                | Limit::Tables
                | Limit::CoreInstances
                | Limit::Stack
                | Limit::Answer
                | Limit::Log => internal(),
                // What comes with words for the client is a `BodyLimit`.
                Limit::JsonDepth | Limit::FormParts | Limit::FormMemory => {
                    Problem::new(StatusCode::BAD_REQUEST, "bad-body")
                }
                // Said beforehand by the client; an answer is cut when its head is out. Of all bodies together: this one alone
                // is more than there is room for.
                Limit::Body | Limit::StreamBytes | Limit::Bodies | Limit::Spool => {
                    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large")
                }
                Limit::BodyTime => Problem::new(StatusCode::REQUEST_TIMEOUT, "body-timed-out")
                    .header(header::CONNECTION, HeaderValue::from_static("close")),
                Limit::Concurrency | Limit::Queue | Limit::Pool => busy("busy", 1),
                // What comes with a time is `TooOften`.
                Limit::Rate => Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests"),
            },
            ServeError::Busy { retry_after, .. } => busy("busy", retry_after),
            ServeError::TooOften(seconds) => {
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests")
                    .header(header::RETRY_AFTER, HeaderValue::from(seconds))
            }
            ServeError::Stranger => Problem::new(StatusCode::FORBIDDEN, "address"),
            ServeError::Cut | ServeError::Closed => busy("leaving", 1),
            #[cfg(feature = "runtime")]
            ServeError::Disk(_) => internal(),
            ServeError::Trapped(_)
            | ServeError::NotStarted(_)
            | ServeError::BadAnswer(_)
            | ServeError::OffContract(_)
            | ServeError::Aborted(_)
            | ServeError::Left
            | ServeError::Broken => internal(),
        }
    }
}
