//! Limits of dates, times, moments and durations, for which JSON Schema has no word.
//!
//! A contract says `x-switchback-time: {"ge": "2020-01-01"}` beside their `format`. Beside `gt`, `ge`, `lt` and `le` stand
//! `"now": "past"` or `"future"`, and `"zone": true` or `false` for a moment or a time with one or without.

use std::cmp::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::temporal::{self, Date, Span, Time};
use super::words;
use crate::violations::Rule;

/// The key by which a contract says them.
pub(super) const KEY: &str = "x-switchback-time";

/// What a contract says of a date, a time, a moment or a duration.
#[derive(Default)]
pub(super) struct TimeRules {
    /// In the order in which pydantic looks at them.
    limits: Vec<Limit>,
    now: Option<Now>,
    zone: Option<bool>,
}

struct Limit {
    /// As its violation is called, its place there, and its words.
    names: (&'static str, &'static str, &'static str),
    allowed: &'static [Ordering],
    value: Point,
}

#[derive(Clone, Copy, PartialEq)]
enum Now {
    Past,
    Future,
}

/// What such a text means.
enum Point {
    Date(Date),
    Time(Time),
    Moment(Date, Time),
    Span(Span),
}

/// The limits, by the key that a contract writes.
const LIMITS: [(&str, &str, &str, &[Ordering]); 4] = {
    use Ordering::{Equal, Greater, Less};
    [
        (
            "le",
            "less_than_equal",
            "less than or equal to",
            &[Less, Equal],
        ),
        ("lt", "less_than", "less than", &[Less]),
        (
            "ge",
            "greater_than_equal",
            "greater than or equal to",
            &[Greater, Equal],
        ),
        ("gt", "greater_than", "greater than", &[Greater]),
    ]
};

/// What breaks one of them, and the value to be shown where it is not what was sent.
pub(super) struct Broken {
    pub(super) rule: Rule,
    pub(super) input: Option<Value>,
}

impl TimeRules {
    /// Reads what stands under [`KEY`], beside this format.
    pub(super) fn read(said: &Value, format: &str) -> Result<TimeRules, String> {
        let Value::Object(said) = said else {
            return Err(format!(
                "`{KEY}` is an object: `{{\"ge\": \"2020-01-01\"}}`"
            ));
        };
        if let Some(unknown) = said.keys().find(|key| !is_known(key)) {
            return Err(format!(
                "`{KEY}` knows `gt`, `ge`, `lt`, `le`, `now` and `zone`, not `{unknown}`"
            ));
        }
        let limits = LIMITS.into_iter().filter_map(|(key, kind, words, allowed)| {
            let value = said.get(key)?;
            let point = value.as_str().and_then(|text| Point::read(format, text));
            let limit = point.map(|value| Limit {
                names: (kind, key, words),
                allowed,
                value,
            });
            Some(limit.ok_or_else(|| {
                format!("`{key}` of `{KEY}` is a text of the `format` beside it, and {value} is no `{format}`")
            }))
        });
        let dated = matches!(format, "date" | "date-time");
        let zoned = matches!(format, "date-time" | "time");
        Ok(TimeRules {
            limits: limits.collect::<Result<_, _>>()?,
            now: match said.get("now").map(Value::as_str) {
                None => None,
                Some(Some("past")) if dated => Some(Now::Past),
                Some(Some("future")) if dated => Some(Now::Future),
                Some(_) => {
                    return Err(format!(
                        "`now` of `{KEY}` is `past` or `future`, beside `format: date` or `date-time`"
                    ));
                }
            },
            zone: match said.get("zone") {
                None => None,
                Some(Value::Bool(zone)) if zoned => Some(*zone),
                Some(_) => {
                    return Err(format!(
                        "`zone` of `{KEY}` is true or false, beside `format: date-time` or `time`"
                    ));
                }
            },
        })
    }

    /// The first rule that a text breaks; none if it is none of its format, which is told by others.
    pub(super) fn broken(&self, format: &str, text: &str) -> Option<Broken> {
        let point = Point::read(format, text)?;
        let plain = |kind, msg| Broken {
            rule: Rule::plain(kind, msg),
            input: None,
        };
        let beyond = |limit: &&Limit| !limit.allowed.contains(&point.compare(&limit.value));
        if let Some(limit) = self.limits.iter().find(beyond) {
            return Some(Broken {
                rule: words::time_limit(limit.names, &limit.value.words()),
                input: point.seconds().map(Value::from),
            });
        }
        if let Some(now) = self.now {
            let allowed = match now {
                Now::Past => Ordering::Less,
                Now::Future => Ordering::Greater,
            };
            if point.compare(&Point::now()) != allowed {
                return Some(match (&point, now) {
                    (Point::Date(_), Now::Past) => plain("date_past", "Date should be in the past"),
                    (Point::Date(_), Now::Future) => {
                        plain("date_future", "Date should be in the future")
                    }
                    (_, Now::Past) => plain("datetime_past", "Input should be in the past"),
                    (_, Now::Future) => plain("datetime_future", "Input should be in the future"),
                });
            }
        }
        match (self.zone, point.zone()?) {
            (Some(true), None) => Some(plain("timezone_aware", "Input should have timezone info")),
            (Some(false), Some(_)) => Some(plain(
                "timezone_naive",
                "Input should not have timezone info",
            )),
            _ => None,
        }
    }
}

/// Which of two texts of a format is earlier, or shorter; none if one is none of it.
#[cfg(feature = "runtime")]
pub(crate) fn compare(format: &str, one: &str, other: &str) -> Option<Ordering> {
    Some(Point::read(format, one)?.compare(&Point::read(format, other)?))
}

fn is_known(key: &str) -> bool {
    key == "now" || key == "zone" || LIMITS.iter().any(|(known, ..)| *known == key)
}

impl Point {
    fn read(format: &str, text: &str) -> Option<Point> {
        match format {
            "date" => temporal::date(text).ok().map(Point::Date),
            "time" => temporal::time(text).ok().map(Point::Time),
            "date-time" => {
                let (date, time) = temporal::moment(text).ok()?;
                Some(Point::Moment(date, time))
            }
            "duration" => temporal::duration(text).ok().map(Point::Span),
            _ => None,
        }
    }

    /// This moment, in UTC.
    fn now() -> Point {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = since.map_or(0, |since| since.as_micros());
        let (date, time) = temporal::at_unix(i64::try_from(micros).unwrap_or(i64::MAX));
        Point::Moment(date, time)
    }

    /// Of two zones in UTC; what has none is compared as it stands there.
    fn compare(&self, other: &Point) -> Ordering {
        match (self, other) {
            (Point::Date(one), Point::Date(other) | Point::Moment(other, _)) => one.cmp(other),
            (Point::Time(one), Point::Time(other)) => one.compare(*other),
            (Point::Span(one), Point::Span(other)) => one.micros().cmp(&other.micros()),
            (Point::Moment(date, time), Point::Moment(other_date, other_time)) => {
                match (time.zone, other_time.zone) {
                    (Some(_), Some(_)) => {
                        let in_utc =
                            |date: &Date, time: &Time| date.days() * 86_400_000_000 + time.utc();
                        in_utc(date, time).cmp(&in_utc(other_date, other_time))
                    }
                    _ => date.cmp(other_date).then(time.compare(*other_time)),
                }
            }
            // A limit is of the format that the text is of.
            _ => Ordering::Equal,
        }
    }

    fn zone(&self) -> Option<Option<i32>> {
        match self {
            Point::Time(time) | Point::Moment(_, time) => Some(time.zone),
            Point::Date(_) | Point::Span(_) => None,
        }
    }

    /// Of a duration, which is told so wherever a limit of it is broken.
    fn seconds(&self) -> Option<f64> {
        match self {
            Point::Span(span) => Some(span.micros() as f64 / 1e6),
            Point::Date(_) | Point::Time(_) | Point::Moment(..) => None,
        }
    }

    /// As a limit is told.
    fn words(&self) -> String {
        match self {
            Point::Date(date) => date.to_string(),
            Point::Time(time) => time.to_string(),
            Point::Moment(date, time) => format!("{date}T{time}"),
            Point::Span(span) => counted(span.micros()),
        }
    }
}

/// `1 day and 2 hours`; below zero `-1 days and 22 hours`.
fn counted(micros: i128) -> String {
    const DAY: i128 = 86_400_000_000;
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let parts = [
        (days, "day"),
        (rest / 3_600_000_000, "hour"),
        (rest / 60_000_000 % 60, "minute"),
        (rest / 1_000_000 % 60, "second"),
        (rest % 1_000_000, "microsecond"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count != 0);
    let parts: Vec<String> = parts
        .map(|(count, unit)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
        .collect();
    match parts.is_empty() {
        true => "0 seconds".into(),
        false => parts.join(" and "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn broken(
        format: &str,
        said: &Value,
        text: &str,
    ) -> Option<(&'static str, String, Option<Value>)> {
        let broken = TimeRules::read(said, format)
            .unwrap()
            .broken(format, text)?;
        let limit = broken.rule.ctx.map(|ctx| ctx.into_iter().next().unwrap().1);
        let limit = limit.map_or(String::new(), |limit| limit.as_str().unwrap().to_owned());
        Some((broken.rule.kind, limit, broken.input))
    }

    #[test]
    fn limits_are_told_as_pydantic_tells_them() {
        let hour = Some(json!(3600.0));
        for (format, said, text, kind, limit, input) in [
            (
                "date",
                json!({ "gt": "2020-01-01" }),
                "2020-01-01",
                "greater_than",
                "2020-01-01",
                None,
            ),
            (
                "date",
                json!({ "le": "2020-01-01" }),
                "2020-01-02",
                "less_than_equal",
                "2020-01-01",
                None,
            ),
            (
                "date-time",
                json!({ "ge": "2020-01-01T00:00:00Z" }),
                "2020-01-01T00:30:00+01:00",
                "greater_than_equal",
                "2020-01-01T00:00:00Z",
                None,
            ),
            (
                "date-time",
                json!({ "ge": "2020-01-01T00:00:00" }),
                "2019-12-31T23:59:59Z",
                "greater_than_equal",
                "2020-01-01T00:00:00",
                None,
            ),
            (
                "time",
                json!({ "ge": "08:00" }),
                "07:00:00+05:00",
                "greater_than_equal",
                "08:00:00",
                None,
            ),
            (
                "time",
                json!({ "lt": "18:30:00.5" }),
                "18:30:00.5",
                "less_than",
                "18:30:00.500000",
                None,
            ),
            (
                "duration",
                json!({ "lt": "PT1H" }),
                "PT60M",
                "less_than",
                "1 hour",
                hour,
            ),
            (
                "duration",
                json!({ "le": "P1DT1H1.5S" }),
                "P2D",
                "less_than_equal",
                "1 day and 1 hour and 1 second and 500000 microseconds",
                Some(json!(172_800.0)),
            ),
            (
                "duration",
                json!({ "ge": "-PT1M" }),
                "-PT61S",
                "greater_than_equal",
                "-1 days and 23 hours and 59 minutes",
                Some(json!(-61.0)),
            ),
            (
                "duration",
                json!({ "gt": "PT0S" }),
                "PT0S",
                "greater_than",
                "0 seconds",
                Some(json!(0.0)),
            ),
        ] {
            assert_eq!(
                broken(format, &said, text),
                Some((kind, limit.to_owned(), input)),
                "{text}"
            );
        }
        for (format, said, text) in [
            (
                "date",
                json!({ "gt": "2020-01-01", "lt": "2020-01-03" }),
                "2020-01-02",
            ),
            (
                "date-time",
                json!({ "le": "2020-01-01T00:00:00Z" }),
                "2020-01-01T00:30:00+01:00",
            ),
            ("duration", json!({ "ge": "-P1D", "le": "PT1H" }), "-PT24H"),
        ] {
            assert_eq!(broken(format, &said, text), None, "{text}");
        }
    }

    #[test]
    fn what_must_be_past_or_future_is_held_against_the_clock() {
        let (past, future) = (json!({ "now": "past" }), json!({ "now": "future" }));
        for (format, old, new, kinds) in [
            (
                "date",
                "2000-01-01",
                "2900-01-01",
                ["date_past", "date_future"],
            ),
            (
                "date-time",
                "2000-01-01T00:00:00",
                "2900-01-01T00:00:00Z",
                ["datetime_past", "datetime_future"],
            ),
        ] {
            let kind = |said: &Value, text| broken(format, said, text).map(|told| told.0);
            assert_eq!((kind(&past, old), kind(&past, new)), (None, Some(kinds[0])));
            assert_eq!(
                (kind(&future, new), kind(&future, old)),
                (None, Some(kinds[1]))
            );
        }
    }

    #[test]
    fn a_zone_may_be_wanted_or_not() {
        let kind = |zone: bool, text| {
            broken("date-time", &json!({ "zone": zone }), text).map(|told| told.0)
        };
        let (with, without) = ("2000-01-01T00:00:00+01:00", "2000-01-01T00:00:00");
        assert_eq!(
            (kind(true, with), kind(true, without)),
            (None, Some("timezone_aware"))
        );
        assert_eq!(
            (kind(false, without), kind(false, with)),
            (None, Some("timezone_naive"))
        );
    }

    #[test]
    fn what_is_no_rule_of_a_format_is_refused_by_name() {
        for (format, said, words) in [
            ("date", json!(true), "is an object"),
            ("date", json!({ "after": "2020-01-01" }), "not `after`"),
            ("date", json!({ "ge": "1 o'clock" }), "is no `date`"),
            ("time", json!({ "now": "past" }), "beside `format: date`"),
            (
                "date",
                json!({ "zone": true }),
                "beside `format: date-time`",
            ),
            ("email", json!({ "ge": "a" }), "is no `email`"),
        ] {
            let Err(told) = TimeRules::read(&said, format) else {
                panic!("{words}");
            };
            assert!(told.contains(words), "{told}");
        }
    }
}
