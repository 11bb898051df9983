//! `Range`, as Starlette's `FileResponse` takes it: ranges sorted and joined where they overlap, what is no range left
//! out, and a header without any of them told. Pure.

/// Which bytes a client wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ranges {
    /// All: more ranges are asked for than anybody needs.
    Whole,
    /// These, from the first to before the last; at least one.
    Some(Vec<(u64, u64)>),
    /// 416: one of them begins behind the end.
    Beyond,
    /// 400, in Starlette's words.
    Malformed(&'static str),
}

/// More than these are answered with the whole.
const MOST: usize = 100;

pub(super) fn parse(header: &str, size: u64) -> Ranges {
    let Some((unit, list)) = header.split_once('=') else {
        return Ranges::Malformed("Malformed range header.");
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Ranges::Malformed("Only support bytes range");
    }
    if list.split(',').count() > MOST {
        return Ranges::Whole;
    }
    let mut ranges: Vec<(u64, u64)> = list
        .split(',')
        .filter_map(|text| range(text, size))
        .collect();
    if ranges.is_empty() {
        return Ranges::Malformed("Range header: range must be requested");
    }
    if ranges.iter().any(|(begin, _)| *begin >= size) {
        return Ranges::Beyond;
    }
    if ranges.iter().any(|(begin, end)| begin >= end) {
        return Ranges::Malformed("Range header: start must be less than end");
    }
    ranges.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
    for (begin, end) in ranges {
        match joined.last_mut() {
            Some((_, last)) if begin <= *last => *last = end.max(*last),
            _ => joined.push((begin, end)),
        }
    }
    Ranges::Some(joined)
}

/// `5-9`, `5-` or `-5`; none for what is no range. A number below 0 is one to Python, and so no better than a wrong one.
fn range(text: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = text.trim().split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    match (first, last) {
        ("", "") => None,
        (first, "") => Some((number(first)?, size)),
        ("", last) => match last.strip_prefix('-') {
            Some(below) => number(below).map(|below| (size.saturating_add(below), size)),
            None => number(last).map(|last| (size.saturating_sub(last), size)),
        },
        (first, last) => match last.strip_prefix('-') {
            Some(below) => Some((number(first)?, 1_u64.saturating_sub(number(below)?))),
            None => Some((number(first)?, number(last)?.saturating_add(1).min(size))),
        },
    }
}

/// A number of any length: beyond what files can have, it is as good as the largest.
fn number(digits: &str) -> Option<u64> {
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}
