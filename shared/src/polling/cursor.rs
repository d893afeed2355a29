//! How far polling of one resource got: the window that a poll reads, and what of it was enqueued already.
//!
//! A window has no upper end, and its lower end lies before the last poll by an [`OVERLAP`]: what Close shows late (its
//! search index lags, its event feed reorders) is found by a later poll. What was enqueued is remembered for as long as
//! a window can show it, so the overlap enqueues nothing twice. The lower end follows the clock of the poll and never a
//! record's date, so a date in the future moves nothing.

mod told;
mod walk;

pub use told::{Object, Told, Version};
pub use walk::{Run, Walk};

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
