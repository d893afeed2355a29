//! How far polling of one resource got: the window that a poll reads, and what of it was enqueued already.
//!
//! A window has no upper end, and its lower end lies before the last poll by an [`OVERLAP`]: what Close shows late (its
//! search index lags, its event feed reorders) is found by a later poll. What was enqueued is remembered for as long as
//! a window can show it, so the overlap enqueues nothing twice. The lower end follows the clock of the poll and never a
//! record's date, so a date in the future moves nothing.

mod told;

pub use told::{Object, Told, Version};

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::configuration::ResourceConfiguration;
use super::next::Pace;
use super::settings::PollerSettings;
use crate::events::id::hex;

/// Close recommends to read the latest five minutes of its event feed again (Close API, "Event Log").
pub const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// Close's event feed keeps 30 days (Close API, "Event Log").
const FEED_KEEPS: TimeDelta = TimeDelta::days(30);

/// What is older than this is not looked for in the feed any more, which may forget it while it is read.
const FEED_REACH: TimeDelta = TimeDelta::days(29);

/// A walk through what is older than the feed begins only when the feed is about to lose the window's beginning: later
/// than [`FEED_REACH`], so that the end of one such walk is not the beginning of the next.
const FEED_LOSES: TimeDelta = TimeDelta::hours(29 * 24 + 23);

/// The lower end follows an idle resource this far behind, so that being idle costs no write.
const IDLE_LAG: TimeDelta = TimeDelta::hours(24);

/// The cursors of an instance, by the names of its resources.
pub type Cursors = BTreeMap<String, Cursor>;

/// How far one resource of one instance got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Everything that changed before this was enqueued.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub since: DateTime<Utc>,
    /// Where it began: what changed from then until `since` was enqueued.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub from: DateTime<Utc>,
    /// The time that was enqueued before the resource began again at an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<Covered>,
    /// What the resource is asked for, as a digest; a walk goes on only while it is the same.
    pub of: String,
    /// The walk that was not finished, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walk: Option<Walk>,
    /// What was enqueued of what changed since.
    #[serde(default, skip_serializing_if = "Told::is_empty")]
    pub told: Told,
    /// When it is asked next, and how it goes.
    #[serde(default, skip_serializing_if = "Pace::is_regular")]
    pub pace: Pace,
}

/// A time of which everything was enqueued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// Its beginning.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub from: DateTime<Utc>,
    /// Its end.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub until: DateTime<Utc>,
}

impl Covered {
    fn and(self, other: Option<Self>) -> Self {
        other.map_or(self, |other| Self {
            from: self.from.min(other.from),
            until: self.until.max(other.until),
        })
    }
}

/// A walk through a window, which the next poll may resume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// When it began: what changed later may not be in it.
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub began_at: DateTime<Utc>,
    /// Where it goes on; `None` is the beginning.
    #[serde(
        with = "chrono::serde::ts_microseconds_option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
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
    /// A walk that begins now.
    pub fn starting_at(began_at: DateTime<Utc>) -> Self {
        Self { began_at, at: None, run: None }
    }

    /// Where the event feed takes over from a walk through what is older. It is fixed when the walk begins.
    pub fn feed_begins_at(&self) -> DateTime<Utc> {
        self.began_at - FEED_REACH
    }

    /// True if the event feed cannot be trusted to show what this walk looks for since `since`.
    pub fn outlasts_feed(&self, since: DateTime<Utc>) -> bool {
        self.began_at - since > FEED_LOSES
    }
}

impl Cursor {
    /// A resource that was never polled: what changes from `since` on is enqueued.
    pub fn starting_at(since: DateTime<Utc>, of: String) -> Self {
        Self {
            since,
            from: since,
            covered: None,
            of,
            walk: None,
            told: Told::default(),
            pace: Pace::default(),
        }
    }

    /// Begins again at another time. What was enqueued stays known, so that no object is new twice.
    pub fn start_again_at(&mut self, since: DateTime<Utc>) {
        if self.from < self.since {
            self.covered = Some(Covered { from: self.from, until: self.since }.and(self.covered));
        }
        (self.since, self.from, self.walk) = (since, since, None);
        self.pace = self.pace.afresh();
    }

    /// True if an object that was created at `created` was enqueued before the resource began again.
    pub fn has_covered(&self, created: DateTime<Utc>) -> bool {
        self.covered.is_some_and(|it| it.from <= created && created < it.until)
    }

    /// True if an object that is not remembered may have been enqueued, because there was no room to remember it: by a
    /// poll before, or by this walk before it changed again. A walk shows an object once unless it changes meanwhile.
    pub fn may_have_forgotten(
        &self,
        created: DateTime<Utc>,
        changed_at: DateTime<Utc>,
        delay: TimeDelta,
    ) -> bool {
        let by_a_poll_before = created < self.since + OVERLAP + delay;
        let by_this_walk = !self.told.was_full_after(changed_at + OVERLAP);
        self.told.was_full_after(created) && (by_a_poll_before || by_this_walk)
    }

    /// The walk to make now: the one that was not finished, or a new one.
    pub fn walk(&self, now: DateTime<Utc>) -> Walk {
        self.walk.clone().unwrap_or_else(|| Walk::starting_at(now))
    }

    /// Moves the window after a walk saw it to its end: up to the walk's beginning, less the overlap.
    ///
    /// Returns true if the cursor must be written: that of an idle resource is not, until it is a day behind.
    pub fn finish(&mut self, walk: &Walk, news: bool, delay: TimeDelta) -> bool {
        let resumed = self.walk.take().is_some();
        let since = self.since.max(walk.began_at - OVERLAP - delay);
        let forgets = self.told.has_before(since);
        let worth = news || resumed || forgets || since - self.since >= IDLE_LAG;
        if worth {
            self.move_to(since);
        }
        worth
    }

    /// Moves the window after a walk saw all that is older than the event feed: the feed takes over.
    pub fn finish_history(&mut self, walk: &Walk) {
        self.walk = None;
        self.move_to(walk.feed_begins_at());
    }

    fn move_to(&mut self, since: DateTime<Utc>) {
        self.since = since;
        self.told.forget_before(since);
        self.covered = self.covered.filter(|it| it.until > since);
    }

    /// True if Close's event feed may have forgotten events of the window.
    pub fn outlasts_event_feed(&self, now: DateTime<Utc>) -> bool {
        now - self.since > FEED_KEEPS
    }
}

/// What a resource is asked for, in eight digits: its kind and conditions, and how its records are read.
fn digest_of(configuration: &ResourceConfiguration) -> String {
    let ResourceConfiguration { resource, condition, id_field, updated, created, .. } = configuration;
    let asked = format!("{resource:?} {condition:?} {id_field} {updated:?} {created:?}");
    hex(&Sha256::digest(asked)[..4])
}

/// Gives each resource of the settings a cursor, and drops those of resources that are no longer polled. Returns true
/// if anything changed.
///
/// A resource that is new begins at `added_at`. One that is asked for something else begins its walk anew, from where it
/// had got to.
pub fn arrange(cursors: &mut Cursors, settings: &PollerSettings, added_at: DateTime<Utc>) -> bool {
    let before = cursors.len();
    cursors.retain(|name, _| settings.resources.iter().any(|it| it.name == *name));
    let mut changed = cursors.len() != before;
    for configuration in &settings.resources {
        let of = digest_of(configuration);
        match cursors.get_mut(&configuration.name) {
            Some(cursor) if cursor.of == of => {}
            Some(cursor) => {
                (cursor.of, cursor.walk, cursor.pace, changed) = (of, None, cursor.pace.afresh(), true);
                // Something else was enqueued until now.
                (cursor.from, cursor.covered) = (cursor.since, None);
            }
            None => {
                let cursor = Cursor::starting_at(added_at, of);
                (_, changed) = (cursors.insert(configuration.name.clone(), cursor), true);
            }
        }
    }
    changed
}

#[cfg(test)]
mod tests;
