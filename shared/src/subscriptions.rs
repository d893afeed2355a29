//! The check of a subscription that this system made at Close: what is known about it, and when it is next due.
//!
//! Pure data and rules: the pollers table keeps a [`Check`] beside the polling of the same API key.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::polling::cursor::{OVERLAP, Walk};
use crate::polling::schedule::{KeyDigest, next_due, wait_after};

/// The time from one check to the next.
pub const CHECK_EVERY: TimeDelta = TimeDelta::hours(1);

/// Close retries an event for this long. When it pauses a subscription, it drops the events that still wait for a
/// retry (Close API, "Webhook subscriptions"), so events that failed before the pause are lost too.
const CLOSE_RETRIES: TimeDelta = TimeDelta::hours(72);

/// Close keeps an event in its feed for this long (Close API, "Event Log").
const CLOSE_KEEPS: TimeDelta = TimeDelta::days(30);

/// The state of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SubscriptionStatus {
    /// Close sends events.
    #[default]
    Active,
    /// Close paused it, and it is not resumed yet.
    Paused,
    /// Close no longer has it, and no new one has been made yet.
    Missing,
    /// Close refuses the API key.
    Refused,
    /// Close could not be reached, or did not do what was asked.
    Failing,
}

/// An error of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedError {
    /// When it happened.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub at: DateTime<Utc>,
    /// What went wrong.
    pub message: String,
}

/// What is known about a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// When the subscription was first checked.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub registered_at: DateTime<Utc>,
    /// Where the subscription sends events.
    pub url: String,
    /// When it is next due.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub due_at: DateTime<Utc>,
    /// Events from before this time are not wanted.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub wanted_from: DateTime<Utc>,
    /// The results of the checks so far.
    pub findings: Findings,
}

/// The results of the checks of a subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// Its state.
    pub status: SubscriptionStatus,
    /// When it was last found active, with no event missing.
    #[serde(with = "chrono::serde::ts_milliseconds_option", skip_serializing_if = "Option::is_none")]
    pub good_at: Option<DateTime<Utc>>,
    /// The last error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<RecordedError>,
    /// Checks in a row that Close did not answer.
    pub failures: u32,
    /// The time for which events may be missing, until they are filled in from the event feed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

/// A time in which Close may not have sent its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// When it began.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub since: DateTime<Utc>,
    /// When Close began to send again.
    #[serde(with = "chrono::serde::ts_milliseconds_option", default)]
    pub resumed_at: Option<DateTime<Utc>>,
    /// The unfinished walk through the event feed.
    #[serde(default)]
    pub walk: Option<Walk>,
}

impl Check {
    /// A check, from `now` on, of a subscription that sends to `url`.
    pub fn starting_at(now: DateTime<Utc>, url: &str, key: &KeyDigest) -> Self {
        let findings = Findings::default();
        let due_at = Self::regular(now, key);
        Self { registered_at: now, url: url.to_owned(), due_at, wanted_from: now, findings }
    }

    /// When it is next due if all is well.
    pub fn regular(now: DateTime<Utc>, key: &KeyDigest) -> DateTime<Utc> {
        next_due(now, CHECK_EVERY, key)
    }

    /// When it was last known to be good.
    pub fn good_at(&self) -> DateTime<Utc> {
        self.findings.good_at.unwrap_or(self.registered_at)
    }

    /// Records that Close does not send. The gap begins with the events that Close dropped when it stopped, but no
    /// earlier than the delivery log reaches, which says what was delivered.
    ///
    /// True if this is news.
    pub fn lost(&mut self, status: SubscriptionStatus, problem: RecordedError, retention: TimeDelta) -> bool {
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

    /// Records that Close sends again; a gap is now to be filled.
    pub fn resumed(&mut self, now: DateTime<Utc>) {
        if let Some(gap) = &mut self.findings.gap {
            gap.resumed_at = gap.resumed_at.or(Some(now));
        }
        (self.findings.status, self.findings.failures) = (SubscriptionStatus::Active, 0);
    }

    /// Records that it was found active, with no event missing.
    pub fn good(&mut self, now: DateTime<Utc>) {
        let findings = &mut self.findings;
        (findings.status, findings.failures, findings.good_at) = (SubscriptionStatus::Active, 0, Some(now));
    }

    /// Records that events are not wanted now, so that this time leaves no gap.
    pub fn unwanted(&mut self, now: DateTime<Utc>) {
        self.findings.gap = None;
        self.wanted_from = now;
    }

    /// Records a check that failed. Returns how long to wait if Close could not be reached.
    pub fn failed(&mut self, status: SubscriptionStatus, problem: RecordedError) -> TimeDelta {
        let findings = &mut self.findings;
        // A failure to reach Close does not change what is known about the subscription.
        let keeps = status == SubscriptionStatus::Failing
            && matches!(findings.status, SubscriptionStatus::Paused | SubscriptionStatus::Missing);
        findings.status = if keeps { findings.status } else { status };
        findings.failures = findings.failures.saturating_add(1);
        findings.last_error = Some(problem);
        wait_after(findings.failures)
    }
}

impl Gap {
    /// The gap that is left after a walk to the end of the feed, and when to walk it; `None` when nothing can be
    /// missing any more. The feed shows some events late, so its end is walked twice (Close API, "Event Log").
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

    fn problem(minutes: i64) -> RecordedError {
        RecordedError { at: at(minutes), message: "paused".to_owned() }
    }

    const DAY: i64 = 24 * 60;

    #[test]
    fn a_gap_begins_with_the_dropped_events_and_not_before_events_were_wanted() {
        let month = TimeDelta::days(30);
        let mut young = check();
        assert!(young.lost(SubscriptionStatus::Paused, problem(90), month));
        assert_eq!(young.findings.gap.clone().unwrap().since, at(0), "nothing is from before its instance");
        assert!(
            !young.lost(SubscriptionStatus::Paused, problem(150), month),
            "one pause is one piece of news"
        );

        let mut old = check();
        old.good(at(10 * DAY));
        old.lost(SubscriptionStatus::Missing, problem(10 * DAY + 60), month);
        assert_eq!(old.findings.gap.clone().unwrap().since, at(7 * DAY));

        let mut forgetful = check();
        forgetful.good(at(10 * DAY));
        forgetful.lost(SubscriptionStatus::Paused, problem(10 * DAY + 60), TimeDelta::days(1));
        assert_eq!(
            forgetful.findings.gap.clone().unwrap().since,
            at(9 * DAY + 60),
            "as far as what was delivered is known"
        );
        let mut late = check();
        late.good(at(10 * DAY));
        late.lost(SubscriptionStatus::Paused, problem(15 * DAY), TimeDelta::days(1));
        assert_eq!(
            late.findings.gap.clone().unwrap().since,
            at(10 * DAY - 5),
            "but never later than it was seen to send"
        );
        let mut forgotten = check();
        forgotten.lost(SubscriptionStatus::Paused, problem(50 * DAY), month);
        assert_eq!(forgotten.findings.gap.clone().unwrap().since, at(20 * DAY), "Close keeps no more");
    }

    #[test]
    fn a_gap_is_walked_again_once_the_feed_has_settled() {
        let mut check = check();
        check.good(at(100));
        check.lost(SubscriptionStatus::Paused, problem(160), TimeDelta::days(30));
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
    fn time_without_wanted_events_leaves_no_gap() {
        let mut check = check();
        check.unwanted(at(10 * DAY));
        check.good(at(10 * DAY));
        check.lost(SubscriptionStatus::Paused, problem(10 * DAY + 60), TimeDelta::days(30));
        assert_eq!(check.findings.gap.clone().unwrap().since, at(10 * DAY));
    }

    #[test]
    fn an_unreachable_close_does_not_hide_a_lost_subscription() {
        let mut check = check();
        assert_eq!(check.failed(SubscriptionStatus::Failing, problem(1)), TimeDelta::seconds(30));
        assert_eq!(check.failed(SubscriptionStatus::Failing, problem(2)), TimeDelta::seconds(60));
        assert_eq!(check.findings.status, SubscriptionStatus::Failing);
        check.lost(SubscriptionStatus::Missing, problem(3), TimeDelta::days(30));
        check.failed(SubscriptionStatus::Failing, problem(4));
        assert_eq!(check.findings.status, SubscriptionStatus::Missing);
        check.failed(SubscriptionStatus::Refused, problem(5));
        assert_eq!((check.findings.status, check.findings.failures), (SubscriptionStatus::Refused, 4));
        check.resumed(at(6));
        assert_eq!((check.findings.status, check.findings.failures), (SubscriptionStatus::Active, 0));
    }
}
