//! How far polling got: the window that a poll reads, and what of it was told already.
//!
//! A window has no upper end but its lower one lies before the last poll by an [`OVERLAP`]: what Close shows
//! late (its search index lags, its event log reorders) is found by a later poll. What was told is remembered
//! for as long as a window can hold it, so the overlap tells nothing twice. The lower end follows the clock of
//! the poll and never a record's date, so a date in the future moves nothing.

mod seen;

pub use seen::{Seen, Version};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Close recommends to read the latest five minutes of its event log again (facts: Close's API, §5.1).
pub const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// Close's event log keeps 30 days; a walk that reads it takes less than one.
const EVENT_LOG_REACH: TimeDelta = TimeDelta::days(29);

/// The lower end follows an idle resource this far behind, so that being idle costs no write.
const IDLE_LAG: TimeDelta = TimeDelta::hours(24);

/// How far one resource of one instance got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Everything that changed before this was told.
    pub since: DateTime<Utc>,
    /// The walk that was not finished, if there is one.
    pub walk: Option<Walk>,
    /// What was told of what changed since.
    pub seen: Seen,
    /// When Close answered last, as far as it was written: an idle poll writes nothing.
    pub answered_at: Option<DateTime<Utc>>,
}

/// A walk through a window that goes on in the next poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// When it began: what changed later may not be in it.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub began_at: DateTime<Utc>,
    /// Where it goes on; `None` is the beginning.
    #[serde(with = "chrono::serde::ts_microseconds_option", default)]
    pub at: Option<DateTime<Utc>>,
    /// How far into what has that date; `None` is its beginning.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<Run>,
}

/// How far into a run of rows that their dates cannot tell apart.
///
/// It is kept with the walk, or a run that is longer than one poll may read would begin anew with each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Run {
    /// After so many rows.
    Rows {
        /// How many.
        rows: usize,
        /// The id of the last of them, which is still there unless rows have moved.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        last: Option<String>,
    },
    /// Where Close's cursor says.
    Cursor {
        /// The cursor.
        cursor: String,
        /// How many rows Close has shown since the first page of it.
        rows: usize,
    },
}

impl Walk {
    /// What changed before this is not looked for in the event log, which may have forgotten it.
    #[must_use]
    pub fn log_begins_at(&self) -> DateTime<Utc> {
        self.began_at - EVENT_LOG_REACH
    }
}

impl Cursor {
    /// A resource that was never polled: what changes from `since` on is told.
    #[must_use]
    pub fn starting_at(since: DateTime<Utc>) -> Self {
        Self { since, walk: None, seen: Seen::default(), answered_at: None }
    }

    /// The walk to make now: the one that was not finished, or a new one.
    #[must_use]
    pub fn walk(&self, now: DateTime<Utc>) -> Walk {
        self.walk.clone().unwrap_or(Walk { began_at: now, at: None, run: None })
    }

    /// Whether there is something to ask since `then`: the last walk was not finished, or nothing was asked.
    #[must_use]
    pub fn is_open_since(&self, then: DateTime<Utc>) -> bool {
        self.walk.is_some() || self.answered_at.is_none_or(|answered| answered < then)
    }

    /// Remembers where an unfinished walk goes on.
    pub fn pause(&mut self, walk: Walk) {
        self.walk = Some(walk);
    }

    /// A walk has seen its window to the end: the window moves up to the walk's beginning, less the overlap.
    ///
    /// The result says whether the cursor must be written: an idle resource's is not, until it is a day behind.
    pub fn finish(&mut self, walk: &Walk, told: bool, delay: TimeDelta) -> bool {
        let resumed = self.walk.take().is_some();
        let since = self.since.max(walk.began_at - OVERLAP - delay);
        let forgets = self.seen.has_before(since);
        let worth = told || resumed || forgets || since - self.since >= IDLE_LAG;
        if worth {
            self.since = since;
            self.seen.forget_before(since);
        }
        worth
    }

    /// A walk has seen what is older than the event log to its end: the window begins where the log does.
    pub fn finish_history(&mut self, walk: &Walk) {
        self.walk = None;
        self.since = self.since.max(walk.log_begins_at());
        self.seen.forget_before(self.since);
    }

    /// Whether Close's event log may have forgotten events of the window (facts: it keeps 30 days).
    #[must_use]
    pub fn outlasts_event_log(&self, now: DateTime<Utc>) -> bool {
        now - self.since > TimeDelta::days(30)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
    }

    fn version(byte: u8) -> Version {
        Version::of(&crate::events::id::EventId::derive(&[&[byte]]))
    }

    #[test]
    fn the_window_moves_up_to_the_beginning_of_a_finished_walk() {
        let mut cursor = Cursor::starting_at(at(0));
        cursor.seen.insert(version(1), at(3));
        cursor.seen.insert(version(2), at(12));
        let walk = cursor.walk(at(15));
        assert!(cursor.finish(&walk, true, TimeDelta::zero()));
        assert_eq!(cursor.since, at(10));
        assert!(!cursor.seen.contains(&version(1)) && cursor.seen.contains(&version(2)));
        let walk = cursor.walk(at(16));
        assert!(cursor.finish(&walk, true, TimeDelta::minutes(30)), "told");
        assert_eq!(cursor.since, at(10), "it never moves back");
    }

    #[test]
    fn a_paused_walk_goes_on_and_counts_from_when_it_began() {
        let mut cursor = Cursor::starting_at(at(0));
        let run = Some(Run::Rows { rows: 3, last: Some("task_1".to_owned()) });
        let walk = Walk { at: Some(at(7)), run, ..cursor.walk(at(15)) };
        cursor.pause(walk.clone());
        assert_eq!(cursor.walk(at(30)), walk);
        assert!(cursor.finish(&walk, false, TimeDelta::zero()));
        assert_eq!((cursor.since, cursor.walk), (at(10), None));
    }

    #[test]
    fn an_idle_resource_is_written_once_a_day_and_when_it_can_forget() {
        let mut cursor = Cursor::starting_at(at(0));
        let mut written = 0;
        for minute in 1..=(3 * 24 * 60) {
            let walk = cursor.walk(at(minute));
            written += usize::from(cursor.finish(&walk, false, TimeDelta::zero()));
        }
        assert_eq!(written, 2);
        cursor.seen.insert(version(1), at(3 * 24 * 60 + 1));
        let walk = cursor.walk(at(3 * 24 * 60 + 3));
        assert!(!cursor.finish(&walk, false, TimeDelta::zero()));
        let walk = cursor.walk(at(3 * 24 * 60 + 7));
        assert!(cursor.finish(&walk, false, TimeDelta::zero()), "what left the window is forgotten");
        assert!(cursor.seen.is_empty());
    }

    #[test]
    fn a_month_behind_is_more_than_the_event_log_keeps() {
        let cursor = Cursor::starting_at(at(0));
        assert!(!cursor.outlasts_event_log(at(30 * 24 * 60)));
        assert!(cursor.outlasts_event_log(at(30 * 24 * 60 + 1)));
    }
}
