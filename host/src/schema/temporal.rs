//! Dates, times, moments and durations as pydantic reads them from a text, and why it does not.
//!
//! The spellings are those of RFC 3339 and ISO 8601 and some more: a blank or `_` for the `T`, no seconds, no zone, Unix
//! time, `1 day 02:00:00`. What is read is written in one spelling, that of Python's `isoformat`, with `Z` for UTC.

use std::cmp::Ordering;
use std::fmt;

/// Why a text is none, in pydantic's words.
pub(super) type Why = &'static str;

pub(super) const TOO_SHORT: Why = "input is too short";
const EXTRA: Why = "unexpected extra characters at the end of the input";
const NO_DAYS: Why = "\"day\" identifier in duration not correctly formatted";
const NO_NUMBER: Why = "invalid digit in duration";

/// A day of the calendar that is used today, for all time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Date {
    pub(super) year: u32,
    month: u32,
    day: u32,
}

/// A time of day, and the minutes by which its zone is ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    hour: u32,
    minute: u32,
    second: u32,
    micros: u32,
    pub(super) zone: Option<i32>,
}

/// A span of time: its sign, seconds, microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    negative: bool,
    seconds: u64,
    micros: u32,
}

impl Date {
    /// Days since 1970.
    pub(super) fn days(self) -> i64 {
        let (year, month, day) = (
            i64::from(self.year),
            i64::from(self.month),
            i64::from(self.day),
        );
        let (year, month) = match month {
            1 | 2 => (year - 1, month + 9),
            _ => (year, month - 3),
        };
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
    }
}

impl Span {
    /// In microseconds.
    pub(super) fn micros(self) -> i128 {
        let micros = i128::from(self.seconds) * 1_000_000 + i128::from(self.micros);
        if self.negative { -micros } else { micros }
    }
}

impl Time {
    /// In microseconds after midnight, in UTC.
    pub(super) fn utc(self) -> i64 {
        self.local() - i64::from(self.zone.unwrap_or_default()) * 60_000_000
    }

    fn local(self) -> i64 {
        let seconds = (self.hour * 60 + self.minute) * 60 + self.second;
        i64::from(seconds) * 1_000_000 + i64::from(self.micros)
    }

    /// Of two zones in UTC; what has none is compared as it stands there.
    pub(super) fn compare(self, other: Time) -> Ordering {
        match (self.zone, other.zone) {
            (Some(_), Some(_)) => self.utc().cmp(&other.utc()),
            _ => self.local().cmp(&other.local()),
        }
    }

    pub(super) fn is_midnight(self) -> bool {
        (self.hour, self.minute, self.second, self.micros) == (0, 0, 0, 0)
    }
}

/// `YYYY-MM-DD`.
pub(super) fn date(text: &str) -> Result<Date, Why> {
    match day(text.as_bytes())? {
        (date, []) => Ok(date),
        _ => Err(EXTRA),
    }
}

/// `hh:mm[:ss[.f]][zone]`.
pub(super) fn time(text: &str) -> Result<Time, Why> {
    clock(text.as_bytes())
}

/// A date and a time with `T`, `t`, `_` or a blank between them, or Unix time.
pub(super) fn moment(text: &str) -> Result<(Date, Time), Why> {
    let parts = || match day(text.as_bytes())? {
        (date, [b'T' | b't' | b' ' | b'_', rest @ ..]) => Ok((date, clock(rest)?)),
        (_, []) => Err(TOO_SHORT),
        _ => Err("invalid datetime separator, expected `T`, `t`, `_` or space"),
    };
    parts().or_else(|why| match unix(text) {
        Some(Ok(micros)) => Ok(at_unix(micros)),
        Some(Err(why)) => Err(why),
        None => Err(why),
    })
}

/// Why so many seconds after (or milliseconds) 1970 are no moment.
pub(super) fn no_moment(seconds: f64) -> Why {
    match seconds < 0.0 {
        true => "dates before 0000 are not supported as unix timestamps",
        false => "dates after 9999 are not supported as unix timestamps",
    }
}

/// Why so many seconds are no time of day.
pub(super) fn no_time(seconds: f64) -> Why {
    match seconds < 0.0 {
        true => "time in seconds should be positive",
        false => "numeric times may not exceed 86,399 seconds",
    }
}

/// So many seconds after midnight, in UTC.
pub(super) fn of_day(seconds: f64) -> Option<Time> {
    let micros = (seconds * 1e6).round();
    (0.0..86_400e6)
        .contains(&micros)
        .then(|| at_unix(micros as i64).1)
}

/// So many seconds.
pub(super) fn span(seconds: f64) -> Option<Span> {
    let micros = (seconds.abs() * 1e6).round();
    (micros < MOST_SECONDS as f64 * 1e6).then(|| Span {
        negative: seconds < 0.0 && micros > 0.0,
        seconds: (micros / 1e6) as u64,
        micros: (micros % 1e6) as u32,
    })
}

fn day(text: &[u8]) -> Result<(Date, &[u8]), Why> {
    let Some((date, rest)) = text.split_at_checked(10) else {
        return Err(TOO_SHORT);
    };
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
    Ok((Date { year, month, day }, rest))
}

fn clock(text: &[u8]) -> Result<Time, Why> {
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
    let (mut second, mut micros, mut rest) = (0, 0, &text[5..]);
    if let [b':', seconds @ ..] = rest {
        let (digits, after) = seconds.split_at_checked(2).ok_or(TOO_SHORT)?;
        second = number(digits, "invalid character in second")?;
        if second > 59 {
            return Err("second value is outside expected range of 0-59");
        }
        rest = after;
        if let [b'.' | b',', fraction @ ..] = rest {
            (micros, rest) = millionths(fraction);
            if rest.len() == fraction.len() {
                return Err("second fraction value is missing");
            }
        }
    }
    let zone = match rest {
        [] => None,
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), zone @ ..] => {
            let (hours, minutes) = match *zone {
                [a, b, b':', c, d] | [a, b, c, d] => ([a, b], [c, d]),
                [_, _, _, _, ..] => return Err(EXTRA),
                _ => return Err(TOO_SHORT),
            };
            let hours = number(&hours, "invalid timezone hour")?;
            let minutes = number(&minutes, "invalid timezone minute")?;
            if minutes > 59 {
                return Err("timezone minute value is outside expected range of 0-59");
            }
            if hours > 23 {
                return Err("timezone offset must be less than 24 hours");
            }
            let ahead = (hours * 60 + minutes) as i32;
            Some(if *sign == b'-' { -ahead } else { ahead })
        }
        _ => return Err("invalid timezone sign"),
    };
    Ok(Time {
        hour,
        minute,
        second,
        micros,
        zone,
    })
}

/// The digits after a point as millionths, further ones cut off; and what comes after them.
fn millionths(digits: &[u8]) -> (u32, &[u8]) {
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, rest) = digits.split_at(count);
    let six = digits
        .iter()
        .copied()
        .chain(std::iter::repeat(b'0'))
        .take(6);
    (
        six.fold(0, |all, digit| all * 10 + u32::from(digit - b'0')),
        rest,
    )
}

fn number(digits: &[u8], why: Why) -> Result<u32, Why> {
    digits.iter().try_fold(0_u32, |number, digit| match digit {
        b'0'..=b'9' => Ok(number * 10 + u32::from(digit - b'0')),
        _ => Err(why),
    })
}

/// Seconds since 1970, or milliseconds where that many seconds would be far away, as microseconds. None for what is no
/// number, or no integer of 64 bits.
pub(super) fn unix(text: &str) -> Option<Result<i64, Why>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let negative = text.starts_with('-');
    let whole: i64 = match whole {
        "" => 0,
        _ if negative => format!("-{whole}").parse().ok()?,
        _ => whole.parse().ok()?,
    };
    let micros = i128::from(millionths(fraction.as_bytes()).0);
    let micros = i128::from(whole) * 1_000_000 + if negative { -micros } else { micros };
    let micros = match whole.unsigned_abs() > 20_000_000_000 {
        true => micros.div_euclid(1_000),
        false => micros,
    };
    // The years that four digits have.
    match i64::try_from(micros) {
        Ok(micros) if (-62_135_596_800_000_000..253_402_300_800_000_000).contains(&micros) => {
            Some(Ok(micros))
        }
        _ => fraction.is_empty().then(|| Err(no_moment(whole as f64))),
    }
}

/// So many microseconds after 1970, in UTC.
pub(super) fn at_unix(micros: i64) -> (Date, Time) {
    const DAY: i64 = 86_400_000_000;
    let rest = micros.rem_euclid(DAY) as u64;
    let seconds = (rest / 1_000_000) as u32;
    let time = Time {
        hour: seconds / 3600,
        minute: seconds / 60 % 60,
        second: seconds % 60,
        micros: (rest % 1_000_000) as u32,
        zone: Some(0),
    };
    // Years begin in March here, so that the leap day is their last: 400 of them always have 146,097 days.
    let days = micros.div_euclid(DAY) + 719_468;
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
    let date = Date {
        year: (era * 400 + year + later) as u32,
        month: month as u32,
        day: date as u32,
    };
    (date, time)
}

/// ISO 8601 with its signs and fractions (a year has 365 days, a month 30), or `[n day[s][,] ]hh:mm[:ss[.f]]`, whose
/// hours may be more than a day has.
pub(super) fn duration(text: &str) -> Result<Span, Why> {
    let bytes = text.as_bytes();
    let (negative, rest) = match bytes {
        [] => return Err(TOO_SHORT),
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    };
    let (seconds, micros) = match rest {
        [b'P', rest @ ..] => iso_duration(rest)?,
        _ if bytes.len() < 5 || bytes.iter().any(|byte| matches!(byte, b'd' | b'D')) => {
            days_and_time(rest)?
        }
        _ => hours(rest)?,
    };
    Ok(Span {
        negative: negative && (seconds, micros) != (0, 0),
        seconds,
        micros,
    })
}

/// As many seconds as Python's `timedelta` takes: 999,999,999 days.
const MOST_SECONDS: u64 = 86_400 * 1_000_000_000;
const TOO_MANY_HOURS: Why = "durations may not exceed 999,999,999 hours";
pub(super) const TOO_LONG: Why = "durations may not exceed 999,999,999 days";

/// The digits at the start as a number, and the rest.
fn count(text: &[u8]) -> Result<(u64, &[u8]), Why> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(digits);
    if digits.is_empty() {
        return Err(match rest {
            [] => TOO_SHORT,
            _ => NO_NUMBER,
        });
    }
    let value = digits.iter().try_fold(0_u64, |value, digit| {
        let value = value * 10 + u64::from(digit - b'0');
        (value < MOST_SECONDS).then_some(value)
    });
    Ok((value.ok_or(TOO_LONG)?, rest))
}

fn iso_duration(mut text: &[u8]) -> Result<(u64, u32), Why> {
    if text.is_empty() {
        return Err(TOO_SHORT);
    }
    let (mut seconds, mut micros) = (0_u64, 0_u64);
    let (mut time, mut ended) = (false, false);
    while let [first, rest @ ..] = text {
        if *first == b'T' {
            if std::mem::replace(&mut time, true) {
                return Err("duration \"T\" can only appear once");
            }
            text = rest;
            continue;
        }
        let (value, mut rest) = count(text)?;
        if ended {
            return Err("fractions are only allowed on the last part of a duration");
        }
        let mut fraction = 0;
        if let [b'.' | b',', digits @ ..] = rest {
            let places = digits
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            // The seventh digit rounds the sixth, as pydantic rounds.
            let rounds = digits
                .get(6)
                .is_some_and(|digit| (b'5'..=b'9').contains(digit));
            fraction = u64::from(millionths(digits).0) + u64::from(places > 6 && rounds);
            rest = &digits[places..];
            ended = true;
        }
        let (unit, after) = match rest {
            [unit, after @ ..] => (Some(*unit), after),
            [] => (None, rest),
        };
        let unit = match (time, unit) {
            (true, Some(b'H')) => 3_600,
            (true, Some(b'M')) => 60,
            (true, Some(b'S')) => 1,
            (true, _) => return Err("invalid time unit, expected H, M or S"),
            (false, Some(b'Y')) => 86_400 * 365,
            (false, Some(b'M')) => 86_400 * 30,
            (false, Some(b'W')) => 86_400 * 7,
            (false, Some(b'D')) => 86_400,
            (false, _) => return Err("invalid date unit, expected Y, M, W or D"),
        };
        micros += fraction * unit;
        seconds = seconds.saturating_add(value.saturating_mul(unit));
        text = after;
    }
    let seconds = seconds.saturating_add(micros / 1_000_000);
    if seconds >= MOST_SECONDS {
        return Err(TOO_LONG);
    }
    Ok((seconds, (micros % 1_000_000) as u32))
}

/// `n d`, `n day`, `n days,` and a time.
fn days_and_time(text: &[u8]) -> Result<(u64, u32), Why> {
    let (days, rest) = count(text)?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let [b'd' | b'D', rest @ ..] = rest else {
        return Err(NO_DAYS);
    };
    let rest = match rest {
        [b'a' | b'A', b'y' | b'Y', b's' | b'S', rest @ ..] => rest,
        [b'a' | b'A', b'y' | b'Y', rest @ ..] => rest,
        [b'a' | b'A', ..] => return Err(NO_DAYS),
        _ => rest,
    };
    let rest = rest.strip_prefix(b",").unwrap_or(rest);
    let (seconds, micros) = match rest {
        [] => (0, 0),
        [b' ', time @ ..] => hours(time)?,
        _ => return Err(NO_DAYS),
    };
    let seconds = days.saturating_mul(86_400).saturating_add(seconds);
    if seconds >= MOST_SECONDS {
        return Err(TOO_LONG);
    }
    Ok((seconds, micros))
}

/// `hh:mm[:ss[.f]]`, the hours of any number.
fn hours(text: &[u8]) -> Result<(u64, u32), Why> {
    const NO_HOURS: Why = "invalid character in hour";
    let colon = text.iter().position(|byte| *byte == b':');
    let (hours, rest) = text.split_at(colon.ok_or(NO_HOURS)?);
    if hours.len() > 10 {
        return Err(TOO_MANY_HOURS);
    }
    if hours.is_empty() || !hours.iter().all(u8::is_ascii_digit) {
        return Err(NO_HOURS);
    }
    let (hours, _) = count(hours)?;
    if hours > 999_999_999 {
        return Err(TOO_MANY_HOURS);
    }
    let mut clocked = b"00".to_vec();
    clocked.extend_from_slice(rest);
    let time = clock(&clocked)?;
    if time.zone.is_some() {
        return Err(EXTRA);
    }
    let seconds = hours.saturating_mul(3600) + u64::from(time.minute * 60 + time.second);
    if seconds >= MOST_SECONDS {
        return Err(TOO_LONG);
    }
    Ok((seconds, time.micros))
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)?;
        if self.micros > 0 {
            write!(f, ".{:06}", self.micros)?;
        }
        match self.zone {
            None => Ok(()),
            Some(0) => f.write_str("Z"),
            Some(zone) => {
                let sign = if zone < 0 { '-' } else { '+' };
                let zone = zone.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", zone / 60, zone % 60)
            }
        }
    }
}

/// As ISO 8601 has it: `-P1DT2H0.5S`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.negative { "-P" } else { "P" })?;
        let (days, rest) = (self.seconds / 86_400, self.seconds % 86_400);
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if (rest, self.micros) == (0, 0) {
            return f.write_str(if days > 0 { "" } else { "T0S" });
        }
        f.write_str("T")?;
        for (count, unit) in [(rest / 3600, 'H'), (rest / 60 % 60, 'M')] {
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        let seconds = rest % 60;
        match self.micros {
            0 if seconds == 0 => Ok(()),
            0 => write!(f, "{seconds}S"),
            micros => {
                let fraction = format!("{micros:06}");
                write!(f, "{seconds}.{}S", fraction.trim_end_matches('0'))
            }
        }
    }
}
