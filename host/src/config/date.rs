//! Dates as the configuration has them.

/// The Unix time of a date's first moment in UTC; `YYYY-MM-DD`, from 1970 on.
pub(crate) fn midnight(date: &str) -> Option<u64> {
    let mut parts = date.splitn(3, '-');
    let mut part = |digits: usize| {
        let part = parts.next()?;
        let right = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        right.then(|| part.parse::<u64>().ok()).flatten()
    };
    let (year, month, day) = (part(4)?, part(2)?, part(2)?);
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = months.get(..usize::try_from(month).ok()?.checked_sub(1)?)?;
    let length = months.get(before.len())?;
    if year < 1970 || !(1..=*length).contains(&day) {
        return None;
    }
    let years: u64 = (1970..year)
        .map(|year| if leap(year) { 366 } else { 365 })
        .sum();
    Some((years + before.iter().sum::<u64>() + day - 1) * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_days_since_1970() {
        for (date, days) in [
            ("1970-01-01", 0),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2026-12-31", 20_818),
        ] {
            assert_eq!(midnight(date), Some(days * 86_400), "{date}");
        }
        for wrong in [
            "",
            "2026",
            "2026-13-01",
            "2026-00-01",
            "2026-02-29",
            "2026-01-32",
            "2026-1-01",
            "1969-12-31",
            "2026-01-01T00:00:00Z",
            "+026-01-01",
        ] {
            assert_eq!(midnight(wrong), None, "{wrong}");
        }
    }
}
