//! What comes next: when a resource is asked again, and what its state is then, by the outcome of asking it.

use chrono::{DateTime, TimeDelta, Utc};
use close::CloseError;
use serde::{Deserialize, Serialize};

use super::schedule::{KeyDigest, next_due, wait_after};

/// What Close refuses is asked for again after this: a permission may come back, and nobody has to act.
const REFUSED_WAIT: TimeDelta = TimeDelta::hours(1);

/// No turn follows sooner on one that ran out of time.
pub const PAUSE: TimeDelta = TimeDelta::seconds(2);

/// How polling goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// The last poll did what it should.
    #[default]
    Ok,
    /// Close asked to wait.
    RateLimited,
    /// Close could not be asked, or does not understand what it is asked; it is tried again.
    Failing,
    /// Close refuses the API key (401), or what it may see (403); it is tried again every hour.
    Refused,
}

/// When something is asked next, and how it goes: one resource, or a whole instance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pace {
    /// When it is asked next; `None` for the next time of its interval.
    #[serde(with = "chrono::serde::ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub next_at: Option<DateTime<Utc>>,
    /// How it goes.
    pub status: Status,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Since when it is so.
    #[serde(with = "chrono::serde::ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: u32,
    /// Records a page, where fewer than configured are asked for because a page was too much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
}

/// What the settings say of what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    /// Records a page.
    pub page_size: u32,
    /// From one poll to the next.
    pub interval: TimeDelta,
}

/// The outcome of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Close showed everything there is.
    Drained,
    /// The turn ran out of time in the middle.
    OutOfTime,
    /// The turn did not come to it. It was due at this time.
    NotAsked(DateTime<Utc>),
    /// Close did not answer as it should.
    Failed(CloseError),
    /// Close shows records that are older than what it was asked for.
    FilterIgnored(String),
    /// What the instance is set to cannot be used here and now.
    Unusable(String),
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// For what was asked.
    pub pace: Pace,
    /// Until when nothing of the same API key is asked.
    pub hold: Option<DateTime<Utc>>,
}

impl Pace {
    /// True if there is nothing to remember: all is well, and the interval says when to ask next.
    pub fn is_regular(&self) -> bool {
        *self == Self::default()
    }

    /// Nothing is known to be wrong, and it is asked when it would have been.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self { next_at: self.next_at, ..Self::default() }
    }

    /// When it is due, with this next time of its interval.
    pub fn due_at(&self, regular: DateTime<Utc>) -> DateTime<Utc> {
        self.next_at.unwrap_or(regular)
    }

    fn with(&self, status: Status, error: String, now: DateTime<Utc>) -> Self {
        let since = if self.status == status { self.since.or(Some(now)) } else { Some(now) };
        let failures = self.failures.saturating_add(1);
        Self { next_at: None, status, error: Some(error), since, failures, page_size: self.page_size }
    }

    /// Waits longer with each failure, but not beyond its interval.
    fn backed_off(self, interval: TimeDelta, now: DateTime<Utc>) -> Self {
        let wait = wait_after(self.failures);
        Self { next_at: (wait < interval).then(|| now + wait), ..self }
    }

    fn again_at(self, next_at: DateTime<Utc>) -> Self {
        Self { next_at: Some(next_at), ..self }
    }
}

/// What comes after an answer.
pub fn after(before: &Pace, answer: &Answer, usual: Usual, now: DateTime<Utc>) -> Next {
    let go = |pace| Next { pace, hold: None };
    let grown = before.page_size.map(|size| size.saturating_mul(2)).filter(|size| *size < usual.page_size);
    match answer {
        Answer::Drained => go(Pace { page_size: grown, ..Pace::default() }),
        // What waited longer comes first: this is due from now on only.
        Answer::OutOfTime => go(Pace { next_at: Some(now), page_size: before.page_size, ..Pace::default() }),
        Answer::NotAsked(due_at) => go(before.clone().again_at(*due_at)),
        Answer::FilterIgnored(what) | Answer::Unusable(what) => {
            go(before.with(Status::Failing, what.clone(), now).again_at(now + REFUSED_WAIT))
        }
        Answer::Failed(error) => failed(before, error, usual, now),
    }
}

fn failed(before: &Pace, error: &CloseError, usual: Usual, now: DateTime<Utc>) -> Next {
    let text = error.to_string();
    match error {
        CloseError::RateLimited { wait } => {
            // What has to wait has not failed, and the next failure is the first again.
            let pace = Pace { failures: 0, ..before.with(Status::RateLimited, text, now) };
            Next { pace: pace.again_at(now), hold: Some(now + *wait) }
        }
        CloseError::Unavailable(_) => {
            let pace = before.with(Status::Failing, text, now);
            Next { pace: pace.backed_off(usual.interval, now), hold: None }
        }
        CloseError::TooMuch(_) => {
            let half = before.page_size.unwrap_or(usual.page_size) / 2;
            let pace = Pace { page_size: Some(half.max(1)), ..before.with(Status::Failing, text, now) };
            Next { pace: pace.backed_off(usual.interval, now), hold: None }
        }
        CloseError::Unauthorized(_) | CloseError::Forbidden(_) | CloseError::NotAllowed(_) => {
            let pace = before.with(Status::Refused, text, now).again_at(now + REFUSED_WAIT);
            Next { pace, hold: None }
        }
        // A mistake of the configuration is no outage, after which to wait longer and longer.
        CloseError::Invalid { .. } => {
            let pace = Pace { failures: 1, ..before.with(Status::Failing, text, now) };
            Next { pace, hold: None }
        }
    }
}

/// When an API key is due: as soon as something of it is, but not before a hold is over, and not at once.
pub fn key_due_at(
    parts: impl Iterator<Item = DateTime<Utc>>,
    hold: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    parts
        .min()
        .map(|due_at| due_at.max(now + PAUSE))
        .map(|due_at| hold.map_or(due_at, |hold| due_at.max(hold)))
}

/// The last time of an interval that has come since `before`, if one has.
pub fn slot_since(
    before: Option<DateTime<Utc>>,
    interval: TimeDelta,
    key: &KeyDigest,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    before.map_or(now, |before| next_due(before, interval, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn failed(error: CloseError) -> Answer {
        Answer::Failed(error)
    }

    const USUAL: Usual = Usual { page_size: 100, interval: TimeDelta::minutes(15) };

    /// Status, failures, next time, page size, hold.
    type Row = (Status, u32, Option<i64>, Option<u32>, Option<i64>);

    fn row(before: &Pace, answer: &Answer) -> Row {
        let Next { pace, hold } = after(before, answer, USUAL, at(1000));
        let seconds = |time: DateTime<Utc>| time.timestamp();
        (pace.status, pace.failures, pace.next_at.map(seconds), pace.page_size, hold.map(seconds))
    }

    #[test]
    fn each_answer_says_when_to_ask_next_and_what_to_show() {
        let text = || "x".to_owned();
        let unavailable = failed(CloseError::Unavailable(text()));
        let too_much = failed(CloseError::TooMuch(text()));
        let invalid = failed(CloseError::Invalid { status: 400, message: text(), rate_limit: None });
        let limited = failed(CloseError::RateLimited { wait: TimeDelta::seconds(7) });
        let (ok, failing) =
            (Pace::default(), Pace { failures: 2, status: Status::Failing, ..Pace::default() });
        let (late, later) =
            (Pace { failures: 4, ..failing.clone() }, Pace { failures: 5, ..failing.clone() });
        let small = Pace { page_size: Some(50), ..Pace::default() };
        let smaller = Pace { page_size: Some(25), ..Pace::default() };
        let smallest = Pace { page_size: Some(1), ..Pace::default() };
        let rows: [(&Pace, &Answer, Row); 19] = [
            (&ok, &Answer::Drained, (Status::Ok, 0, None, None, None)),
            (&failing, &Answer::Drained, (Status::Ok, 0, None, None, None)),
            (&small, &Answer::Drained, (Status::Ok, 0, None, None, None)),
            (&smaller, &Answer::Drained, (Status::Ok, 0, None, Some(50), None)),
            (&small, &Answer::OutOfTime, (Status::Ok, 0, Some(1000), Some(50), None)),
            (&failing, &Answer::NotAsked(at(900)), (Status::Failing, 2, Some(900), None, None)),
            (&failing, &limited, (Status::RateLimited, 0, Some(1000), None, Some(1007))),
            (&ok, &unavailable, (Status::Failing, 1, Some(1030), None, None)),
            (&failing, &unavailable, (Status::Failing, 3, Some(1120), None, None)),
            (&late, &unavailable, (Status::Failing, 5, Some(1480), None, None)),
            (&later, &unavailable, (Status::Failing, 6, None, None, None)),
            (&later, &too_much, (Status::Failing, 6, None, Some(50), None)),
            (&ok, &too_much, (Status::Failing, 1, Some(1030), Some(50), None)),
            (&smallest, &too_much, (Status::Failing, 1, Some(1030), Some(1), None)),
            (&ok, &failed(CloseError::Forbidden(text())), (Status::Refused, 1, Some(4600), None, None)),
            (&ok, &failed(CloseError::NotAllowed(text())), (Status::Refused, 1, Some(4600), None, None)),
            (&ok, &failed(CloseError::Unauthorized(text())), (Status::Refused, 1, Some(4600), None, None)),
            (&failing, &invalid, (Status::Failing, 1, None, None, None)),
            (&ok, &Answer::FilterIgnored(text()), (Status::Failing, 1, Some(4600), None, None)),
        ];
        for (before, answer, expected) in rows {
            assert_eq!(row(before, answer), expected, "{before:?} {answer:?}");
        }
    }

    #[test]
    fn a_wait_as_long_as_the_interval_is_the_interval() {
        let unavailable = failed(CloseError::Unavailable("x".to_owned()));
        for (seconds, expected) in [(31, Some(at(1030))), (30, None), (29, None)] {
            let usual = Usual { interval: TimeDelta::seconds(seconds), ..USUAL };
            assert_eq!(after(&Pace::default(), &unavailable, usual, at(1000)).pace.next_at, expected);
        }
    }

    #[test]
    fn a_state_lasts_from_its_first_failure_to_the_next_success() {
        let answer = failed(CloseError::Unavailable("x".to_owned()));
        let first = after(&Pace::default(), &answer, USUAL, at(1)).pace;
        let second = after(&first, &answer, USUAL, at(2)).pace;
        assert_eq!((second.since, second.failures), (Some(at(1)), 2));
        let waits = after(&second, &Answer::NotAsked(at(3)), USUAL, at(4)).pace;
        assert_eq!((waits.since, waits.status), (Some(at(1)), Status::Failing));
        assert!(after(&second, &Answer::Drained, USUAL, at(5)).pace.is_regular());
    }

    #[test]
    fn a_key_is_due_with_its_first_part_but_never_at_once_nor_before_its_hold() {
        let due = |parts: &[i64], hold: Option<i64>| {
            key_due_at(parts.iter().map(|it| at(*it)), hold.map(at), at(100)).map(|due| due.timestamp())
        };
        assert_eq!(due(&[], None), None);
        assert_eq!(due(&[160, 150], None), Some(150));
        assert_eq!(due(&[90, 150], None), Some(102));
        assert_eq!(due(&[90, 150], Some(130)), Some(130));
        assert_eq!(due(&[150], Some(130)), Some(150));
    }
}
