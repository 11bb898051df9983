//! Texts that FastAPI takes for a date, a time, a moment, a duration, a UUID, an e-mail address or a URL, in one
//! spelling: what a guest gets is what was checked.

use serde_json::Value;
use url::Url;

use super::temporal::{self, Date};
use super::words;
use crate::violations::Rule;

/// Whether [`of`] alone decides whether a text is in this format, as it does of those that may be `spelled` otherwise (a
/// moment, say, needs no zone), and of those of RFC 3339 that have no zone and that JSON Schema does not know.
pub(super) fn decides(format: &str, spelled: bool) -> bool {
    match format {
        "partial-date-time" | "partial-time" => true,
        other => spelled && matches!(other, "date" | "date-time" | "time" | "duration" | "uri"),
    }
}

/// Whether a text in this format is read as something that is no text: a URL, or bytes.
pub(super) fn reads(format: &str) -> bool {
    decides(format, true) || matches!(format, "uuid" | "binary")
}

/// The text as `format` is spelled, where it is another spelling of one.
pub(super) fn of(format: &str, text: &str) -> Result<Option<String>, Rule> {
    let wrong = || words::format(format, text);
    let spelled = match format {
        "uuid" => return Ok(uuid(text)),
        "date" => date(text)?,
        "date-time" => moment(text)?,
        "time" => temporal::time(text).map_err(|_| wrong())?.to_string(),
        "partial-date-time" => without_zone(moment(text)?)?,
        "partial-time" => without_zone(temporal::time(text).map_err(|_| wrong())?.to_string())?,
        "duration" => {
            let span = temporal::duration(text).map_err(|_| wrong())?;
            match text.trim_start_matches(['-', '+']).starts_with('P') {
                true => text.to_owned(),
                false => span.to_string(),
            }
        }
        "email" => email(text).ok_or_else(wrong)?,
        "uri" => String::from(Url::parse(text).map_err(|_| wrong())?),
        _ => return Ok(None),
    };
    Ok((spelled != text).then_some(spelled))
}

/// What a number means in `format`: seconds since 1970, of a day, or as a span (of which `true` is one).
pub(super) fn of_number(format: &str, value: &Value) -> Option<String> {
    let seconds = match value {
        Value::Bool(sent) if format == "duration" => f64::from(u8::from(*sent)),
        Value::Number(number) => number.as_f64()?,
        _ => return None,
    };
    match format {
        "date" => date(&digits(value)?).ok(),
        "date-time" => moment(&digits(value)?).ok(),
        "time" => Some(temporal::of_day(seconds)?.to_string()),
        "duration" => Some(temporal::span(seconds)?.to_string()),
        _ => None,
    }
}

/// A number without an exponent.
fn digits(value: &Value) -> Option<String> {
    let number = value.as_number()?;
    Some(match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) => float.to_string(),
        None => number.to_string(),
    })
}

/// Why a number means nothing in `format`, where numbers may.
pub(super) fn no_number(format: &str, value: &Value) -> Option<Rule> {
    let seconds = value.as_number()?.as_f64()?;
    match format {
        "date" => match moment(&digits(value)?) {
            Ok(_) => Some(words::date_inexact()),
            Err(_) => Some(words::far_off(
                "date_from_datetime_parsing",
                "Input should be a valid date or datetime",
                temporal::no_moment(seconds),
            )),
        },
        "date-time" => Some(words::far_off(
            "datetime_parsing",
            "Input should be a valid datetime",
            temporal::no_moment(seconds),
        )),
        "time" => Some(words::far_off(
            "time_parsing",
            "Input should be in a valid time format",
            temporal::no_time(seconds),
        )),
        "duration" => Some(words::far_off(
            "time_delta_parsing",
            "Input should be a valid timedelta",
            temporal::TOO_LONG,
        )),
        _ => None,
    }
}

/// Plain digits, braces, `urn:uuid:`.
fn uuid(text: &str) -> Option<String> {
    let braced = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let inner = braced
        .or_else(|| text.strip_prefix("urn:uuid:"))
        .unwrap_or(text);
    let parts: Vec<&str> = inner.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let laid_out = lengths == [8, 4, 4, 4, 12] && inner.len() < text.len() || lengths == [32];
    if !laid_out {
        return None;
    }
    let digits = parts.concat();
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| {
            let cut = |from, to| &digits[from..to];
            format!(
                "{}-{}-{}-{}-{}",
                cut(0, 8),
                cut(8, 12),
                cut(12, 16),
                cut(16, 20),
                cut(20, 32)
            )
        })
}

/// A date, a moment at midnight, or Unix time that is one.
fn date(text: &str) -> Result<String, Rule> {
    let date = match temporal::date(text) {
        Ok(date) => date,
        Err(_) => match temporal::moment(text) {
            Ok((date, time)) if time.is_midnight() => date,
            Ok(_) => return Err(words::date_inexact()),
            Err(_) => return Err(words::format("date", text)),
        },
    };
    in_calendar(date, words::date_out_of_range)?;
    Ok(date.to_string())
}

/// A moment, or a date for its midnight.
fn moment(text: &str) -> Result<String, Rule> {
    let (date, time) = match temporal::moment(text) {
        Ok((date, time)) => (date, time.to_string()),
        Err(_) => match temporal::date(text) {
            Ok(date) => (date, "00:00:00".to_owned()),
            Err(_) => return Err(words::format("date-time", text)),
        },
    };
    in_calendar(date, words::moment_out_of_range)?;
    Ok(format!("{date}T{time}"))
}

/// A moment or a time of day as it is spelled, which has to be without a zone.
fn without_zone(spelled: String) -> Result<String, Rule> {
    let clock = spelled.rsplit('T').next().unwrap_or_default();
    match clock.contains(['Z', '+', '-']) {
        true => Err(words::zoned()),
        false => Ok(spelled),
    }
}

/// Python's calendar begins with the year 1.
fn in_calendar(date: Date, rule: fn(&'static str) -> Rule) -> Result<(), Rule> {
    match date.year {
        0 => Err(rule("year 0 is out of range")),
        _ => Ok(()),
    }
}

/// An address, also behind a name (`Al <al@example.com>`), its domain in lower case; none if that is no name of a host on
/// the internet. Whether it is an address otherwise is not decided here.
fn email(text: &str) -> Option<String> {
    let named = text
        .strip_suffix('>')
        .and_then(|text| text.split_once('<'))
        .map(|(_, address)| address);
    let address = named.unwrap_or(text);
    match address.rsplit_once('@') {
        Some((_, domain)) if !domain.contains('.') => None,
        Some((local, domain)) => Some(format!("{local}@{}", domain.to_lowercase())),
        None => Some(address.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, text: &str) -> Result<Option<String>, &'static str> {
        of(format, text).map_err(|rule| rule.kind)
    }

    #[test]
    fn a_number_too_small_to_be_written_without_an_exponent_is_a_moment_too() {
        let tiny = serde_json::json!(1e-7);
        assert_eq!(of_number("date", &tiny).as_deref(), Some("1970-01-01"));
        assert_eq!(
            of_number("date-time", &tiny).as_deref(),
            Some("1970-01-01T00:00:00Z")
        );
    }

    #[test]
    fn other_spellings_of_dates_moments_and_uuids_become_the_one_that_formats_have() {
        for (format, text, wanted) in [
            ("date", "2024-01-02T00:00:00", "2024-01-02"),
            ("date", "2024-01-02 00:00", "2024-01-02"),
            ("date", "0", "1970-01-01"),
            ("date", "1704153600", "2024-01-02"),
            ("date", "1709164800", "2024-02-29"),
            ("date", "-86400", "1969-12-31"),
            ("date-time", "2024-01-02t03:04Z", "2024-01-02T03:04:00Z"),
            (
                "date-time",
                "2024-01-02 03:04:05-0200",
                "2024-01-02T03:04:05-02:00",
            ),
            (
                "date-time",
                "2024-01-02_03:04:05.123456789+01:30",
                "2024-01-02T03:04:05.123456+01:30",
            ),
            ("date-time", "1700000000000", "2023-11-14T22:13:20Z"),
            ("date-time", "1700000000.5", "2023-11-14T22:13:20.500000Z"),
            ("date-time", "-1", "1969-12-31T23:59:59Z"),
            ("date-time", "+1", "1970-01-01T00:00:01Z"),
            ("date-time", "5.", "1970-01-01T00:00:05Z"),
            ("date-time", ".5", "1970-01-01T00:00:00.500000Z"),
            ("date-time", "99999999999999", "5138-11-16T09:46:39.999000Z"),
            ("date-time", "2024-01-02", "2024-01-02T00:00:00"),
            ("date-time", "2024-01-02 03:04", "2024-01-02T03:04:00"),
            ("time", "03:04", "03:04:00"),
            ("partial-time", "03:04", "03:04:00"),
            ("partial-date-time", "2024-01-02", "2024-01-02T00:00:00"),
            ("time", "03:04:05.1234567", "03:04:05.123456"),
            ("duration", "1 days 02:00:00", "P1DT2H"),
            ("duration", "1 day", "P1D"),
            ("duration", "-25:00:00.5", "-P1DT1H0.5S"),
            ("duration", "00:00", "PT0S"),
            ("email", "Al <a@B.co>", "a@b.co"),
            (
                "uri",
                "HTTP://EXAMPLE.com:80/a b?q=1#f",
                "http://example.com/a%20b?q=1#f",
            ),
            (
                "uuid",
                "0D1C2E3F4A5B4C6D8E7F0123456789AB",
                "0D1C2E3F-4A5B-4C6D-8E7F-0123456789AB",
            ),
            (
                "uuid",
                "{0d1c2e3f-4a5b-4c6d-8e7f-0123456789ab}",
                "0d1c2e3f-4a5b-4c6d-8e7f-0123456789ab",
            ),
            (
                "uuid",
                "urn:uuid:0d1c2e3f-4a5b-4c6d-8e7f-0123456789ab",
                "0d1c2e3f-4a5b-4c6d-8e7f-0123456789ab",
            ),
        ] {
            assert_eq!(read(format, text), Ok(Some(wanted.into())), "{text}");
        }
    }

    #[test]
    fn what_is_spelled_right_or_is_no_other_spelling_stays_as_it_is() {
        for (format, text) in [
            ("date", "2024-01-02"),
            ("date-time", "2024-01-02T03:04:05"),
            ("date-time", "2024-01-02T03:04:05+01:00"),
            ("time", "03:04:05Z"),
            ("duration", "-P1DT2H"),
            ("duration", "PT0.0000005S"),
            ("email", "a@b.co"),
            ("uri", "mailto:a@b.co"),
            ("uuid", "0d1c2e3f-4a5b-4c6d-8e7f-0123456789ab"),
            ("uuid", "0d1c2e3f4a5b4c6d8e7f0123456789ax"),
            ("uuid", "ääääääääääääääää"),
            ("hostname", "03:04"),
        ] {
            assert_eq!(read(format, text), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_python_s_calendar_does_not_have_is_told_as_python_tells_it() {
        assert_eq!(read("date", "0000-01-01"), Err("date_parsing"));
        let moment = read("date-time", "0000-01-01T00:00:00Z");
        assert_eq!(moment, Err("datetime_object_invalid"));
    }

    #[test]
    fn what_is_none_is_refused() {
        for (format, text, kind) in [
            ("date", "1e9", "date_from_datetime_parsing"),
            ("date", "--1", "date_from_datetime_parsing"),
            ("date", ".", "date_from_datetime_parsing"),
            ("date", "99999999999999999999", "date_from_datetime_parsing"),
            ("date", "2024-01-02T0", "date_from_datetime_parsing"),
            (
                "date-time",
                "2024-01-02T03:04:05+1",
                "datetime_from_date_parsing",
            ),
            (
                "date-time",
                "2024-01-0ä03:04:05Z",
                "datetime_from_date_parsing",
            ),
            (
                "date-time",
                "2024-01-02T03:04:05ä:0+0ä",
                "datetime_from_date_parsing",
            ),
            ("time", "3600", "time_parsing"),
            ("partial-time", "25:00", "time_parsing"),
            ("partial-time", "03:04:05Z", "timezone_naive"),
            ("partial-date-time", "x", "datetime_from_date_parsing"),
            (
                "partial-date-time",
                "2024-01-02T03:04:05-01:00",
                "timezone_naive",
            ),
            ("partial-date-time", "1700000000", "timezone_naive"),
            ("time", "86400", "time_parsing"),
            ("duration", "3600", "time_delta_parsing"),
            ("duration", "P1Y2", "time_delta_parsing"),
            ("duration", "999999999999 days", "time_delta_parsing"),
            ("uri", "a.b", "url_parsing"),
            ("uri", "http://", "url_parsing"),
        ] {
            assert_eq!(read(format, text), Err(kind), "{text}");
        }
    }

    #[test]
    fn hours_of_a_duration_end_at_the_first_colon() {
        for (text, why) in [
            ("2024-01-02", "invalid character in hour"),
            ("12345", "invalid character in hour"),
            ("1x:00:00", "invalid character in hour"),
            (
                "10000000000:00",
                "durations may not exceed 999,999,999 hours",
            ),
            (
                "2024-01-02T03:04",
                "durations may not exceed 999,999,999 hours",
            ),
        ] {
            assert_eq!(temporal::duration(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_moment_within_a_day_is_no_date() {
        for text in ["20240102", "2024-01-02T00:00:01", "0.5"] {
            assert_eq!(
                read("date", text),
                Err("date_from_datetime_inexact"),
                "{text}"
            );
        }
    }
}
