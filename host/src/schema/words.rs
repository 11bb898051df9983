//! Pydantic's words: each rule's name and message.

use serde_json::{Number, Value};

use super::format;
use super::graph::{ArrayRules, Node, ObjectRules, Rest, Type};
use super::python::repr;
use crate::violations::Rule;

/// The rule that a value of the wrong type breaks.
pub(super) fn wrong_type(node: &Node, kind: Type, value: &Value) -> Rule {
    match kind {
        Type::Null => Rule::plain("none_required", "Input should be None"),
        Type::Boolean => match value {
            _ if node.strict => Rule::plain("bool_type", "Input should be a valid boolean"),
            Value::String(text) if super::text::boolean(text).is_none() => bool_parsing(),
            Value::Number(number) if crate::number::is_integer(number) && !zero_or_one(number) => {
                bool_parsing()
            }
            _ => Rule::plain("bool_type", "Input should be a valid boolean"),
        },
        Type::Integer => match value {
            _ if node.strict => int_type(),
            Value::Number(_) => Rule::plain(
                "int_from_float",
                "Input should be a valid integer, got a number with a fractional part",
            ),
            Value::String(text) if super::text::digits(text).is_none() => int_parsing(text),
            _ => int_type(),
        },
        Type::Number => match value {
            Value::String(text) if !node.strict => match super::text::float(text) {
                None => float_parsing(),
                Some(float) if !float.is_finite() => finite_number(),
                Some(_) => float_type(),
            },
            _ => float_type(),
        },
        Type::String => wrong_string(node),
        Type::Array if !node.array.prefix.is_empty() => {
            Rule::plain("tuple_type", "Input should be a valid tuple")
        }
        Type::Array if node.array.unique.is_some() => {
            Rule::plain("set_type", "Input should be a valid set")
        }
        Type::Array => Rule::plain("list_type", "Input should be a valid list"),
        Type::Object if is_model(&node.object) => not_a_model(),
        Type::Object => Rule::plain("dict_type", "Input should be a valid dictionary"),
    }
}

/// An object with fields of its own is pydantic's model; one without, its dictionary.
fn is_model(object: &ObjectRules) -> bool {
    !object.properties.is_empty() || matches!(object.rest, Some(Rest::Forbidden))
}

pub(super) fn not_a_model() -> Rule {
    Rule::plain(
        "model_attributes_type",
        "Input should be a valid dictionary or object to extract fields from",
    )
}

const IPV4: (&str, &str) = ("ip_v4_address", "Input is not a valid IPv4 address");
const IPV6: (&str, &str) = ("ip_v6_address", "Input is not a valid IPv6 address");

fn wrong_string(node: &Node) -> Rule {
    if node.string.content.is_some() {
        return Rule::plain(
            "json_type",
            "JSON input should be string, bytes or bytearray",
        );
    }
    let format = node.string.format.as_ref().map(|(format, _)| &**format);
    let (kind, msg) = match format {
        Some("date") => ("date_type", "Input should be a valid date"),
        Some("date-time" | "partial-date-time") => {
            ("datetime_type", "Input should be a valid datetime")
        }
        Some("time" | "partial-time") => ("time_type", "Input should be a valid time"),
        Some("duration") => ("time_delta_type", "Input should be a valid timedelta"),
        Some("uuid") => (
            "uuid_type",
            "UUID input should be a string, bytes or UUID object",
        ),
        Some("uri") => ("url_type", "URL input should be a string or URL"),
        Some("ipv4") => IPV4,
        Some("ipv6") => IPV6,
        Some("binary") => ("bytes_type", "Input should be a valid bytes"),
        _ => ("string_type", "Input should be a valid string"),
    };
    Rule::plain(kind, msg)
}

fn zero_or_one(number: &Number) -> bool {
    matches!(number.as_f64(), Some(float) if float == 0.0 || float == 1.0)
}

pub(super) fn int_type() -> Rule {
    Rule::plain("int_type", "Input should be a valid integer")
}

pub(super) fn bool_parsing() -> Rule {
    Rule::plain(
        "bool_parsing",
        "Input should be a valid boolean, unable to interpret input",
    )
}

pub(super) fn int_parsing(text: &str) -> Rule {
    if text.len() > super::text::MOST_DIGITS {
        return int_parsing_size();
    }
    Rule::plain(
        "int_parsing",
        "Input should be a valid integer, unable to parse string as an integer",
    )
}

/// A text of too many digits; also what is no text, but a float that has no integer of 64 bits.
pub(super) fn int_parsing_size() -> Rule {
    Rule::plain(
        "int_parsing_size",
        "Unable to parse input string as an integer, exceeded maximum size",
    )
}

pub(super) fn float_type() -> Rule {
    Rule::plain("float_type", "Input should be a valid number")
}

pub(super) fn float_parsing() -> Rule {
    Rule::plain(
        "float_parsing",
        "Input should be a valid number, unable to parse string as a number",
    )
}

pub(super) fn finite_number() -> Rule {
    Rule::plain("finite_number", "Input should be a finite number")
}

pub(super) fn zoned() -> Rule {
    Rule::plain("timezone_naive", "Input should not have timezone info")
}

pub(super) fn date_inexact() -> Rule {
    Rule::plain(
        "date_from_datetime_inexact",
        "Datetimes provided to dates should have zero time - e.g. be exact dates",
    )
}

pub(super) fn date_out_of_range(error: &'static str) -> Rule {
    let msg = format!("Input should be a valid date in the format YYYY-MM-DD, {error}");
    Rule::with("date_parsing", msg, [("error", error.into())])
}

pub(super) fn moment_out_of_range(error: &'static str) -> Rule {
    let msg = format!("Invalid datetime object, got {error}");
    Rule::with("datetime_object_invalid", msg, [("error", error.into())])
}

/// A number that is none of a format's: `("time_parsing", "Input should be in a valid time format", …)`.
pub(super) fn far_off(kind: &'static str, before: &str, error: &'static str) -> Rule {
    Rule::with(
        kind,
        format!("{before}, {error}"),
        [("error", error.into())],
    )
}

pub(super) fn decimal_type() -> Rule {
    Rule::plain(
        "decimal_type",
        "Decimal input should be an integer, float, string or Decimal object",
    )
}

pub(super) fn decimal_parsing() -> Rule {
    Rule::plain("decimal_parsing", "Input should be a valid decimal")
}

pub(super) fn decimal_max_digits(most: u64) -> Rule {
    let msg = format!(
        "Decimal input should have no more than {most} digit{} in total",
        plural(most)
    );
    Rule::with("decimal_max_digits", msg, [("max_digits", most.into())])
}

pub(super) fn decimal_max_places(most: u64) -> Rule {
    let msg = format!(
        "Decimal input should have no more than {most} decimal place{}",
        plural(most)
    );
    Rule::with("decimal_max_places", msg, [("decimal_places", most.into())])
}

pub(super) fn decimal_whole_digits(most: u64) -> Rule {
    let msg = format!(
        "Decimal input should have no more than {most} digit{} before the decimal point",
        plural(most)
    );
    Rule::with("decimal_whole_digits", msg, [("whole_digits", most.into())])
}

/// What pydantic says of a text in which JSON should be.
pub(crate) fn json_invalid(error: &serde_json::Error) -> Rule {
    Rule::with(
        "json_invalid",
        format!("Invalid JSON: {error}"),
        [("error", error.to_string().into())],
    )
}

/// A URL of another scheme than those that `expected` lists.
pub(super) fn scheme(expected: &str) -> Rule {
    Rule::with(
        "url_scheme",
        format!("URL scheme should be {expected}"),
        [("expected_schemes", expected.into())],
    )
}

/// A limit on a number: `("greater_than", "gt", "greater than")`.
pub(super) fn limit(kind: &'static str, key: &'static str, words: &str, limit: &Number) -> Rule {
    // Python writes the limit of a float without `.0`.
    let shown = limit.to_string();
    let shown = shown.strip_suffix(".0").unwrap_or(&shown);
    let msg = format!("Input should be {words} {shown}");
    Rule::with(kind, msg, [(key, Value::Number(limit.clone()))])
}

/// The same of a date, a time or a duration.
pub(super) fn time_limit(
    (kind, key, words): (&'static str, &'static str, &'static str),
    limit: &str,
) -> Rule {
    let msg = format!("Input should be {words} {limit}");
    Rule::with(kind, msg, [(key, limit.into())])
}

pub(super) fn options(expected: &str, class: bool) -> Rule {
    let kind = if class { "enum" } else { "literal_error" };
    let msg = format!("Input should be {expected}");
    Rule::with(kind, msg, [("expected", expected.into())])
}

pub(crate) fn too_short(format: &str, limit: u64) -> Rule {
    let (kind, what, unit) = match format {
        "binary" => ("bytes_too_short", "Data", "byte"),
        _ => ("string_too_short", "String", "character"),
    };
    let msg = format!(
        "{what} should have at least {limit} {unit}{}",
        plural(limit)
    );
    Rule::with(kind, msg, [("min_length", limit.into())])
}

pub(crate) fn too_long(format: &str, limit: u64) -> Rule {
    let (kind, what, unit) = match format {
        "binary" => ("bytes_too_long", "Data", "byte"),
        "uri" => ("url_too_long", "URL", "character"),
        _ => ("string_too_long", "String", "character"),
    };
    let msg = format!("{what} should have at most {limit} {unit}{}", plural(limit));
    Rule::with(kind, msg, [("max_length", limit.into())])
}

pub(super) fn pattern(pattern: &str) -> Rule {
    let msg = format!("String should match pattern '{pattern}'");
    Rule::with(
        "string_pattern_mismatch",
        msg,
        [("pattern", pattern.into())],
    )
}

/// What pydantic calls a collection in its messages.
pub(super) fn collection(array: &ArrayRules) -> &'static str {
    if !array.prefix.is_empty() {
        "Tuple"
    } else if array.unique.is_some() {
        "Set"
    } else {
        "List"
    }
}

pub(crate) fn too_few(collection: &str, limit: u64, actual: usize) -> Rule {
    let msg = format!(
        "{collection} should have at least {limit} item{} after validation, not {actual}",
        plural(limit)
    );
    let ctx = [
        ("field_type", collection.into()),
        ("min_length", limit.into()),
        ("actual_length", actual.into()),
    ];
    Rule::with("too_short", msg, ctx)
}

pub(crate) fn too_many(collection: &str, limit: u64, actual: usize) -> Rule {
    // What would have been in a set or a dictionary is not known.
    let (actual, count) = match collection {
        "Set" | "Dictionary" => ("more".to_owned(), Value::Null),
        _ => (actual.to_string(), actual.into()),
    };
    let msg = format!(
        "{collection} should have at most {limit} item{} after validation, not {actual}",
        plural(limit)
    );
    let ctx = [
        ("field_type", collection.into()),
        ("max_length", limit.into()),
        ("actual_length", count),
    ];
    Rule::with("too_long", msg, ctx)
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

pub(super) fn tag_missing(property: &str) -> Rule {
    let property = format!("'{property}'");
    let msg = format!("Unable to extract tag using discriminator {property}");
    Rule::with(
        "union_tag_not_found",
        msg,
        [("discriminator", property.into())],
    )
}

pub(super) fn tag_unknown(property: &str, tag: &Value, tags: &str) -> Rule {
    let property = format!("'{property}'");
    let tag = match tag {
        Value::String(text) => text.clone(),
        other => repr(other),
    };
    let msg = format!(
        "Input tag '{tag}' found using {property} does not match any of the expected tags: {tags}"
    );
    let ctx = [
        ("discriminator", property.into()),
        ("tag", tag.into()),
        ("expected_tags", tags.into()),
    ];
    Rule::with("union_tag_invalid", msg, ctx)
}

/// A keyword that pydantic has no word for.
pub(super) fn other(keyword: &str) -> Rule {
    Rule::with(
        "schema_mismatch",
        format!("Input does not fit the schema's `{keyword}`"),
        [("keyword", keyword.into())],
    )
}

/// A text that is not in its format.
pub(super) fn format(format: &str, text: &str) -> Rule {
    if format == "email" {
        let reason = if !text.contains('@') {
            "An email address must have an @-sign."
        } else if text.contains("..") {
            "An email address cannot have two periods in a row."
        } else if text
            .rsplit('@')
            .next()
            .is_some_and(|domain| !domain.contains('.'))
        {
            "The part after the @-sign is not valid. It should have a period."
        } else {
            "It is not in the form of an email address."
        };
        let msg = format!("value is not a valid email address: {reason}");
        return Rule::with("value_error", msg, [("reason", reason.into())]);
    }
    let (kind, before) = match format {
        "uuid" => ("uuid_parsing", "Input should be a valid UUID"),
        "date" => (
            "date_from_datetime_parsing",
            "Input should be a valid date or datetime",
        ),
        "date-time" | "partial-date-time" => (
            "datetime_from_date_parsing",
            "Input should be a valid datetime or date",
        ),
        "time" | "partial-time" => ("time_parsing", "Input should be in a valid time format"),
        "duration" => ("time_delta_parsing", "Input should be a valid timedelta"),
        "uri" => ("url_parsing", "Input should be a valid URL"),
        "ipv4" => return Rule::plain(IPV4.0, IPV4.1),
        "ipv6" => return Rule::plain(IPV6.0, IPV6.1),
        _ => {
            let msg = format!("String should be in the format `{format}`");
            return Rule::with("format_mismatch", msg, [("format", format.into())]);
        }
    };
    let error = format::error(format, text);
    let msg = format!("{before}, {error}");
    Rule::with(kind, msg, [("error", error.into())])
}

pub(super) fn mismatch() -> Rule {
    Rule::plain("schema_mismatch", "Input does not fit the schema")
}

pub(super) fn extra() -> Rule {
    Rule::plain("extra_forbidden", "Extra inputs are not permitted")
}

pub(super) fn not_unique() -> Rule {
    Rule::plain("unique_items", "Items should be unique")
}

pub(super) fn more_than_one() -> Rule {
    Rule::plain("one_of", "Input fits more than one of the schema's `oneOf`")
}

pub(super) fn never() -> Rule {
    Rule::plain("schema_mismatch", "Nothing is permitted here")
}
