//! The check of a subscription at Close that this system made: what is known of it, and when it is looked at next.
//!
//! Pure: the pollers table keeps a [`Check`] beside the polling of the same API key.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::polling::cursor::{OVERLAP, Walk};
use crate::polling::schedule::{KeyDigest, next_due, wait_after};

/// From one look to the next.
pub const CHECK_EVERY: TimeDelta = TimeDelta::hours(1);

/// Close tries an event for so long, and throws away what still waits when it pauses a subscription (Close API
/// documentation, "Webhook subscriptions"): what failed before a pause is lost with it.
const CLOSE_RETRIES: TimeDelta = TimeDelta::hours(72);

/// Close keeps its event log for this long.
const CLOSE_KEEPS: TimeDelta = TimeDelta::days(30);

/// How a subscription is doing, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Close sends.
    #[default]
    Active,
    /// Close has paused it, and it is not resumed yet.
    Paused,
    /// Close does not have it, and there is no new one yet.
    Missing,
    /// Close refuses the API key.
    Refused,
    /// Close could not be asked, or does not do what it is asked.
    Failing,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// When.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub at: DateTime<Utc>,
    /// What.
    pub message: String,
}

/// What is known of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// When the check was asked for first.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub registered_at: DateTime<Utc>,
    /// Where the subscription sends events.
    pub url: String,
    /// When it is looked at next.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub due_at: DateTime<Utc>,
    /// Nothing that happened before is wanted.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub wanted_from: DateTime<Utc>,
    /// What the looks came to.
    pub findings: Findings,
}

/// What the looks at a subscription came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// How it is doing.
    pub status: Status,
    /// When it was last seen to be as it should, with nothing missing.
    #[serde(with = "chrono::serde::ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub good_at: Option<DateTime<Utc>>,
    /// What went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<Problem>,
    /// Looks in a row that Close could not answer.
    pub failures: u32,
    /// What Close may not have sent, until it is told from its event log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

/// A time in which Close may have sent nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Its beginning.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub since: DateTime<Utc>,
    /// When Close sent again.
    #[serde(with = "chrono::serde::ts_milliseconds_option", default)]
    pub resumed_at: Option<DateTime<Utc>>,
    /// The walk through the event log that was not finished.
    #[serde(default)]
    pub walk: Option<Walk>,
}

impl Check {
    /// A check that begins at `now`, of a subscription that sends to `url`.
    #[must_use]
    pub fn starting_at(now: DateTime<Utc>, url: &str, key: &KeyDigest) -> Self {
        let findings = Findings::default();
        let due_at = Self::regular(now, key);
        Self { registered_at: now, url: url.to_owned(), due_at, wanted_from: now, findings }
    }

    /// When it is looked at next, if nothing is out of order.
    #[must_use]
    pub fn regular(now: DateTime<Utc>, key: &KeyDigest) -> DateTime<Utc> {
        next_due(now, CHECK_EVERY, key)
    }

    /// When it was last known to be good.
    #[must_use]
    pub fn good_at(&self) -> DateTime<Utc> {
        self.findings.good_at.unwrap_or(self.registered_at)
    }

    /// Notes that it was found not to send. The gap begins with what Close threw away when it stopped; but not
    /// where this system's own log, which tells what was delivered, ends before that.
    ///
    /// Whether that was news.
    pub fn lost(&mut self, status: Status, problem: Problem, retention: TimeDelta) -> bool {
        let now = problem.at;
        let thrown_away = (self.good_at() - CLOSE_RETRIES).max(now - retention);
        let since = (self.good_at() - OVERLAP).min(thrown_away).max(now - CLOSE_KEEPS).max(self.wanted_from);
        let gap = self.findings.gap.as_ref();
        let news = gap.is_none_or(|gap| gap.resumed_at.is_some());
        let since = gap.map_or(since, |gap| gap.since.min(since));
        let findings = &mut self.findings;
        findings.gap = Some(Gap { since, resumed_at: None, walk: None });
        (findings.status, findings.last_error) = (status, Some(problem));
        news
    }

    /// Notes that Close sends again, and with a gap that it is to be filled.
    pub fn resumed(&mut self, now: DateTime<Utc>) {
        if let Some(gap) = &mut self.findings.gap {
            gap.resumed_at = gap.resumed_at.or(Some(now));
        }
        (self.findings.status, self.findings.failures) = (Status::Active, 0);
    }

    /// Notes that it was seen to be as it should.
    pub fn good(&mut self, now: DateTime<Utc>) {
        let findings = &mut self.findings;
        (findings.status, findings.failures, findings.good_at) = (Status::Active, 0, Some(now));
    }

    /// Notes that nobody wants events now: what happens meanwhile is no gap.
    pub fn unwanted(&mut self, now: DateTime<Utc>) {
        self.findings.gap = None;
        self.wanted_from = now;
    }

    /// Notes a look that came to nothing, and says how long to wait where Close could not answer.
    pub fn failed(&mut self, status: Status, problem: Problem) -> TimeDelta {
        let findings = &mut self.findings;
        // That Close cannot be asked says nothing about what it had been seen to do.
        let keeps = status == Status::Failing && matches!(findings.status, Status::Paused | Status::Missing);
        findings.status = if keeps { findings.status } else { status };
        findings.failures = findings.failures.saturating_add(1);
        findings.last_error = Some(problem);
        wait_after(findings.failures)
    }
}

impl Gap {
    /// A walk has seen the log to its end. `None` when nothing can be missing any more; else what is to be walked
    /// once more, and when: the log shows some events late (facts: Close's API, §5.1).
    #[must_use]
    pub fn walked(&self, walk: &Walk) -> Option<(Self, DateTime<Utc>)> {
        let resumed_at = self.resumed_at?;
        let settled = resumed_at + OVERLAP;
        let again = Self { since: self.since.max(resumed_at - OVERLAP), walk: None, ..self.clone() };
        (walk.began_at < settled).then_some((again, settled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
    }

    fn check() -> Check {
        Check::starting_at(at(0), "https://example.com/", &KeyDigest::from_text(""))
    }

    fn problem(minutes: i64) -> Problem {
        Problem { at: at(minutes), message: "paused".to_owned() }
    }

    const DAY: i64 = 24 * 60;

    #[test]
    fn a_gap_begins_with_what_close_threw_away_and_not_before_anything_was_wanted() {
        let month = TimeDelta::days(30);
        let mut young = check();
        assert!(young.lost(Status::Paused, problem(90), month));
        assert_eq!(young.findings.gap.clone().unwrap().since, at(0), "nothing is from before its instance");
        assert!(!young.lost(Status::Paused, problem(150), month), "one pause is one piece of news");

        let mut old = check();
        old.good(at(10 * DAY));
        old.lost(Status::Missing, problem(10 * DAY + 60), month);
        assert_eq!(old.findings.gap.clone().unwrap().since, at(7 * DAY));

        let mut forgetful = check();
        forgetful.good(at(10 * DAY));
        forgetful.lost(Status::Paused, problem(10 * DAY + 60), TimeDelta::days(1));
        assert_eq!(
            forgetful.findings.gap.clone().unwrap().since,
            at(9 * DAY + 60),
            "as far as what was delivered is known"
        );
        let mut late = check();
        late.good(at(10 * DAY));
        late.lost(Status::Paused, problem(15 * DAY), TimeDelta::days(1));
        assert_eq!(
            late.findings.gap.clone().unwrap().since,
            at(10 * DAY - 5),
            "but never later than it was seen to send"
        );
        let mut forgotten = check();
        forgotten.lost(Status::Paused, problem(50 * DAY), month);
        assert_eq!(forgotten.findings.gap.clone().unwrap().since, at(20 * DAY), "Close keeps no more");
    }

    #[test]
    fn a_gap_is_walked_again_once_the_log_has_settled() {
        let mut check = check();
        check.good(at(100));
        check.lost(Status::Paused, problem(160), TimeDelta::days(30));
        check.resumed(at(160));
        let gap = check.findings.gap.clone().unwrap();
        let walk = |minutes| Walk::starting_at(at(minutes));
        let (again, when) = gap.walked(&walk(160)).unwrap();
        assert_eq!((again.since, again.resumed_at, when), (at(155), Some(at(160)), at(165)));
        assert_eq!(again.walked(&walk(165)), None);
        check.resumed(at(170));
        assert_eq!(
            check.findings.gap.clone().unwrap().resumed_at,
            Some(at(160)),
            "a crash in between moves nothing"
        );
    }

    #[test]
    fn a_silence_of_ours_is_no_gap() {
        let mut check = check();
        check.unwanted(at(10 * DAY));
        check.good(at(10 * DAY));
        check.lost(Status::Paused, problem(10 * DAY + 60), TimeDelta::days(30));
        assert_eq!(check.findings.gap.clone().unwrap().since, at(10 * DAY));
    }

    #[test]
    fn a_close_that_cannot_be_asked_hides_nothing() {
        let mut check = check();
        assert_eq!(check.failed(Status::Failing, problem(1)), TimeDelta::seconds(30));
        assert_eq!(check.failed(Status::Failing, problem(2)), TimeDelta::seconds(60));
        assert_eq!(check.findings.status, Status::Failing);
        check.lost(Status::Missing, problem(3), TimeDelta::days(30));
        check.failed(Status::Failing, problem(4));
        assert_eq!(check.findings.status, Status::Missing);
        check.failed(Status::Refused, problem(5));
        assert_eq!((check.findings.status, check.findings.failures), (Status::Refused, 4));
        check.resumed(at(6));
        assert_eq!((check.findings.status, check.findings.failures), (Status::Active, 0));
    }
}
