//! The state of an instance's polling: what is stored, and what its owner sees.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::cursor::{Cursor, Cursors, OVERLAP, arrange};
use super::next::{Answer, Pace, Status, Usual, after, slot_since};
use super::schedule::{KeyDigest, next_due};
use super::settings::PollerSettings;
use crate::subscriptions::RecordedError;

/// The polling of one instance, as the pollers table keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polling {
    /// When polling was asked for first.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub registered_at: DateTime<Utc>,
    /// When the instance was last made, changed or enabled.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub configured_at: DateTime<Utc>,
    /// `event.poller.since`, as it was followed.
    #[serde(
        default,
        with = "chrono::serde::ts_microseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub asked_since: Option<DateTime<Utc>>,
    /// Minutes from one poll to the next.
    pub interval: i64,
    /// True while nobody wants its events: it is not due.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
    /// How it goes with the whole of it: its settings and its API key.
    #[serde(default, skip_serializing_if = "Pace::is_regular")]
    pub whole: Pace,
    /// How far each resource got.
    #[serde(default)]
    pub cursors: Cursors,
    /// When a poll last went well, as far as it was written: a poll that changes nothing writes nothing.
    #[serde(
        default,
        with = "chrono::serde::ts_milliseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub success_at: Option<DateTime<Utc>>,
    /// The last error, fixed since or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<RecordedError>,
    /// Records that could not be enqueued, ever.
    #[serde(default)]
    pub bad_records: u64,
    /// What was wrong with the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_bad_record: Option<String>,
}

impl Polling {
    /// The polling of an instance that begins at `now`.
    pub fn starting_at(now: DateTime<Utc>, settings: &PollerSettings) -> Self {
        let mut polling = Self {
            registered_at: now,
            configured_at: now,
            asked_since: settings.since,
            interval: settings.interval.num_minutes(),
            off: false,
            whole: Pace::default(),
            cursors: Cursors::new(),
            success_at: None,
            last_error: None,
            bad_records: 0,
            last_bad_record: None,
        };
        polling.follow(settings);
        polling
    }

    /// Notes that the instance was changed: what was wrong before may be right, and is asked for at once.
    pub fn configure(&mut self, now: DateTime<Utc>, settings: &PollerSettings) {
        let was_stopped = self.whole.status != Status::Ok;
        for cursor in self.cursors.values_mut() {
            if was_stopped || cursor.pace.status != Status::Ok {
                cursor.pace.next_at = Some(now);
            }
        }
        // Its state is shown as it was until Close has been asked.
        self.whole.next_at = was_stopped.then_some(now);
        (self.configured_at, self.off) = (now, false);
        let known = self.cursors.clone();
        self.follow(settings);
        // The change may yet fail: only a turn, which reads the instance, drops a cursor.
        self.cursors.extend(
            known.into_iter().filter(|(name, _)| !self.cursors.contains_key(name)).collect::<Vec<_>>(),
        );
    }

    /// Brings the cursors in line with the settings. Returns true if anything changed.
    pub fn follow(&mut self, settings: &PollerSettings) -> bool {
        let before = (self.interval, self.asked_since);
        self.interval = settings.interval.num_minutes();
        if settings.since != self.asked_since
            && let Some(since) = settings.since
        {
            for cursor in self.cursors.values_mut() {
                cursor.start_again_at(since);
            }
        }
        self.asked_since = settings.since;
        let added_at = settings.since.unwrap_or(self.configured_at);
        arrange(&mut self.cursors, settings, added_at) || before != (self.interval, self.asked_since)
    }

    /// When its first resource is due; `None` while nobody wants its events. `turn_at` is when the API key last had its
    /// turn.
    pub fn due_at(&self, turn_at: DateTime<Utc>, key: &KeyDigest) -> Option<DateTime<Utc>> {
        let regular = next_due(turn_at, self.interval(), key);
        let regular = self.looked_at_again().unwrap_or(regular);
        let resources = self.cursors.values().map(|cursor| cursor.pace.due_at(regular));
        let first = resources.min().unwrap_or(regular);
        (!self.off).then(|| self.whole.next_at.map_or(first, |at| first.max(at)))
    }

    /// The resources that are due, each with the time since when it is. `turn_before` is when the API key had its
    /// turn before this one.
    pub fn due(
        &self,
        turn_before: Option<DateTime<Utc>>,
        key: &KeyDigest,
        now: DateTime<Utc>,
    ) -> Vec<(DateTime<Utc>, String)> {
        if self.off || self.whole.next_at.is_some_and(|at| at > now) {
            return Vec::new();
        }
        let regular = slot_since(turn_before, self.interval(), key, now);
        let regular = self.looked_at_again().unwrap_or(regular);
        let due = self.cursors.iter().map(|(name, cursor)| (cursor.pace.due_at(regular), name.clone()));
        due.filter(|(due_at, _)| *due_at <= now).collect()
    }

    /// When what stopped the whole of it is looked at again, which may be before the next time of its interval.
    fn looked_at_again(&self) -> Option<DateTime<Utc>> {
        self.whole.next_at.filter(|_| self.whole.status != Status::Ok)
    }

    /// What the settings say of one of its resources, which has pages of this size.
    pub fn usual(&self, page_size: u32) -> Usual {
        Usual { page_size, interval: self.interval() }
    }

    /// From one poll to the next.
    pub fn interval(&self) -> TimeDelta {
        TimeDelta::minutes(self.interval)
    }

    /// Notes that the instance as a whole cannot be polled, and is looked at again later.
    pub fn stopped_by(&mut self, answer: &Answer, now: DateTime<Utc>) {
        self.whole = after(&self.whole, answer, self.usual(1), now).pace;
        let message = self.whole.error.clone().unwrap_or_default();
        self.last_error = Some(RecordedError { at: now, message });
    }

    /// What is wrong, worst first: with the whole, or with some resources.
    fn worst(&self) -> (&Pace, Option<&str>) {
        let resources = self.cursors.iter().map(|(name, cursor)| (&cursor.pace, Some(&**name)));
        let all = std::iter::once((&self.whole, None)).chain(resources);
        all.reduce(|worst, it| if it.0.status > worst.0.status { it } else { worst })
            .unwrap_or((&self.whole, None))
    }

    /// The worst of the instance and its resources.
    pub fn status(&self) -> Status {
        self.worst().0.status
    }

    /// When a poll last went well. `turn_at` is when the API key last had its turn.
    pub fn last_success(&self, turn_at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let idle = turn_at.filter(|at| self.status() == Status::Ok && !self.off && *at > self.registered_at);
        self.success_at.max(idle)
    }

    /// What its owner sees. `turn_at` is when the API key last had its turn.
    pub fn state(&self, key: &KeyDigest, turn_at: Option<DateTime<Utc>>, audit_finds: u64) -> PollingState {
        let (pace, resource) = self.worst();
        let error = pace.error.clone().map(|error| match resource {
            Some(resource) => format!("{resource}: {error}"),
            None => error,
        });
        let next = next_due(turn_at.unwrap_or(self.registered_at), self.interval(), key);
        let resources = self.cursors.iter();
        PollingState {
            status: pace.status,
            error,
            last_error: self.last_error.clone(),
            last_success: self.last_success(turn_at),
            since: pace.since,
            failures: pace.failures,
            bad_records: self.bad_records,
            last_bad_record: self.last_bad_record.clone(),
            audit_finds,
            resources: resources.map(|(name, it)| (name.clone(), self.progress(it, turn_at, next))).collect(),
        }
    }

    /// How far a resource got, and when it is asked next. `next` is the next time of the interval.
    fn progress(&self, cursor: &Cursor, turn_at: Option<DateTime<Utc>>, next: DateTime<Utc>) -> Progress {
        // An idle poll writes nothing: it has read all that changed before it but for the overlap.
        let polled_at = turn_at.map(|_| next - self.interval() - OVERLAP);
        let polled_at = polled_at.filter(|_| cursor.walk.is_none() && cursor.pace.is_regular() && !self.off);
        let next = self.looked_at_again().unwrap_or_else(|| cursor.pace.due_at(next));
        Progress {
            pace: cursor.pace.clone(),
            cursor: polled_at.map_or(cursor.since, |at| at.max(cursor.since)),
            next_at: (!self.off).then_some(next),
        }
    }
}

/// How polling goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PollingState {
    /// The worst of the instance and its resources.
    pub status: Status,
    /// What is wrong.
    pub error: Option<String>,
    /// The last error, fixed since or not.
    pub last_error: Option<RecordedError>,
    /// When a poll last went well.
    pub last_success: Option<DateTime<Utc>>,
    /// Since when it is so.
    pub since: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: u32,
    /// Records that could not be enqueued, ever.
    pub bad_records: u64,
    /// What was wrong with the last of them.
    pub last_bad_record: Option<String>,
    /// Changes that only an audit found; none is expected.
    pub audit_finds: u64,
    /// Each resource, by its name.
    pub resources: BTreeMap<String, Progress>,
}

/// How polling of one resource goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Its status, and when it is asked next.
    pub pace: Pace,
    /// Everything that changed before this was enqueued.
    pub cursor: DateTime<Utc>,
    /// When it is asked next; `None` while nobody wants its events.
    pub next_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests;
