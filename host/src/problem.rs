//! What a client is told when something is wrong: one error body, in two wire shapes.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One step on the way to the value that broke a rule: a name, or an index of an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Loc {
    /// `path`, `query`, `body`, or the name of a parameter or field.
    Name(Cow<'static, str>),
    /// A place in an array, from 0; in `json_invalid` the place in the text.
    Index(usize),
}

/// One broken rule: where, which, and in words. Serialised as FastAPI does:
/// `{"type", "loc", "msg", "input", "ctx"}`, `ctx` only where there is one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Violation {
    /// The rule, by pydantic's name (`missing`, `string_too_short`).
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// Where: `["body", "price"]`.
    pub loc: Vec<Loc>,
    /// In words, for a person.
    pub msg: Cow<'static, str>,
    /// What was sent there, shortened if it is large.
    pub input: Value,
    /// The rule's own figures (`{"min_length": 1}`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ctx: Option<Map<String, Value>>,
}

/// What a client is told when a request is not answered by a plugin: one value, in two wire shapes.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The status of the answer.
    pub status: StatusCode,
    /// Which kind of problem, by a short name that never changes (`timed-out`): RFC 9457's `type`.
    pub kind: &'static str,
    /// In words, for a person. With violations only RFC 9457's shape shows it.
    pub detail: Cow<'static, str>,
    /// The broken rules of a request that does not fit its contract.
    pub violations: Vec<Violation>,
    /// What the answer carries besides: `Allow`, `Retry-After`.
    pub headers: HeaderMap,
}

/// How a [`Problem`] is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemShape {
    /// FastAPI's `{"detail": …}`, as `application/json`.
    #[default]
    Detail,
    /// The same, and what went wrong within is the text `Internal Server Error`, as FastAPI has it.
    FastApi,
    /// RFC 9457, as `application/problem+json`.
    Rfc9457,
}

impl Problem {
    /// A problem whose detail is the status in words, as FastAPI's are.
    pub fn new(status: StatusCode, kind: &'static str) -> Problem {
        Problem {
            status,
            kind,
            detail: status.canonical_reason().unwrap_or("Error").into(),
            violations: Vec::new(),
            headers: HeaderMap::new(),
        }
    }

    /// 422 with every broken rule.
    pub fn invalid(violations: Vec<Violation>) -> Problem {
        Problem {
            violations,
            ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request")
        }
    }

    /// The same with words of its own.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Problem {
        self.detail = detail.into();
        self
    }

    /// The same with a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.headers.append(name, value);
        self
    }

    /// The body of the answer and its media type.
    pub(crate) fn written(&self, shape: ProblemShape) -> (Vec<u8>, &'static str) {
        let within = self.status == StatusCode::INTERNAL_SERVER_ERROR;
        match shape {
            ProblemShape::FastApi if within => {
                let text = self.detail.clone().into_owned();
                (text.into_bytes(), "text/plain; charset=utf-8")
            }
            shape => (self.to_json(shape), shape.media_type()),
        }
    }

    /// The body of the answer, in JSON.
    pub fn to_json(&self, shape: ProblemShape) -> Vec<u8> {
        let written = match shape {
            ProblemShape::Detail | ProblemShape::FastApi if self.violations.is_empty() => {
                serde_json::to_vec(&Detail {
                    detail: &self.detail,
                })
            }
            ProblemShape::Detail | ProblemShape::FastApi => serde_json::to_vec(&Detail {
                detail: &self.violations,
            }),
            ProblemShape::Rfc9457 => serde_json::to_vec(&Rfc9457 {
                kind: format_args!("urn:switchback:{}", self.kind),
                title: self.status.canonical_reason().unwrap_or("Error"),
                status: self.status.as_u16(),
                detail: &self.detail,
                errors: &self.violations,
            }),
        };
        written.expect("strings, numbers and values of JSON always become JSON")
    }
}

impl ProblemShape {
    /// What a client asks for, if its `Accept` names one of the two types: RFC 9457 where `application/problem+json` is
    /// not behind `application/json`.
    pub fn from_accept(accept: Option<&str>) -> Option<ProblemShape> {
        let accept = accept?;
        let quality = |media_type: &str| -> f32 {
            accept
                .split(',')
                .filter_map(|range| {
                    let mut parts = range.split(';').map(str::trim);
                    parts
                        .next()
                        .filter(|name| name.eq_ignore_ascii_case(media_type))?;
                    let weight = parts
                        .filter_map(|part| part.split_once('='))
                        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
                    weight.map_or(Some(1.0), |(_, value)| value.trim().parse().ok())
                })
                .fold(0.0, f32::max)
        };
        let problem = quality("application/problem+json");
        let json = quality("application/json");
        match problem >= json {
            _ if problem.max(json) == 0.0 => None,
            true => Some(ProblemShape::Rfc9457),
            false => Some(ProblemShape::Detail),
        }
    }

    /// The answer's `content-type`.
    pub fn media_type(self) -> &'static str {
        match self {
            ProblemShape::Detail | ProblemShape::FastApi => "application/json",
            ProblemShape::Rfc9457 => "application/problem+json",
        }
    }
}

#[derive(Serialize)]
struct Detail<T> {
    detail: T,
}

#[derive(Serialize)]
struct Rfc9457<'a> {
    #[serde(rename = "type")]
    kind: std::fmt::Arguments<'a>,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Violation],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_of_a_plain_problem_is_its_status_in_words() {
        let problem = Problem::new(StatusCode::NOT_FOUND, "no-route");
        assert_eq!(
            problem.to_json(ProblemShape::Detail),
            br#"{"detail":"Not Found"}"#
        );
    }

    #[test]
    fn what_goes_wrong_within_is_a_text_where_fastapi_is_followed() {
        let crash = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "trapped");
        let (text, media_type) = crash.written(ProblemShape::FastApi);
        assert_eq!(text, b"Internal Server Error");
        assert_eq!(media_type, "text/plain; charset=utf-8");
        let (json, media_type) =
            Problem::new(StatusCode::NOT_FOUND, "no-route").written(ProblemShape::FastApi);
        assert_eq!(json, br#"{"detail":"Not Found"}"#);
        assert_eq!(media_type, "application/json");
    }

    #[test]
    fn rfc_9457_carries_type_title_status_and_every_violation() {
        let violation = Violation {
            kind: "missing".into(),
            loc: vec![Loc::Name("body".into()), Loc::Index(0)],
            msg: "Field required".into(),
            input: Value::Null,
            ctx: None,
        };
        let problem = Problem::invalid(vec![violation]);
        assert_eq!(
            String::from_utf8(problem.to_json(ProblemShape::Rfc9457)).unwrap(),
            r#"{"type":"urn:switchback:invalid-request","title":"Unprocessable Entity","status":422,"detail":"Unprocessable Entity","errors":[{"type":"missing","loc":["body",0],"msg":"Field required","input":null}]}"#
        );
        assert_eq!(
            String::from_utf8(problem.to_json(ProblemShape::Detail)).unwrap(),
            r#"{"detail":[{"type":"missing","loc":["body",0],"msg":"Field required","input":null}]}"#
        );
    }

    #[test]
    fn a_client_chooses_the_shape_by_naming_it_and_preferring_it() {
        for (accept, shape) in [
            (None, None),
            (Some("*/*"), None),
            (Some("application/*"), None),
            (Some("application/json"), Some(ProblemShape::Detail)),
            (
                Some("application/problem+json"),
                Some(ProblemShape::Rfc9457),
            ),
            (
                Some("text/html, Application/Problem+JSON ; q=0.5, */*"),
                Some(ProblemShape::Rfc9457),
            ),
            (
                Some("application/problem+json;q=0.5, application/json"),
                Some(ProblemShape::Detail),
            ),
            (
                Some("application/problem+json, application/json;q=0.9"),
                Some(ProblemShape::Rfc9457),
            ),
            (Some("application/problem+json;q=0"), None),
            (Some("application/problem+json;q=x"), None),
        ] {
            assert_eq!(ProblemShape::from_accept(accept), shape, "{accept:?}");
        }
    }
}
