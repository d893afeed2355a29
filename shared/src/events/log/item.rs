//! The log item of an event: its status and attempts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The status of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// Another round of attempts was requested and is queued.
    Queued,
    /// An attempt is under way, or was when its function died.
    Delivering,
    /// The last attempt failed and another one is queued.
    Retry,
    /// The callback is open: the event is sent once that recovers.
    Waiting,
    /// A receiver accepted it.
    Delivered,
    /// No attempt is left; it is in the dead-letter queue.
    Failed,
    /// There was no receiver.
    Dropped,
}

impl DeliveryStatus {
    /// The word in the table and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivering => "delivering",
            Self::Retry => "retry",
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// The part of an item that decides on claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryState {
    /// The status of the event.
    pub delivery_status: DeliveryStatus,
    /// The round of the last claim.
    pub round: u32,
    /// The attempt of the last claim.
    pub attempt: u32,
    /// The queue message that made the last claim.
    pub claimed_by: String,
    /// When the last claim was made, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub claimed_at: DateTime<Utc>,
    /// When the last claim expires, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub claimed_until: DateTime<Utc>,
    /// The call of the function that made the last claim.
    pub claimed_in: String,
    /// When the next attempt is due, while one is queued.
    #[serde(
        default,
        with = "chrono::serde::ts_milliseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why the event or its last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The attempts so far, oldest first.
    #[serde(default)]
    pub attempts: Vec<AttemptRecord>,
}

/// One attempt in the log. Its attributes have short names, because DynamoDB bills names too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// Its round.
    #[serde(rename = "r")]
    pub round: u32,
    /// Its number in the round.
    #[serde(rename = "n")]
    pub attempt: u32,
    /// When it began, in Unix milliseconds.
    #[serde(rename = "at", with = "chrono::serde::ts_milliseconds")]
    pub at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    #[serde(rename = "ms", default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The receiver's status code.
    #[serde(rename = "code", default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// Why it failed; absent for a success.
    #[serde(rename = "error", default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The beginning of the receiver's answer, for a failure.
    #[serde(rename = "said", default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// True if it was the probe of an open callback, which is not a scheduled attempt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub probe: bool,
}

/// A DynamoDB write unit in bytes, less the rest of an item: two events and the body.
const ROOM: usize = 1024 - 620;
/// An attempt's attributes, their names included, without its texts.
const ATTEMPT: usize = 40;
/// An error is a sentence.
const MOST_ERROR: usize = 160;
/// This much of the latest answer is kept even if the item then takes a second write unit.
const LEAST_EXCERPT: usize = 64;
/// Attempts that an item keeps; after many redeliveries the oldest are dropped.
const MOST_ATTEMPTS: usize = 50;

/// Probes that an item keeps: the latest show how its callback is doing.
const MOST_PROBES: usize = 3;

/// Drops older probes and shortens the texts of attempts, oldest first, to keep the item within one write unit if possible.
pub(super) fn fitted(mut attempts: Vec<AttemptRecord>) -> Vec<AttemptRecord> {
    let mut probes = attempts.iter().filter(|attempt| attempt.probe).count();
    attempts.retain(|attempt| {
        let is_old = attempt.probe && probes > MOST_PROBES;
        probes -= usize::from(attempt.probe);
        !is_old
    });
    attempts.drain(..attempts.len().saturating_sub(MOST_ATTEMPTS));
    for error in attempts.iter_mut().filter_map(|attempt| attempt.error.as_mut()) {
        clip(error, MOST_ERROR);
    }
    let size = |attempt: &AttemptRecord| ATTEMPT + attempt.error.as_ref().map_or(0, String::len);
    let taken: usize = attempts.iter().map(size).sum();
    let mut room = ROOM.saturating_sub(taken).max(LEAST_EXCERPT);
    for attempt in attempts.iter_mut().rev() {
        let Some(excerpt) = &mut attempt.excerpt else { continue };
        clip(excerpt, room);
        room -= excerpt.len();
        if excerpt.is_empty() {
            attempt.excerpt = None;
        }
    }
    attempts
}

/// Shortens a text to at most this many bytes, at the end of a character.
pub fn clip(text: &mut String, most: usize) {
    text.truncate(text.floor_char_boundary(most));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_answer_keeps_most_of_its_text() {
        let attempt = |number| AttemptRecord {
            round: 0,
            attempt: number,
            at: DateTime::UNIX_EPOCH,
            duration_ms: Some(1),
            status_code: Some(500),
            error: Some("the receiver answered 500".to_owned()),
            excerpt: Some("é".repeat(500)),
            probe: false,
        };
        let lengths = |attempts: u32| -> Vec<usize> {
            let fitted = fitted((1..=attempts).map(attempt).collect());
            fitted.iter().map(|attempt| attempt.excerpt.as_ref().map_or(0, String::len)).collect()
        };
        assert_eq!(lengths(1), [338]);
        assert_eq!(lengths(3), [0, 0, 208]);
        assert_eq!(lengths(10), [0, 0, 0, 0, 0, 0, 0, 0, 0, 64]);
        assert_eq!(lengths(60).len(), 50);
    }

    #[test]
    fn the_latest_probes_are_kept_and_every_scheduled_attempt() {
        let record = |number, probe| AttemptRecord {
            round: 0,
            attempt: number,
            at: DateTime::UNIX_EPOCH,
            duration_ms: Some(u64::from(number)),
            status_code: Some(500),
            error: None,
            excerpt: None,
            probe,
        };
        let attempts = (1..=9).map(|number| record(number, number > 2 && number != 6));
        let kept: Vec<_> = fitted(attempts.collect()).iter().map(|attempt| attempt.attempt).collect();
        assert_eq!(kept, [1, 2, 6, 7, 8, 9]);
    }
}
