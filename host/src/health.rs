//! Whether a revision does worse than the one before it: the judgement by which the host goes back by itself.

use crate::config::Probation;
use crate::counts::Tally;

/// What is compared, and how much worse is too much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Answers below which nothing is judged.
    pub(crate) least: u64,
    /// By how much the part of failed answers may be above that of before, of 1.
    pub(crate) excess: f64,
    /// How many times as long the slowest twentieth may take.
    pub(crate) slower: f64,
}

impl Probation {
    pub(crate) fn terms(&self) -> Terms {
        Terms {
            least: self.answers,
            excess: self.excess_percent as f64 / 100.0,
            slower: self.slower_percent as f64 / 100.0,
        }
    }
}

/// A difference that is smaller than this is no reason to go back, whatever the factor.
const SLOWER_BY_MS: f64 = 20.0;
/// How sure it has to be, in standard deviations: a wrong verdict in some thousand.
const SURE: f64 = 3.0;
/// The same for letting it go on: a wrong verdict in forty of those that are at the edge.
const FAIRLY_SURE: f64 = 2.0;

/// Why a revision does worse than before, in words; none as long as that cannot be said.
pub(crate) fn worse(now: &Tally, before: &Tally, terms: Terms) -> Option<String> {
    fails_more(now, before, terms).or_else(|| is_slower(now, before, terms))
}

/// Whether more of its answers fail than before, in words. Both tallies may be of few answers: what fails now is taken for no
/// more than it surely is, and what failed before for no less.
pub(crate) fn fails_more(now: &Tally, before: &Tally, terms: Terms) -> Option<String> {
    let (answers, held) = (now.answers(), now.held);
    if answers < terms.least {
        return None;
    }
    if is_more(now.failed, answers, before.failed, before.answers(), terms) {
        let compared = compared(before.failed, before.answers());
        return Some(format!(
            "{} of {answers} answers failed{compared}",
            now.failed
        ));
    }
    is_more(
        now.off_contract,
        held,
        before.off_contract,
        before.held,
        terms,
    )
    .then(|| {
        let compared = compared(before.off_contract, before.held);
        format!(
            "{} of {held} answers that were held against the contract broke it{compared}",
            now.off_contract
        )
    })
}

/// Whether it surely fails no more than before, or little more: what there has to be to let it serve alone. That it does not fail
/// surely more can as well be for want of answers.
pub(crate) fn fails_no_more(now: &Tally, before: &Tally, terms: Terms) -> bool {
    let answers = now.answers();
    let usual = usual(before.failed, before.answers());
    answers >= terms.least && wilson(now.failed, answers, FAIRLY_SURE) <= usual + terms.excess
}

fn is_slower(now: &Tally, before: &Tally, terms: Terms) -> Option<String> {
    if now.answers().min(before.answers()) < terms.least {
        return None;
    }
    let (p95, of_before) = (now.quantile_ms(0.95)?, before.quantile_ms(0.95)?);
    let is_slower = p95 > of_before * terms.slower && p95 > of_before + SLOWER_BY_MS;
    is_slower.then(|| {
        format!("19 of 20 answers came within {p95:.0} ms, and within {of_before:.0} ms before")
    })
}

fn compared(bad: u64, all: u64) -> String {
    match all {
        0 => String::new(),
        _ => format!(", and {bad} of {all} before"),
    }
}

fn is_more(bad: u64, all: u64, bad_before: u64, all_before: u64, terms: Terms) -> bool {
    if all == 0 {
        return false;
    }
    wilson(bad, all, -SURE) > usual(bad_before, all_before) + terms.excess
}

/// What part fails anyway: no less than that.
fn usual(bad: u64, all: u64) -> f64 {
    match all {
        0 => 0.0,
        _ => wilson(bad, all, 1.0),
    }
}

/// A bound of the part that `bad` of `all` stands for, so many standard deviations away (Wilson's score interval).
fn wilson(bad: u64, all: u64, deviations: f64) -> f64 {
    let (n, p) = (all as f64, bad as f64 / all as f64);
    let z2 = deviations * deviations;
    let spread = deviations * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    (p + z2 / (2.0 * n) + spread) / (1.0 + z2 / n)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;

    use super::*;
    use crate::counts::Counts;

    const TERMS: Terms = Terms {
        least: 100,
        excess: 0.01,
        slower: 3.0,
    };

    fn tally(all: u64, failed: u64, ms: u64) -> Tally {
        let counts = Counts::new(1);
        for at in 0..all {
            let failed = at < failed;
            let status = if failed { 500 } else { 200 };
            let status = StatusCode::from_u16(status).unwrap();
            counts.answered(0, status, failed, Duration::from_millis(ms));
        }
        counts.sum()
    }

    #[test]
    fn one_in_twenty_is_worse_and_one_in_two_hundred_is_not() {
        let before = tally(2_000, 10, 1);
        assert!(worse(&tally(400, 20, 1), &before, TERMS).is_some());
        assert_eq!(worse(&tally(2_000, 10, 1), &before, TERMS), None);
        assert_eq!(
            worse(&tally(2_000, 20, 1), &before, TERMS),
            None,
            "a little worse is not surely worse"
        );
        assert_eq!(worse(&tally(2_000, 0, 1), &before, TERMS), None);
    }

    #[test]
    fn few_answers_say_nothing() {
        assert_eq!(worse(&tally(99, 99, 1), &tally(0, 0, 1), TERMS), None);
        let why = worse(&tally(100, 100, 1), &tally(0, 0, 1), TERMS).unwrap();
        assert_eq!(why, "100 of 100 answers failed");
    }

    #[test]
    fn what_may_serve_alone_has_answered_often_enough_to_say_so() {
        let before = tally(400, 2, 1);
        assert!(!fails_no_more(&tally(100, 0, 1), &before, TERMS));
        assert!(!fails_no_more(&tally(100, 5, 1), &before, TERMS));
        assert!(!fails_no_more(&tally(4_000, 200, 1), &before, TERMS));
        assert!(fails_no_more(&tally(400, 0, 1), &before, TERMS));
        assert!(fails_no_more(&tally(400, 2, 1), &before, TERMS));
    }

    #[test]
    fn slow_is_several_times_as_slow_and_not_a_millisecond_more() {
        assert!(worse(&tally(200, 0, 100), &tally(200, 0, 10), TERMS).is_some());
        assert_eq!(worse(&tally(200, 0, 10), &tally(200, 0, 1), TERMS), None);
        assert_eq!(worse(&tally(200, 0, 200), &tally(200, 0, 100), TERMS), None);
    }

    #[test]
    fn what_failed_before_as_well_is_not_worse() {
        assert_eq!(worse(&tally(500, 250, 1), &tally(500, 250, 1), TERMS), None);
    }
}
