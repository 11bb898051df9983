//! Faults that are kept: what was asked, what went wrong, without what is secret; the last of them, in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::Response;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::answer::Body;
use crate::config::FaultConfig;
use crate::history::now_ms;
use crate::limit::Limit;
use crate::redact::Redactor;
use crate::revision::Revision;
use crate::runtime::Asked;
use crate::serve_error::ServeError;

/// Of faults of one kind of one operation at most this part of all is kept, so that what always fails leaves room for
/// what fails once.
const SHARE: usize = 5;

/// A call that went wrong by its plugin's doing, as it is kept. What is secret in it was replaced when it was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Fault {
    /// Counted from the start of the host.
    pub id: u64,
    /// When, in milliseconds since 1970 (UTC).
    pub at_ms: u64,
    /// The plugin.
    pub plugin: String,
    /// Its revision.
    pub revision: u64,
    /// The operation that was called.
    pub operation: String,
    /// In which way it went wrong.
    pub kind: FaultKind,
    /// What went wrong, in words.
    pub cause: String,
    /// Of a trap: the functions that the guest was in, the innermost first, as far as the component has their names.
    pub frames: Vec<String>,
    /// By what the logs know the request.
    pub request_id: String,
    /// It was a copy for a candidate in shadow: nobody got its answer.
    pub copy: bool,
    /// The status that the client got.
    pub status: u16,
    /// What was asked.
    pub request: FaultRequest,
    /// What the plugin answered; none where it did not come to that.
    pub answer: Option<FaultAnswer>,
    /// What the plugin logged meanwhile, a text a line.
    pub log: Vec<String>,
    /// What the call had computed by then, in milliseconds.
    pub computed_ms: f64,
    /// What was replaced by `**********`, by its place: `header authorization`, `body /user/password`.
    pub hidden: Vec<String>,
}

/// In which way a call went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The guest trapped.
    Trap,
    /// It needed a new instance, and `on-start` failed.
    NotStarted,
    /// It ran into a limit: of time, of memory.
    Limit,
    /// Its answer is none that HTTP allows, or it broke it off.
    BadAnswer,
    /// Its answer is not what its contract says.
    OffContract,
    /// It answered 5xx by itself.
    Answered,
}

/// A request as it was checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FaultRequest {
    /// The method.
    pub method: String,
    /// Path and query.
    pub uri: String,
    /// Names and values, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The parameters as the guest got them: `{"path": {…}, "query": {…}}`.
    pub params: Value,
    /// The body; none where there was none.
    pub body: Option<FaultBody>,
}

/// What a plugin answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FaultAnswer {
    /// The status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body; none where there was none.
    pub body: Option<FaultBody>,
}

/// A body, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FaultBody {
    /// Its media type.
    pub media_type: String,
    /// Its content; none where it has more bytes than are kept, or was a stream. In JSON it is there as `text`, where it is one.
    #[serde(rename = "text", serialize_with = "as_text")]
    pub content: Option<Bytes>,
    /// Why it is not whole, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

fn as_text<S: Serializer>(content: &Option<Bytes>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = content
        .as_deref()
        .and_then(|it| std::str::from_utf8(it).ok());
    text.serialize(serializer)
}

/// What went wrong.
pub(crate) struct What {
    pub(crate) kind: FaultKind,
    cause: String,
    frames: Vec<String>,
}

impl What {
    pub(crate) fn new(kind: FaultKind, cause: String) -> What {
        What {
            kind,
            cause,
            frames: Vec::new(),
        }
    }

    /// None if it is not the plugin's doing, or is told with its answer.
    pub(crate) fn of(error: &ServeError) -> Option<What> {
        let kind = match error {
            ServeError::Trapped(trap) => {
                let what = format!("the guest trapped: {}", trap.cause);
                return Some(What {
                    frames: trap.frames.clone(),
                    ..What::new(FaultKind::Trap, what)
                });
            }
            ServeError::NotStarted(_) => FaultKind::NotStarted,
            ServeError::BadAnswer(_) | ServeError::Aborted(_) => FaultKind::BadAnswer,
            ServeError::OffContract(_) => FaultKind::OffContract,
            // Streams end by theirs as a matter of course; the others are the client's or the host's.
            ServeError::Limit(
                Limit::Cpu
                | Limit::Time
                | Limit::Memory
                | Limit::Tables
                | Limit::CoreInstances
                | Limit::Stack
                | Limit::Answer,
            ) => FaultKind::Limit,
            _ => return None,
        };
        Some(What::new(kind, error.to_string()))
    }
}

impl Fault {
    /// A fault of a call, its secrets replaced; nothing that is larger than is kept is looked at.
    pub(crate) fn new(
        revision: &Revision,
        operation: usize,
        asked: &Asked,
        computed: Duration,
        what: What,
        answer: Option<&Response<Body>>,
    ) -> Box<Fault> {
        let config = revision.commons.faults.config();
        let mut redactor = Redactor::new(&revision.code.contract.secrets, &config);
        let request = redactor.request(asked, revision.operation(operation));
        let answer = answer.map(|answer| redactor.answer(answer));
        Box::new(Fault {
            id: 0,
            at_ms: now_ms(),
            plugin: revision.name.to_string(),
            revision: revision.number,
            operation: revision.operation(operation).id.clone(),
            kind: what.kind,
            cause: what.cause,
            frames: what.frames,
            request_id: asked.request_id.to_string(),
            copy: false,
            status: answer.as_ref().map_or(0, |answer| answer.status),
            request,
            answer,
            log: asked.said(),
            computed_ms: computed.as_secs_f64() * 1e3,
            hidden: redactor.hidden,
        })
    }

    /// Bytes that it takes, about.
    fn takes(&self) -> usize {
        let pairs = |pairs: &[(String, String)]| -> usize {
            pairs
                .iter()
                .map(|(name, value)| name.len() + value.len() + 48)
                .sum()
        };
        let body = |body: &Option<FaultBody>| {
            let content = body.as_ref().and_then(|body| body.content.as_ref());
            content.map_or(0, Bytes::len)
        };
        let texts = |texts: &[String]| -> usize { texts.iter().map(|text| text.len() + 24).sum() };
        let answer = self.answer.as_ref();
        // The parameters as a tree take some times what they take as a text.
        let params = self.request.uri.len() * 4 + 256;
        size_of::<Fault>()
            + self.cause.len()
            + texts(&self.frames)
            + texts(&self.log)
            + pairs(&self.request.headers)
            + body(&self.request.body)
            + params
            + answer.map_or(0, |answer| pairs(&answer.headers) + body(&answer.body))
    }
}

/// The last faults of a host.
pub(crate) struct Faults {
    config: ArcSwap<FaultConfig>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// How many there ever were.
    count: u64,
    bytes: usize,
    /// The oldest first.
    faults: VecDeque<Arc<Fault>>,
}

impl Faults {
    pub(crate) fn new(config: FaultConfig) -> Faults {
        Faults {
            config: ArcSwap::from_pointee(config),
            kept: Mutex::default(),
        }
    }

    pub(crate) fn config(&self) -> Arc<FaultConfig> {
        self.config.load_full()
    }

    /// Other bounds from now on.
    pub(crate) fn set(&self, config: FaultConfig) {
        self.lock().shorten(&config);
        self.config.store(Arc::new(config));
    }

    /// Whether any are kept.
    pub(crate) fn are_kept(&self) -> bool {
        self.config.load().kept > 0
    }

    /// Keeps one; the oldest make room for it, of its own kind if there are many of that.
    pub(crate) fn keep(&self, mut fault: Box<Fault>) -> Arc<Fault> {
        let mut kept = self.lock();
        kept.count += 1;
        fault.id = kept.count;
        let fault: Arc<Fault> = Arc::from(fault);
        let config = self.config();
        let most = (config.kept / SHARE).max(1);
        let alike = |other: &Arc<Fault>| {
            other.kind == fault.kind
                && other.plugin == fault.plugin
                && other.operation == fault.operation
        };
        if kept.faults.iter().filter(|other| alike(other)).count() >= most {
            let oldest = kept.faults.iter().position(alike);
            oldest.map(|oldest| kept.drop_at(oldest));
        }
        kept.bytes += fault.takes();
        kept.faults.push_back(fault.clone());
        kept.shorten(&config);
        fault
    }

    pub(crate) fn find(&self, id: u64) -> Option<Arc<Fault>> {
        let kept = self.lock();
        kept.faults.iter().find(|fault| fault.id == id).cloned()
    }

    /// All that are kept, the newest first.
    pub(crate) fn all(&self) -> Vec<Arc<Fault>> {
        self.lock().faults.iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The oldest go until the rest is within the bounds.
    fn shorten(&mut self, config: &FaultConfig) {
        let bytes = usize::try_from(config.bytes).unwrap_or(usize::MAX);
        while (self.faults.len() > config.kept || self.bytes > bytes) && self.drop_at(0) {}
    }

    fn drop_at(&mut self, at: usize) -> bool {
        let gone = self.faults.remove(at);
        self.bytes -= gone.as_ref().map_or(0, |gone| gone.takes());
        gone.is_some()
    }
}
