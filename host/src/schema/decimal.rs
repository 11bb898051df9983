//! Decimals: numbers of which each digit counts, sent as a number of JSON or as a text.
//!
//! JSON Schema has no word for them. A contract says `x-switchback-decimal: {}` beside a union of number and text, with
//! `max_digits` and `decimal_places` in it where these are limited; limits of its size are those of the union's number.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value, json};

use super::graph::{NodeId, NumberRules};
use super::words;
use crate::number;
use crate::violations::Rule;

/// The key by which a contract says that something is a decimal.
pub(super) const KEY: &str = "x-switchback-decimal";

/// What a contract says of a decimal.
#[derive(Default)]
pub(super) struct DecimalRules {
    pub(super) max_digits: Option<u64>,
    pub(super) places: Option<u64>,
    /// The schema of a number, whose limits hold for a text as well.
    pub(super) number: Option<NodeId>,
    pub(super) nullable: bool,
}

/// A decimal that was read.
#[derive(Debug, PartialEq)]
pub(super) struct Decimal {
    negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: String,
    /// How many zeros follow the digits; below zero, how many of the digits are behind the point.
    exponent: i64,
    /// In the one spelling that guests get.
    pub(super) written: String,
}

/// As far from the point as Python's decimals go.
const FARTHEST: i64 = 999_999_999_999_999_999;

/// Reads a text as Python does: blanks around, a sign, `_` anywhere, an exponent.
pub(super) fn read(text: &str) -> Result<Decimal, Rule> {
    let text = text.trim().replace('_', "");
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    if is_no_number(unsigned) {
        return Err(words::finite_number());
    }
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (number, power) = match unsigned.split_once(['e', 'E']) {
        Some((number, power)) => (number, Some(power)),
        None => (unsigned, None),
    };
    let exponent = match power {
        None => 0,
        Some(power) => power
            .parse::<i64>()
            .ok()
            .filter(|exponent| exponent.unsigned_abs() <= FARTHEST.unsigned_abs())
            .ok_or_else(words::decimal_parsing)?,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return Err(words::decimal_parsing());
    }
    let mut written = String::from(if negative { "-" } else { "" });
    written.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        written.push('.');
        written.push_str(fraction);
    }
    if power.is_some() {
        written.push_str(&format!("e{exponent}"));
    }
    let all = [whole, fraction].concat();
    let without_end = all.trim_end_matches('0');
    let zeros = all.len() - without_end.len();
    let digits = without_end.trim_start_matches('0').to_owned();
    let exponent = match digits.is_empty() {
        true => 0,
        false => exponent - fraction.len() as i64 + zeros as i64,
    };
    Ok(Decimal {
        negative: negative && !digits.is_empty(),
        digits,
        exponent,
        written,
    })
}

/// `inf`, `Infinity`, `nan`, `sNaN12`.
fn is_no_number(unsigned: &str) -> bool {
    let lower = unsigned.to_ascii_lowercase();
    let quiet = lower.strip_prefix('s').unwrap_or(&lower);
    let nan = quiet.strip_prefix("nan");
    ["inf", "infinity"].contains(&&*lower)
        || nan.is_some_and(|load| load.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Decimal {
    /// Digits in all, those behind the point among them.
    fn count(&self) -> u64 {
        let own = self.digits.len().max(1) as u64;
        match self.exponent {
            0.. => own.saturating_add(self.exponent.unsigned_abs()),
            _ => own.max(self.places()),
        }
    }

    /// Digits behind the point.
    fn places(&self) -> u64 {
        match self.exponent {
            0.. => 0,
            behind => behind.unsigned_abs(),
        }
    }

    fn compare(&self, other: &Decimal) -> Ordering {
        let size = |one: &Decimal| one.exponent.saturating_add(one.digits.len() as i64);
        let unsigned = || match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => size(self)
                .cmp(&size(other))
                .then_with(|| self.digits.cmp(&other.digits)),
        };
        match (self.negative, other.negative) {
            (false, false) => unsigned(),
            (true, true) => unsigned().reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }

    /// The rule that it breaks, in pydantic's order.
    pub(super) fn broken(
        &self,
        rules: &DecimalRules,
        limits: Option<&NumberRules>,
    ) -> Option<Rule> {
        if let Some(most) = rules.max_digits.filter(|most| self.count() > *most) {
            return Some(words::decimal_max_digits(most));
        }
        if let Some(most) = rules.places {
            if self.places() > most {
                return Some(words::decimal_max_places(most));
            }
            let whole = rules.max_digits.map(|digits| digits.saturating_sub(most));
            let own = self.count() - self.places().min(self.count());
            if let Some(most) = whole.filter(|most| own > *most) {
                return Some(words::decimal_whole_digits(most));
            }
        }
        limits.and_then(|limits| self.beyond(limits))
    }

    fn beyond(&self, limits: &NumberRules) -> Option<Rule> {
        use Ordering::{Equal, Greater, Less};
        if let Some((multiple, rule)) = &limits.multiple {
            let float = self.written.parse::<f64>().ok()?;
            let number = Number::from_f64(float)?;
            if !rule.is_valid(&Value::Number(number)) {
                return Some(words::limit(
                    "multiple_of",
                    "multiple_of",
                    "a multiple of",
                    &shown(multiple),
                ));
            }
        }
        let breaks = |limit: &Option<Number>, allowed: &[Ordering]| {
            let limit = limit.clone()?;
            let read = read(&limit.to_string()).ok()?;
            (!allowed.contains(&self.compare(&read))).then(|| shown(&limit))
        };
        if let Some(most) = breaks(&limits.max, &[Less, Equal]) {
            return Some(words::limit(
                "less_than_equal",
                "le",
                "less than or equal to",
                &most,
            ));
        }
        if let Some(below) = breaks(&limits.below, &[Less]) {
            return Some(words::limit("less_than", "lt", "less than", &below));
        }
        if let Some(least) = breaks(&limits.min, &[Greater, Equal]) {
            return Some(words::limit(
                "greater_than_equal",
                "ge",
                "greater than or equal to",
                &least,
            ));
        }
        let above = breaks(&limits.above, &[Greater])?;
        Some(words::limit("greater_than", "gt", "greater than", &above))
    }
}

/// A decimal's limit is written as an integer where it is one.
fn shown(limit: &Number) -> Number {
    let whole = limit.as_f64().and_then(number::whole);
    whole.unwrap_or_else(|| limit.clone())
}

/// How the pattern begins that some versions of pydantic give a decimal's text. It looks around, so it cannot be matched
/// in linear time; what it means is known.
const PATTERN: &str = "^(?!^[-+.]*$)[+-]?0*";

/// Takes pydantic's pattern of a decimal for what it means.
pub(super) fn recognise(schema: &mut Map<String, Value>) {
    let pattern_of = |schema: &Map<String, Value>| {
        let pattern = schema.get("pattern")?.as_str()?;
        pattern.strip_prefix(PATTERN).map(str::to_owned)
    };
    if pattern_of(schema).is_some() {
        schema.remove("pattern");
    }
    let Some(Value::Array(branches)) = schema.get("anyOf") else {
        return;
    };
    let mut patterns = branches
        .iter()
        .filter_map(Value::as_object)
        .filter_map(pattern_of);
    if let Some(rest) = patterns.next() {
        let count = |before: &str| {
            let (_, after) = rest.split_once(before)?;
            after.split_once('}')?.0.parse::<u64>().ok()
        };
        let mut rules = Map::new();
        // Of so many digits and the point.
        if let Some(digits) = count("(?=[\\d.]{1,") {
            rules.insert("max_digits".into(), digits.saturating_sub(1).into());
        }
        if let Some(places) = count("\\.\\d{0,").or_else(|| count("\\.?\\d{0,")) {
            rules.insert("decimal_places".into(), places.into());
        }
        schema.entry(KEY).or_insert(json!(rules));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str, rules: &DecimalRules) -> Option<&'static str> {
        match read(text) {
            Ok(decimal) => decimal.broken(rules, None).map(|rule| rule.kind),
            Err(rule) => Some(rule.kind),
        }
    }

    #[test]
    fn decimals_are_read_as_python_reads_them_and_written_in_one_spelling() {
        for (text, written) in [
            (" 1_000 ", "1000"),
            ("+.5", "0.5"),
            ("1.", "1"),
            ("-0", "-0"),
            ("1E3", "1e3"),
            ("1__0", "10"),
            ("1.10", "1.10"),
        ] {
            assert_eq!(read(text).unwrap().written, written, "{text}");
        }
        for text in [
            "",
            " ",
            "+",
            ".",
            "1e",
            "0x1",
            "1,5",
            "e5",
            "1e99999999999999999999",
            "--1",
        ] {
            assert_eq!(read(text).unwrap_err().kind, "decimal_parsing", "{text}");
        }
        for text in ["NaN", "-inf", "Infinity", "sNaN", "nan123"] {
            assert_eq!(read(text).unwrap_err().kind, "finite_number", "{text}");
        }
    }

    #[test]
    fn digits_are_counted_as_pydantic_counts_them() {
        let rules = DecimalRules {
            max_digits: Some(5),
            places: Some(2),
            ..DecimalRules::default()
        };
        for fine in [
            "123.45", "1e2", "00012.30", "1.100", "0e5", "0e-9", "-999.99",
        ] {
            assert_eq!(broken(fine, &rules), None, "{fine}");
        }
        for (text, kind) in [
            ("0.001", "decimal_max_places"),
            ("1e-3", "decimal_max_places"),
            ("100000", "decimal_max_digits"),
            ("1e400", "decimal_max_digits"),
            ("1e-400", "decimal_max_digits"),
            ("12345", "decimal_whole_digits"),
            ("-1234.5", "decimal_whole_digits"),
        ] {
            assert_eq!(broken(text, &rules), Some(kind), "{text}");
        }
    }

    #[test]
    fn decimals_are_compared_by_every_digit() {
        let order = [
            "-1e3",
            "-10.5",
            "-10.4",
            "0",
            "1e-9",
            "9.99",
            "10",
            "10.00000000000000000001",
            "1e2",
        ];
        for (at, one) in order.iter().enumerate() {
            for (other_at, other) in order.iter().enumerate() {
                let (one, other) = (read(one).unwrap(), read(other).unwrap());
                assert_eq!(one.compare(&other), at.cmp(&other_at));
            }
        }
        assert_eq!(
            read("-0").unwrap().compare(&read("0.0").unwrap()),
            Ordering::Equal
        );
    }

    #[test]
    fn pydantic_s_pattern_of_a_decimal_is_taken_for_what_it_means() {
        let decimal = |pattern: &str| {
            let mut schema = json!({ "anyOf": [{ "type": "number" }, { "type": "string", "pattern": pattern }] });
            recognise(schema.as_object_mut().unwrap());
            schema[KEY].take()
        };
        let limited = "^(?!^[-+.]*$)[+-]?0*(?:\\d{0,4}|(?=[\\d.]{1,7}0*$)\\d{0,4}\\.\\d{0,2}0*$)";
        assert_eq!(
            decimal(limited),
            json!({ "max_digits": 6, "decimal_places": 2 })
        );
        assert_eq!(decimal("^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d*$"), json!({}));
        assert_eq!(decimal("^a"), Value::Null);
    }
}
