//! Where two answers to the same request differ: in status and media type, in JSON by what it says.

use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde_json::Value;

use crate::answer::Body;

/// What is told of a value that differs, in characters.
const TOLD: usize = 100;

/// What is compared of an answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) media_type: String,
    pub(crate) body: Bytes,
}

/// One place in which two answers differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Apart {
    /// In JSON, as a JSON pointer; empty for the whole, and for status and media type.
    pub(crate) pointer: String,
    /// What it is in either, shortened.
    pub(crate) one: String,
    pub(crate) other: String,
}

impl Answer {
    /// None where the answer comes in pieces.
    pub(crate) fn of(response: &Response<Body>) -> Option<Answer> {
        let value = response.headers().get(header::CONTENT_TYPE);
        let value = value.and_then(|value| value.to_str().ok()).unwrap_or("");
        Some(Answer {
            status: response.status(),
            media_type: value.to_ascii_lowercase(),
            body: response.body().whole()?.clone(),
        })
    }
}

/// Where the second answer differs from the first, the first `most` places. `ignore` has pointers to what may differ, with
/// `*` for any part.
pub(crate) fn compare(one: &Answer, other: &Answer, ignore: &[String], most: usize) -> Vec<Apart> {
    let whole = |one: String, other: String| {
        vec![Apart {
            pointer: String::new(),
            one,
            other,
        }]
    };
    if one.status != other.status {
        let told = |answer: &Answer| answer.status.as_u16().to_string();
        return whole(format!("status {}", told(one)), told(other));
    }
    if one.media_type != other.media_type {
        let told = |answer: &Answer| format!("`{}`", answer.media_type);
        return whole(told(one), told(other));
    }
    if one.body == other.body {
        return Vec::new();
    }
    let json = |body: &[u8]| serde_json::from_slice::<Value>(body).ok();
    match (json(&one.body), json(&other.body)) {
        (Some(one), Some(other)) => {
            let mut walk = Walk {
                at: Vec::new(),
                ignore,
                most,
                found: Vec::new(),
            };
            walk.compare(&one, &other);
            walk.found
        }
        _ => {
            let told = |answer: &Answer, what| format!("{} {what}", answer.body.len());
            whole(told(one, "bytes"), told(other, "others"))
        }
    }
}

struct Walk<'a> {
    at: Vec<String>,
    ignore: &'a [String],
    most: usize,
    found: Vec<Apart>,
}

impl Walk<'_> {
    fn compare(&mut self, one: &Value, other: &Value) {
        let done = self.found.len() >= self.most;
        if done || one == other || self.ignore.iter().any(|rule| names(rule, &self.at)) {
            return;
        }
        match (one, other) {
            (Value::Object(one), Value::Object(other)) => {
                let only_there = other.keys().filter(|key| !one.contains_key(*key));
                for key in one.keys().chain(only_there) {
                    let null = Value::Null;
                    let (one, other) = (
                        one.get(key).unwrap_or(&null),
                        other.get(key).unwrap_or(&null),
                    );
                    self.inside(key.replace('~', "~0").replace('/', "~1"), one, other);
                }
            }
            (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
                for (index, (one, other)) in one.iter().zip(other).enumerate() {
                    self.inside(index.to_string(), one, other);
                }
            }
            _ => self.found.push(Apart {
                pointer: self.at.iter().map(|part| format!("/{part}")).collect(),
                one: shortened(one),
                other: shortened(other),
            }),
        }
    }

    fn inside(&mut self, part: String, one: &Value, other: &Value) {
        self.at.push(part);
        self.compare(one, other);
        self.at.pop();
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

    fn found(one: &Value, two: &Value, ignore: &[&str], most: usize) -> Vec<(String, String)> {
        let ignore: Vec<String> = ignore.iter().map(|rule| (*rule).to_owned()).collect();
        let found = compare(&answer(200, one), &answer(200, two), &ignore, most);
        let told = |it: Apart| (it.pointer, format!("{}, and {}", it.one, it.other));
        found.into_iter().map(told).collect()
    }

    #[test]
    fn answers_are_compared_by_what_they_say_and_not_by_how_it_is_written() {
        let one = &json!({"a": 1, "b": [1, 2]});
        assert_eq!(found(one, &json!({"b": [1, 2], "a": 1}), &[], 1), []);
        let one = json!({"items": [{"id": 1, "at": "x"}, {"id": 2, "at": "y"}]});
        let two = json!({"items": [{"id": 1, "at": "z"}, {"id": 3, "at": "y"}]});
        let apart = |pointer: &str, what: &str| (pointer.to_owned(), what.to_owned());
        let at = apart("/items/0/at", "\"x\", and \"z\"");
        let id = apart("/items/1/id", "2, and 3");
        assert_eq!(
            found(&one, &two, &["/items/*/id"], 1),
            [at.clone()].to_vec()
        );
        assert_eq!(
            found(&one, &two, &["/items/*/at"], 1),
            [id.clone()].to_vec()
        );
        assert_eq!(found(&one, &two, &[], 9), [at, id]);
        assert_eq!(found(&one, &two, &[], 1).len(), 1);
        let both = ["/items/*/at", "/items/*/id"];
        assert_eq!(found(&one, &two, &both, 1), []);
        let one = &json!({"a": 1});
        assert_eq!(found(one, &json!({}), &[], 1), [apart("/a", "1, and null")]);
        assert_eq!(
            found(&json!([1]), &json!([1, 2]), &[], 1),
            [apart("", "[1], and [1,2]")]
        );
    }

    #[test]
    fn a_status_differs_whatever_the_bodies_are() {
        let (one, two) = (answer(200, &json!({})), answer(404, &json!({})));
        let apart = compare(&one, &two, &[String::new()], 1);
        let told: Vec<(&str, &str, &str)> = apart
            .iter()
            .map(|it| (&*it.pointer, &*it.one, &*it.other))
            .collect();
        assert_eq!(told, [("", "status 200", "404")]);
    }
}
