//! A kept fault's request, sent once more: through what serves, a revision that is kept, or another build.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use serde::Serialize;
use serde_json::json;

use crate::answer;
use crate::apart::{self, Answer};
use crate::change::{PROGRAM, Ready};
use crate::component::Component;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::fault::{Fault, FaultAnswer, FaultKind};
use crate::history::How;
use crate::host::{Host, Inner};
use crate::load::{Loaded, Own};
use crate::rehearsal::Rehearsed;

/// Differences that are told.
const DIFFERENCES: usize = 20;

/// What a fault's request is sent through.
#[derive(Clone, Debug)]
pub enum Against {
    /// What serves now.
    Serving,
    /// A revision that is kept, or serves.
    Revision(u64),
    /// Another build. Without settings of its own it has those of what serves.
    Component(Box<Component>),
}

/// What came of a replay.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Replay {
    /// The fault that was replayed.
    pub fault: u64,
    /// The plugin.
    pub plugin: String,
    /// What its request was sent through: `revision 3`, `the build that was sent`.
    pub against: String,
    /// In a word.
    pub verdict: ReplayVerdict,
    /// How it was.
    pub then: Outcome,
    /// How it is.
    pub now: Outcome,
    /// Where the two answers differ, the first of them, if there are two.
    pub differences: Vec<ReplayDifference>,
    /// What was sent as `**********`, since its value is not kept.
    pub hidden: Vec<String>,
}

/// What a replay shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReplayVerdict {
    /// It is answered, and nothing is wrong with the answer.
    Mended,
    /// It goes wrong as it did: in the same way and for the same cause.
    Same,
    /// It goes wrong otherwise.
    Other,
    /// The host refused the request before it reached the plugin, which shows nothing.
    Refused,
}

/// How a request was answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// The status that a client gets.
    pub status: u16,
    /// In which way it goes wrong; none if it does not.
    pub kind: Option<FaultKind>,
    /// What is wrong with it, in words.
    pub cause: Option<String>,
    /// The functions that a trap was in, the innermost first.
    pub frames: Vec<String>,
    /// The answer; none where the plugin gave none.
    pub answer: Option<FaultAnswer>,
    /// What the plugin logged.
    pub log: Vec<String>,
}

/// One place in which two answers differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReplayDifference {
    /// In JSON, as a JSON pointer; empty for the whole, and for status and media type.
    pub pointer: String,
    /// What it was, shortened.
    pub then: String,
    /// What it is.
    pub now: String,
}

impl Host {
    /// The last calls that went wrong by their plugin's doing, the newest first; `faults` in the configuration says how many.
    pub fn faults(&self) -> Vec<Arc<Fault>> {
        self.0.commons.faults.all()
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// It is not kept, or not any more ([`ErrorKind::NotFound`]).
    pub fn fault(&self, id: u64) -> Result<Arc<Fault>, Error> {
        self.0.commons.faults.find(id).ok_or_else(|| {
            let message = format!("fault {id} is not kept, or not any more");
            Error::new(ErrorKind::NotFound, message)
        })
    }

    /// Sends a fault's request once more, in an instance of its own under the plugin's limits; what it is answered is told
    /// here and counts nowhere. Requests that may change something (other than GET, HEAD and OPTIONS) are sent only
    /// with `force`.
    ///
    /// # Errors
    ///
    /// The fault is not kept, its request is not kept whole or may change something ([`ErrorKind::Replay`]), or what it is to be sent
    /// through cannot be loaded.
    pub async fn replay(&self, id: u64, against: Against, force: bool) -> Result<Replay, Error> {
        self.replay_as(PROGRAM, id, against, force).await
    }

    pub(crate) async fn replay_as(
        &self,
        who: &str,
        id: u64,
        against: Against,
        force: bool,
    ) -> Result<Replay, Error> {
        let fault = self.fault(id)?;
        let replayed = self.0.replay(&fault, against, force).await;
        let line = match &replayed {
            Ok(replay) => json!({
                "by": who, "change": "replay", "plugin": fault.plugin, "fault": id, "done": true,
                "against": replay.against, "verdict": replay.verdict,
            }),
            Err(error) => json!({
                "by": who, "change": "replay", "plugin": fault.plugin, "fault": id, "done": false,
                "why": error.to_string(),
            }),
        };
        self.0.note(line).await;
        if let Ok(replay) = &replayed {
            self.0.commons.tell(Event::Replayed {
                plugin: fault.plugin.as_str().into(),
                fault: id,
                against: replay.against.clone(),
                verdict: replay.verdict,
            });
        }
        replayed
    }
}

impl Inner {
    async fn replay(&self, fault: &Fault, against: Against, force: bool) -> Result<Replay, Error> {
        let request = request(fault, force)?;
        let name: Arc<str> = fault.plugin.as_str().into();
        let (number, loaded, against) = self.loaded(&name, against).await?;
        let candidate = self.rehearsal(&name, number, &loaded.code, &loaded.terms)?;
        let rehearsed = self.rehearse(&candidate, request).await;
        Ok(told(fault, rehearsed, against))
    }

    /// What a request is to be sent through, and what that is in words.
    async fn loaded(
        &self,
        name: &Arc<str>,
        against: Against,
    ) -> Result<(u64, Loaded, String), Error> {
        let serving = self.api.load().find(name).map(|stable| stable.number);
        let not_served = || {
            let message = format!("no plugin `{name}` is served");
            Error::new(ErrorKind::NotFound, message)
        };
        let number = match against {
            Against::Serving => serving.ok_or_else(not_served)?,
            Against::Revision(number) => number,
            Against::Component(mut component) => {
                // It is asked where what serves is asked.
                let entry = serving.and_then(|serving| self.kept(name, serving).ok());
                let (settings, prefix) =
                    entry.map(|it| (it.settings, it.prefix)).unwrap_or_default();
                component.settings = component.settings.or(settings);
                let mut loaded = self.load(name, *component, &[]).await?;
                if prefix.is_some() {
                    let own = Own {
                        settings: loaded.settings.as_deref(),
                        prefix: prefix.as_deref(),
                        files: loaded.files.as_ref(),
                    };
                    loaded.terms = self.terms(&self.config.load(), name, &loaded.code, own)?;
                }
                return Ok((0, loaded, "the build that was sent".into()));
            }
        };
        match self.again(name, number, How::Deployed, None).await? {
            Ready::Plugin(loaded) => Ok((number, *loaded, format!("revision {number}"))),
            _ => Err(not_served()),
        }
    }
}

/// The request as it is sent once more.
fn request(fault: &Fault, force: bool) -> Result<Request<Bytes>, Error> {
    let refuse = |why: String| Err(Error::new(ErrorKind::Replay, why));
    let asked = &fault.request;
    let id = fault.id;
    let method: Method = asked.method.parse().unwrap_or_default();
    let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(&method);
    if !is_safe && !force {
        return refuse(format!(
            "fault {id} is a {method}, which may change something; to send it all the same, use `switchback replay --force`"
        ));
    }
    let content = match &asked.body {
        None => Bytes::new(),
        Some(body) => match &body.content {
            Some(content) => content.clone(),
            None => {
                let why = body.left_out.as_deref().unwrap_or_default();
                return refuse(format!("the body of fault {id} was not kept: {why}"));
            }
        },
    };
    let mut request = Request::new(content);
    *request.method_mut() = method;
    *request.uri_mut() = match asked.uri.parse() {
        Ok(uri) => uri,
        Err(why) => return refuse(format!("`{}` cannot be asked for: {why}", asked.uri)),
    };
    for (name, value) in &asked.headers {
        // Values that are no text are kept as far as they are.
        if let Ok(name) = HeaderName::try_from(name)
            && let Ok(value) = HeaderValue::from_bytes(value.as_bytes())
            && !answer::FRAMING.contains(&name)
            && name != header::EXPECT
        {
            request.headers_mut().append(name, value);
        }
    }
    Ok(request)
}

/// The two outcomes side by side.
fn told(fault: &Fault, rehearsed: Rehearsed, against: String) -> Replay {
    let then = Outcome {
        status: fault.status,
        kind: Some(fault.kind),
        cause: Some(fault.cause.clone()),
        frames: fault.frames.clone(),
        answer: fault.answer.clone(),
        log: fault.log.clone(),
    };
    let Rehearsed {
        answer,
        log,
        fault: again,
        refused,
    } = rehearsed;
    let as_before = |again: &Fault| {
        // A stream tells why it broke off, and no more.
        let broke_off = again.cause.strip_prefix("the answer broke off: ");
        broke_off.is_some_and(|why| why.starts_with(&fault.cause))
            || again.kind == fault.kind && again.cause == fault.cause
    };
    let verdict = match (&again, &refused) {
        (Some(again), _) if as_before(again) => ReplayVerdict::Same,
        (Some(_), _) => ReplayVerdict::Other,
        (None, Some(_)) => ReplayVerdict::Refused,
        (None, None) => ReplayVerdict::Mended,
    };
    let differences = match (&fault.answer, &again) {
        (Some(then), None) => differences(then, &answer),
        (Some(then), Some(again)) => match &again.answer {
            Some(now) => differences(then, now),
            None => Vec::new(),
        },
        (None, _) => Vec::new(),
    };
    let status = answer.status;
    let now = match again {
        Some(again) => Outcome {
            status,
            kind: Some(again.kind),
            cause: Some(again.cause),
            frames: again.frames,
            answer: again.answer,
            log,
        },
        None => Outcome {
            status,
            kind: None,
            cause: refused,
            frames: Vec::new(),
            answer: Some(answer),
            log,
        },
    };
    Replay {
        fault: fault.id,
        plugin: fault.plugin.clone(),
        against,
        verdict,
        then,
        now,
        differences,
        hidden: fault.hidden.clone(),
    }
}

fn differences(then: &FaultAnswer, now: &FaultAnswer) -> Vec<ReplayDifference> {
    let answer = |of: &FaultAnswer| {
        let body = of.body.as_ref();
        Answer {
            status: StatusCode::from_u16(of.status).unwrap_or_default(),
            media_type: body.map_or(String::new(), |body| body.media_type.to_ascii_lowercase()),
            body: body
                .and_then(|body| body.content.clone())
                .unwrap_or_default(),
        }
    };
    let found = apart::compare(&answer(then), &answer(now), &[], DIFFERENCES);
    let told = found.into_iter().map(|apart| ReplayDifference {
        pointer: apart.pointer,
        then: apart.one,
        now: apart.other,
    });
    told.collect()
}
