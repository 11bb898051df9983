//! Copies of requests that go to a candidate once they are answered, and its answers beside those that were sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use serde::Serialize;
use serde_json::Value;

use crate::answer::Body;
use crate::dispatch;
use crate::event::Event;
use crate::host::Host;
use crate::record::Record;
use crate::rollout::Candidate;

/// Differences that are kept, the newest.
const KEPT: usize = 50;
/// What is told of a value that differs, in characters.
const TOLD: usize = 100;

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
        let Some(body) = sent.body().whole().cloned() else {
            return;
        };
        let Ok(permit) = self.candidate.shadows.clone().try_acquire_owned() else {
            return self.candidate.compared.add(|sums| sums.left_out += 1);
        };
        let sent = Answer {
            status: sent.status(),
            media_type: media_type(sent),
            body,
        };
        let host = host.clone();
        tokio::spawn(async move {
            let difference = self.difference(&host, &sent).await;
            let Shadow { candidate, head } = *self;
            let difference = difference.map(|(pointer, what)| Difference {
                uri: head.uri.to_string(),
                pointer,
                what,
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

    async fn difference(&self, host: &Host, sent: &Answer) -> Option<(String, String)> {
        let request = Request::from_parts(self.head.clone(), Body::default());
        let mut record = Record::new(&request, None);
        record.unlogged();
        record.only = Some(self.candidate.clone());
        let answered = dispatch::serve(&host.0, request, &mut record).await;
        let (status, answer) = match answered {
            Ok(response) => {
                let answer = response.body().whole().map(|body| Answer {
                    status: response.status(),
                    media_type: media_type(&response),
                    body: body.clone(),
                });
                (response.status(), answer)
            }
            Err(error) => {
                record.failed(&error, &host.0.commons);
                let response: Response<Body> = crate::answer::problem(error, Default::default());
                let body = response.body().whole().cloned().unwrap_or_default();
                let answer = Answer {
                    status: response.status(),
                    media_type: media_type(&response),
                    body,
                };
                (response.status(), Some(answer))
            }
        };
        record.end(status, &host.0.commons);
        compare(sent, &answer?, &self.candidate.rollout.ignore)
    }
}

struct Answer {
    status: StatusCode,
    media_type: String,
    body: bytes::Bytes,
}

fn media_type(response: &Response<Body>) -> String {
    let value = response.headers().get(http::header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok()).unwrap_or("");
    value.to_ascii_lowercase()
}

/// Where the second answer first differs from the first, and how.
fn compare(sent: &Answer, other: &Answer, ignore: &[String]) -> Option<(String, String)> {
    let whole = |what: String| Some((String::new(), what));
    if sent.status != other.status {
        return whole(format!(
            "status {}, and {}",
            sent.status.as_u16(),
            other.status.as_u16()
        ));
    }
    if sent.media_type != other.media_type {
        return whole(format!("`{}`, and `{}`", sent.media_type, other.media_type));
    }
    if sent.body == other.body {
        return None;
    }
    let json = |body: &[u8]| serde_json::from_slice::<Value>(body).ok();
    match (json(&sent.body), json(&other.body)) {
        (Some(one), Some(two)) => apart(&one, &two, &mut Vec::new(), ignore),
        _ => whole(format!(
            "{} bytes, and {} others",
            sent.body.len(),
            other.body.len()
        )),
    }
}

fn apart(
    one: &Value,
    two: &Value,
    at: &mut Vec<String>,
    ignore: &[String],
) -> Option<(String, String)> {
    if one == two || ignore.iter().any(|rule| names(rule, at)) {
        return None;
    }
    match (one, two) {
        (Value::Object(one), Value::Object(two)) => {
            let keys = one
                .keys()
                .chain(two.keys().filter(|key| !one.contains_key(*key)));
            keys.filter_map(|key| {
                at.push(key.replace('~', "~0").replace('/', "~1"));
                let null = Value::Null;
                let (one, two) = (one.get(key).unwrap_or(&null), two.get(key).unwrap_or(&null));
                let found = apart(one, two, at, ignore);
                at.pop();
                found
            })
            .next()
        }
        (Value::Array(one), Value::Array(two)) if one.len() == two.len() => {
            let pairs = one.iter().zip(two).enumerate();
            pairs
                .filter_map(|(index, (one, two))| {
                    at.push(index.to_string());
                    let found = apart(one, two, at, ignore);
                    at.pop();
                    found
                })
                .next()
        }
        _ => {
            let pointer = at.iter().map(|part| format!("/{part}")).collect();
            Some((
                pointer,
                format!("{}, and {}", shortened(one), shortened(two)),
            ))
        }
    }
}

/// Whether a pointer with `*` for any one part is that of a place.
fn names(rule: &str, at: &[String]) -> bool {
    let parts = rule.strip_prefix('/').unwrap_or(rule).split('/');
    parts.clone().count() == at.len()
        && parts
            .zip(at)
            .all(|(rule, part)| rule == "*" || rule == part)
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &Value) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            media_type: "application/json".into(),
            body: body.to_string().into(),
        }
    }

    fn found(one: &Value, two: &Value, ignore: &[&str]) -> Option<(String, String)> {
        let ignore: Vec<String> = ignore.iter().map(|rule| (*rule).to_owned()).collect();
        compare(&answer(200, one), &answer(200, two), &ignore)
    }

    #[test]
    fn answers_are_compared_by_what_they_say_and_not_by_how_it_is_written() {
        assert_eq!(
            found(
                &json!({"a": 1, "b": [1, 2]}),
                &json!({"b": [1, 2], "a": 1}),
                &[]
            ),
            None
        );
        let one = json!({"items": [{"id": 1, "at": "x"}, {"id": 2, "at": "y"}]});
        let two = json!({"items": [{"id": 1, "at": "z"}, {"id": 3, "at": "y"}]});
        let apart = |pointer: &str, what: &str| Some((pointer.to_owned(), what.to_owned()));
        assert_eq!(
            found(&one, &two, &[]),
            apart("/items/0/at", "\"x\", and \"z\"")
        );
        assert_eq!(
            found(&one, &two, &["/items/*/at"]),
            apart("/items/1/id", "2, and 3")
        );
        assert_eq!(found(&one, &two, &["/items/*/at", "/items/*/id"]), None);
        assert_eq!(
            found(&json!({"a": 1}), &json!({}), &[]),
            apart("/a", "1, and null")
        );
        assert_eq!(
            found(&json!([1]), &json!([1, 2]), &[]),
            apart("", "[1], and [1,2]")
        );
    }

    #[test]
    fn a_status_differs_whatever_the_bodies_are() {
        let (one, two) = (answer(200, &json!({})), answer(404, &json!({})));
        let (pointer, what) = compare(&one, &two, &[String::new()]).unwrap();
        assert_eq!(
            (pointer.as_str(), what.as_str()),
            ("", "status 200, and 404")
        );
    }
}
