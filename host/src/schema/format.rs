//! Why a text is not in its format, in pydantic's words.
//!
//! JSON Schema's formats are stricter than pydantic, which also takes a date alone for a date-time or a time without
//! zone; what pydantic would take is told in words of our own.

use std::borrow::Cow;

use url::Url;

use super::temporal::{self, Why};

pub(super) fn error(format: &str, text: &str) -> Cow<'static, str> {
    match format {
        "uuid" => uuid(text),
        // FastAPI takes a moment for a date and a date for a moment, and tells why it is not even that.
        "date" => why(temporal::moment(text), "expected `YYYY-MM-DD`"),
        "date-time" => match temporal::moment(text) {
            Ok(_) => "expected `YYYY-MM-DDThh:mm:ss` and a time zone".into(),
            Err(_) => why(
                temporal::date(text),
                "expected `YYYY-MM-DDThh:mm:ss` and a time zone",
            ),
        },
        "time" => why(temporal::time(text), "expected `hh:mm:ss` and a time zone"),
        "duration" => why(temporal::duration(text), "expected one like `P1DT2H`"),
        _ if text.is_empty() => "input is empty".into(),
        _ => match Url::parse(text) {
            Err(error) => error.to_string().into(),
            Ok(_) => "a character in it has to be percent-encoded".into(),
        },
    }
}

/// Why it cannot be read; `strict` where it can, but is not spelled as JSON Schema's format is.
fn why<T>(read: Result<T, Why>, strict: &'static str) -> Cow<'static, str> {
    read.err().unwrap_or(strict).into()
}

fn uuid(text: &str) -> Cow<'static, str> {
    let strange = text
        .char_indices()
        .find(|(_, c)| !c.is_ascii_hexdigit() && *c != '-');
    if let Some((index, c)) = strange {
        return format!("invalid character: found `{c}` at {index}").into();
    }
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    if groups.len() == 1 {
        return format!("invalid length: found {}", text.len()).into();
    }
    if groups.len() != 5 {
        return format!("invalid group count: expected 5, found {}", groups.len()).into();
    }
    let wrong = groups.iter().zip([8, 4, 4, 4, 12]).enumerate();
    match wrong.into_iter().find(|(_, (found, due))| **found != *due) {
        Some((group, (found, due))) => {
            format!("invalid group length in group {group}: expected {due}, found {found}").into()
        }
        None => "it is not in the usual form".into(),
    }
}
