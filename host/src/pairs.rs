//! Names and texts as a client sends them, in a query, in cookies, in headers.

use std::borrow::Cow;
use std::collections::HashSet;

use http::{HeaderMap, HeaderName, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::cookie;
use crate::field::{Field, text};
use crate::large::Large;
use crate::problem::Loc;
use crate::schema::HIDDEN;
use crate::violations::{Rule, Violations, shorten, shorten_text};

/// A name and the text under it.
pub(crate) struct Pair<'a> {
    pub(crate) name: Cow<'a, str>,
    /// As it was sent: a comma between two values is told from one inside of a value before it is decoded.
    raw: Cow<'a, str>,
    decode: fn(&str) -> Cow<'_, str>,
}

impl Pair<'_> {
    pub(crate) fn text(&self) -> Cow<'_, str> {
        (self.decode)(&self.raw)
    }

    /// The values that stand in the text with `by` between them.
    pub(crate) fn parts(&self, by: char) -> Vec<Cow<'_, str>> {
        match by {
            ',' => self.raw.split(by).map(self.decode).collect(),
            // These two are encoded themselves by most clients, as they must be.
            _ => {
                let text = self.text();
                text.split(by).map(|part| part.to_owned().into()).collect()
            }
        }
    }
}

/// The pairs of a query, in its order (as HTML's forms write them).
pub(crate) fn of_query(query: &str) -> Vec<Pair<'_>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, raw) = pair.split_once('=').unwrap_or((pair, ""));
            Pair {
                name: decode_query(name),
                raw: raw.into(),
                decode: decode_query,
            }
        })
        .collect()
}

/// What stands in a path for the parameter of that name.
pub(crate) fn of_path<'a>(name: &'a str, raw: &'a str) -> Pair<'a> {
    Pair {
        name: name.into(),
        raw: raw.into(),
        decode: decode_path,
    }
}

pub(crate) fn of_cookies(headers: &HeaderMap) -> Vec<Pair<'static>> {
    let sent = headers.get_all(header::COOKIE).iter();
    sent.flat_map(|value| {
        let text = text(value.as_bytes());
        let pairs = cookie::parse(&text).map(|(name, value)| Pair {
            name: name.to_owned().into(),
            raw: value.into_owned().into(),
            decode: |text| text.into(),
        });
        pairs.collect::<Vec<_>>()
    })
    .collect()
}

/// Headers with their names in lower case.
pub(crate) fn of_headers(headers: &HeaderMap) -> Vec<Pair<'_>> {
    let pairs = headers.iter().map(|(name, value)| Pair {
        name: name.as_str().into(),
        raw: text(value.as_bytes()),
        decode: |text| text.trim().into(),
    });
    pairs.collect()
}

/// What comes with any request, whatever its client means by it: how the message is framed, who sends it, what it reads.
/// Nobody can leave these out, so where no other header may be sent, they still may.
pub(crate) const OF_ANY_REQUEST: [HeaderName; 9] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::HOST,
    header::USER_AGENT,
];

/// Tells each name for which `is_known` is false, in the order sent, with all that was sent under it.
pub(crate) fn tell_extra(
    place: &'static str,
    sent: &[(&str, Cow<'_, str>)],
    is_known: impl Fn(&str) -> bool,
    violations: &mut Violations,
) {
    let mut told = HashSet::new();
    for (name, _) in sent {
        if violations.is_full() {
            return;
        }
        if is_known(name) || !told.insert(name) {
            continue;
        }
        let of_name = sent.iter().filter(|(other, _)| other == name);
        let texts: Vec<&str> = of_name.map(|(_, text)| &**text).collect();
        violations.push(
            Rule::plain("extra_forbidden", "Extra inputs are not permitted"),
            || {
                vec![
                    Loc::Name(place.into()),
                    Loc::Name((*name).to_owned().into()),
                ]
            },
            |most| match texts[..] {
                [text] => shorten_text(text, most),
                _ => shorten(&texts.iter().copied().collect(), &Large::default(), most),
            },
        );
    }
}

/// All that was sent as an object, as FastAPI shows it: of what is declared its texts if it is a list, else the last; of
/// anything else a list where it came more than once. Secrets are not shown.
pub(crate) fn as_object<'a, 'f>(
    sent: impl Iterator<Item = (&'a str, Cow<'a, str>)>,
    declared: impl Fn(&str) -> Option<&'f Field>,
) -> Value {
    let mut object = Map::new();
    for (name, text) in sent {
        let field = declared(name);
        let text = match field.is_some_and(Field::is_secret) {
            true => Value::from(HIDDEN),
            false => Value::from(text),
        };
        match (object.get_mut(name), field) {
            (None, Some(field)) if field.list => {
                object.insert(name.to_owned(), Value::Array(vec![text]));
            }
            (None, _) => {
                object.insert(name.to_owned(), text);
            }
            (Some(Value::Array(texts)), _) => texts.push(text),
            (Some(last), Some(_)) => *last = text,
            (Some(first), None) => *first = Value::Array(vec![first.take(), text]),
        }
    }
    Value::Object(object)
}

/// Bytes that are no UTF-8 become U+FFFD.
fn decode_path(raw: &str) -> Cow<'_, str> {
    percent_decode_str(raw).decode_utf8_lossy()
}

fn decode_query(raw: &str) -> Cow<'_, str> {
    match raw.contains('+') {
        false => decode_path(raw),
        true => decode_path(&raw.replace('+', " ")).into_owned().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_forms_write_it() {
        for query in [
            "a=1&b=2",
            "a",
            "a=&&=b&=",
            "a=b=c",
            "a+b=c+d%2B",
            "%C3%A9=%FF",
            "%zz=%",
            "a;b=1",
        ] {
            let pairs = of_query(query);
            let ours: Vec<_> = pairs
                .iter()
                .map(|pair| (pair.name.clone(), pair.text()))
                .collect();
            let theirs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
            assert_eq!(ours, theirs, "{query}");
        }
    }

    #[test]
    fn a_comma_between_values_is_told_from_one_inside_of_a_value() {
        let pairs = of_query("v=a,b%2Cc,+d&w=a%7Cb|c");
        assert_eq!(pairs[0].parts(','), ["a", "b,c", " d"]);
        assert_eq!(pairs[1].parts('|'), ["a", "b", "c"]);
    }
}
