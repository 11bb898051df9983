//! Why a text is not in its format, in pydantic's words.
//!
//! JSON Schema's formats are stricter than pydantic, which also takes a date alone for a date-time or a time without
//! zone; what pydantic would take is told in words of our own.

use std::borrow::Cow;

pub(super) fn error(format: &str, text: &str) -> Cow<'static, str> {
    match format {
        "uuid" => uuid(text),
        "date" => date(text.as_bytes())
            .and_then(|rest| if rest.is_empty() { Ok(()) } else { Err(EXTRA) })
            .err()
            .unwrap_or("expected `YYYY-MM-DD`")
            .into(),
        "date-time" => date_time(text.as_bytes())
            .err()
            .unwrap_or("expected `YYYY-MM-DDThh:mm:ss` and a time zone")
            .into(),
        "time" => time(text.as_bytes())
            .err()
            .unwrap_or("expected `hh:mm:ss` and a time zone")
            .into(),
        "duration" if text.is_empty() || text == "P" => TOO_SHORT.into(),
        "duration" if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            "\"day\" identifier in duration not correctly formatted".into()
        }
        "duration" => "invalid digit in duration".into(),
        _ if text.is_empty() => "input is empty".into(),
        _ => "relative URL without a base".into(),
    }
}

const TOO_SHORT: &str = "input is too short";
const EXTRA: &str = "unexpected extra characters at the end of the input";

type Rest<'t> = Result<&'t [u8], &'static str>;

fn date(text: &[u8]) -> Rest<'_> {
    if text.len() < 10 {
        return Err(TOO_SHORT);
    }
    let (date, rest) = text.split_at(10);
    let year = number(&date[..4], "invalid character in year")?;
    if date[4] != b'-' {
        return Err("invalid date separator, expected `-`");
    }
    let month = number(&date[5..7], "invalid character in month")?;
    if date[7] != b'-' {
        return Err("invalid date separator, expected `-`");
    }
    let day = number(&date[8..], "invalid character in day")?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return Err("month value is outside expected range of 1-12"),
    };
    if !(1..=days).contains(&day) {
        return Err("day value is outside expected range");
    }
    Ok(rest)
}

fn date_time(text: &[u8]) -> Result<(), &'static str> {
    match date(text)? {
        [] => Ok(()),
        [b'T' | b't' | b' ' | b'_', rest @ ..] => time(rest).map_err(|_| EXTRA),
        _ => Err("invalid datetime separator, expected `T`, `t`, `_` or space"),
    }
}

fn time(text: &[u8]) -> Result<(), &'static str> {
    if text.len() < 5 {
        return Err(TOO_SHORT);
    }
    let hour = number(&text[..2], "invalid character in hour")?;
    if text[2] != b':' {
        return Err("invalid time separator, expected `:`");
    }
    let minute = number(&text[3..5], "invalid character in minute")?;
    if hour > 23 {
        return Err("hour value is outside expected range of 0-23");
    }
    if minute > 59 {
        return Err("minute value is outside expected range of 0-59");
    }
    let mut rest = &text[5..];
    if let [b':', seconds @ ..] = rest {
        if seconds.len() < 2 {
            return Err(TOO_SHORT);
        }
        if number(&seconds[..2], "invalid character in second")? > 59 {
            return Err("second value is outside expected range of 0-59");
        }
        rest = &seconds[2..];
        if let [b'.', fraction @ ..] = rest {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit());
            rest = &fraction[digits.count()..];
        }
    }
    match rest {
        [] | [b'Z' | b'z'] => Ok(()),
        [b'+' | b'-', zone @ ..] => {
            let zone: Vec<u8> = zone.iter().copied().filter(|byte| *byte != b':').collect();
            match zone[..] {
                [a, b, c, d] => {
                    let hours = number(&[a, b], EXTRA)?;
                    let minutes = number(&[c, d], EXTRA)?;
                    if hours < 24 && minutes < 60 {
                        Ok(())
                    } else {
                        Err(EXTRA)
                    }
                }
                _ => Err(EXTRA),
            }
        }
        _ => Err(EXTRA),
    }
}

fn number(digits: &[u8], error: &'static str) -> Result<u32, &'static str> {
    digits.iter().try_fold(0, |number, digit| {
        if digit.is_ascii_digit() {
            Ok(number * 10 + u32::from(digit - b'0'))
        } else {
            Err(error)
        }
    })
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
