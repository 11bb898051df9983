//! Texts that FastAPI takes for a date, a moment or a UUID, in the one spelling that JSON Schema's `format` has: what a
//! guest gets is what was checked.

use super::words;
use crate::violations::Rule;

const DAY: i64 = 86_400_000_000;

/// The text as `format` spells it; none if it already is, or is none that could be.
pub(super) fn of(format: &str, text: &str) -> Result<Option<String>, Rule> {
    match format {
        "uuid" => Ok(uuid(text)),
        "date" => date(text),
        "date-time" => Ok(moment(text)),
        _ => Ok(None),
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

/// A moment at midnight, or Unix time that is one.
fn date(text: &str) -> Result<Option<String>, Rule> {
    if let Some(micros) = unix(text) {
        return match micros.rem_euclid(DAY) {
            0 => Ok(Some(day(micros.div_euclid(DAY)))),
            _ => Err(words::date_inexact()),
        };
    }
    let Some((date, time)) = at_separator(text) else {
        return Ok(None);
    };
    match clock(time) {
        None => Ok(None),
        Some(time) if time.bytes().all(|byte| b"0:.".contains(&byte)) => Ok(Some(date.to_owned())),
        Some(_) => Err(words::date_inexact()),
    }
}

/// Unix time; or a moment with a zone, which JSON Schema wants and FastAPI does not: a moment without one stays as it is.
fn moment(text: &str) -> Option<String> {
    if let Some(micros) = unix(text) {
        let (date, rest) = (day(micros.div_euclid(DAY)), micros.rem_euclid(DAY));
        let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let fraction = match fraction {
            0 => String::new(),
            _ => format!(".{fraction:06}"),
        };
        return Some(format!(
            "{date}T{hour:02}:{minute:02}:{second:02}{fraction}Z"
        ));
    }
    let (date, time) = at_separator(text)?;
    let (time, zone) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, "Z".to_owned()),
        None => {
            let (time, zone) = time.split_at(time.rfind(['+', '-'])?);
            (time, with_colon(zone)?)
        }
    };
    Some(format!("{date}T{}{zone}", clock(time)?))
}

/// The date, and what comes after `T`, `t`, `_` or a blank.
fn at_separator(text: &str) -> Option<(&str, &str)> {
    let (date, rest) = text.split_at_checked(10)?;
    let time = rest.strip_prefix(['T', 't', '_', ' '])?;
    Some((date, time))
}

/// `hh:mm[:ss[.f]]` as `hh:mm:ss[.f]`, the fraction cut to microseconds.
fn clock(time: &str) -> Option<String> {
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = whole.split(':').collect();
    let laid_out = parts.iter().all(|part| part.len() == 2 && digits(part));
    if !laid_out || !digits(fraction) || time.ends_with('.') {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(6)];
    match parts[..] {
        [hour, minute] if fraction.is_empty() => Some(format!("{hour}:{minute}:00")),
        [_, _, _] if fraction.is_empty() => Some(whole.to_owned()),
        [_, _, _] => Some(format!("{whole}.{fraction}")),
        _ => None,
    }
}

/// `+hhmm` as `+hh:mm`.
fn with_colon(zone: &str) -> Option<String> {
    match zone.len() {
        5 => Some(format!("{}:{}", zone.get(..3)?, zone.get(3..)?)),
        6 => Some(zone.to_owned()),
        _ => None,
    }
}

/// Seconds since 1970, or milliseconds where that many seconds would be far away, as microseconds.
fn unix(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole.strip_prefix('-').unwrap_or(whole)) || !digits(fraction) {
        return None;
    }
    let fraction = format!("{:0<6}", &fraction[..fraction.len().min(6)]);
    let micros = i128::from(fraction.parse::<i64>().ok()?);
    let whole: i64 = whole.parse().ok()?;
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let micros = i128::from(whole) * 1_000_000 + sign * micros;
    let micros = match whole.unsigned_abs() > 20_000_000_000 {
        true => micros.div_euclid(1_000),
        false => micros,
    };
    // The years that four digits have.
    (-62_135_596_800_000_000..253_402_300_800_000_000)
        .contains(&micros)
        .then(|| i64::try_from(micros).ok())?
}

/// The date so many days after 1970-01-01, in the calendar that is used today, for all time.
fn day(days: i64) -> String {
    // Years begin in March here, so that the leap day is their last: 400 of them always have 146,097 days.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{date:02}", era * 400 + year + later)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, text: &str) -> Result<Option<String>, &'static str> {
        of(format, text).map_err(|rule| rule.kind)
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
            ("date-time", "99999999999999", "5138-11-16T09:46:39.999000Z"),
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
    fn what_is_no_other_spelling_stays_as_it_is() {
        for (format, text) in [
            ("date", "2024-01-02"),
            ("date", "1e9"),
            ("date", "--1"),
            ("date", "1."),
            ("date", "99999999999999999999"),
            ("date", "2024-01-02T0"),
            ("date-time", "2024-01-02T03:04:05"),
            ("date-time", "2024-01-02T03:04:05+1"),
            ("date-time", "2024-01-02"),
            ("date-time", "2024-01-0ä03:04:05Z"),
            ("date-time", "2024-01-02T03:04:05ä:0+0ä"),
            ("uuid", "0d1c2e3f-4a5b-4c6d-8e7f-0123456789ab"),
            ("uuid", "0d1c2e3f4a5b4c6d8e7f0123456789ax"),
            ("uuid", "ääääääääääääääää"),
            ("time", "03:04"),
        ] {
            assert_eq!(read(format, text), Ok(None), "{text}");
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
