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
        "date-time" | "partial-date-time" => match temporal::moment(text) {
            Ok(_) => "expected `YYYY-MM-DDThh:mm:ss` and a time zone".into(),
            Err(far) if temporal::unix(text).is_some() => far.into(),
            Err(_) => why(
                temporal::date(text),
                "expected `YYYY-MM-DDThh:mm:ss` and a time zone",
            ),
        },
        "time" | "partial-time" => why(temporal::time(text), "expected `hh:mm:ss` and a time zone"),
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
    /// `urn:uuid:` and 36 characters.
    const LONGEST: usize = 45;
    let length = || format!("invalid length: found {}", text.len()).into();
    if text.len() > LONGEST {
        return length();
    }
    let braced = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let (inner, before) = match (braced, text.strip_prefix("urn:uuid:")) {
        (Some(inner), _) => (inner, 1),
        (None, Some(inner)) => (inner, text.len() - inner.len()),
        (None, None) => (text, 0),
    };
    let strange = inner
        .char_indices()
        .find(|(_, c)| !c.is_ascii_hexdigit() && *c != '-');
    if let Some((index, c)) = strange {
        return format!("invalid character: found `{c}` at {}", before + index).into();
    }
    let groups: Vec<usize> = inner.split('-').map(str::len).collect();
    // As long as one with hyphens, it is one whose hyphens are missing.
    if groups.len() == 1 && before == 0 && text.len() != 36 {
        return length();
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

#[cfg(test)]
mod tests {
    use super::error;

    #[test]
    fn a_uuid_that_is_none_is_told_as_pydantic_tells_it() {
        for (text, told) in [
            ("{}", "invalid group count: expected 5, found 1"),
            ("{abc", "invalid character: found `{` at 0"),
            ("{\"b\": 5}", "invalid character: found `\"` at 1"),
            ("urn:uuid:zz", "invalid character: found `z` at 9"),
            ("URN:UUID:zz", "invalid character: found `U` at 0"),
            (
                "{a-b-c-d-e}",
                "invalid group length in group 0: expected 8, found 1",
            ),
            ("aé", "invalid character: found `é` at 1"),
            ("", "invalid length: found 0"),
            ("-", "invalid group count: expected 5, found 2"),
            (&"a".repeat(33), "invalid length: found 33"),
            (&"a".repeat(36), "invalid group count: expected 5, found 1"),
            (&"z".repeat(45), "invalid character: found `z` at 0"),
            (&"z".repeat(46), "invalid length: found 46"),
        ] {
            assert_eq!(error("uuid", text), told, "{text}");
        }
    }

    #[test]
    fn unix_time_that_is_far_away_is_told_as_such() {
        let late = "dates after 9999 are not supported as unix timestamps";
        let early = "dates before 0000 are not supported as unix timestamps";
        for (text, told) in [
            ("9007199254740993", late),
            ("253402300800000", late),
            ("-9223372036854775808", early),
            (
                "99999999999999999999999",
                "invalid date separator, expected `-`",
            ),
            ("1e22", "input is too short"),
        ] {
            assert_eq!(error("date-time", text), told, "{text}");
            assert_eq!(error("date", text), told, "{text}");
        }
    }
}
