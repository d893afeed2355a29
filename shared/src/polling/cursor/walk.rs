//! A walk through a window: how far it got, and the parts that it is made in.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// What is older than this is not looked for in the feed any more, which may forget it while it is read.
const FEED_REACH: TimeDelta = TimeDelta::days(29);

/// A walk through what is older than the feed begins only when the feed is about to lose the window's beginning: later
/// than [`FEED_REACH`], so that the end of one such walk is not the beginning of the next.
const FEED_LOSES: TimeDelta = TimeDelta::hours(29 * 24 + 23);

/// The most parts of a window that are told apart.
const MOST_PARTS: usize = 200;

/// A walk through a window, which the next poll may resume.
///
/// The event feed comes newest first. To enqueue the oldest first, a window of which more is wanted than is kept in memory
/// is divided: its newest part is put off, and what is older is walked first.
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
    /// Where the part begins that is walked now; `None` is the beginning of the window.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<DateTime<Utc>>,
    /// Where this part and the ones after it end, the oldest last. The newest part has no end.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub ends: Vec<DateTime<Utc>>,
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
        Self { began_at, at: None, run: None, from: None, ends: Vec::new() }
    }

    /// Where the event feed takes over from a walk through what is older. It is fixed when the walk begins.
    pub fn feed_begins_at(&self) -> DateTime<Utc> {
        self.began_at - FEED_REACH
    }

    /// True if the event feed cannot be trusted to show what this walk looks for since `since`.
    pub fn outlasts_feed(&self, since: DateTime<Utc>) -> bool {
        self.began_at - since > FEED_LOSES
    }

    /// Where the part begins that is walked now, of a window that begins at `since`.
    pub fn from(&self, since: DateTime<Utc>) -> DateTime<Utc> {
        self.from.unwrap_or(since)
    }

    /// The part ends before this time; the newest part has no end.
    pub fn until(&self) -> Option<DateTime<Utc>> {
        self.ends.last().copied()
    }

    /// Puts off what changed at `at` or later. Returns false, and changes nothing, if nothing would be left of the part, or
    /// all of it.
    pub fn put_off(&mut self, at: DateTime<Utc>, since: DateTime<Utc>) -> bool {
        let divides = self.from(since) < at && self.until().is_none_or(|until| at < until);
        if divides {
            if self.ends.len() >= MOST_PARTS {
                // Parts are joined two by two: one that turns out to be too large is divided again.
                self.ends = self.ends.iter().copied().step_by(2).collect();
            }
            self.ends.push(at);
            (self.at, self.run) = (None, None);
        }
        divides
    }

    /// Moves on to the next part: what was put off last. Returns false after the newest.
    pub fn next_part(&mut self) -> bool {
        let end = self.ends.pop();
        if end.is_some() {
            (self.from, self.at, self.run) = (end, None, None);
        }
        end.is_some()
    }
}
