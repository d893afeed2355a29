//! When an instance is polled.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use crate::events::id::hex;
use crate::platform::secret::Secret;

/// The first wait after a failure; it doubles with each further one.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(30);
/// No failure waits longer.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// What tells one API key from another without being it.
///
/// Instances of one key are polled at the same time, one after the other, because Close counts their requests
/// together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyDigest(String);

impl KeyDigest {
    /// The digest of a key.
    #[must_use]
    pub fn of(api_key: &Secret) -> Self {
        let digest = Sha256::digest([b"poller:", api_key.expose().as_bytes()].concat());
        Self(hex(&digest[..16]))
    }

    /// Takes a digest out of the table.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digest as a number, for what has to be spread.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.get(..15).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default()
    }
}

/// The next regular poll after `now`.
///
/// Each API key has a place of its own in the interval, so instances that share an interval do not arrive at
/// Close together, and a poll that came late does not move the ones after it.
#[must_use]
pub fn next_due(now: DateTime<Utc>, interval: TimeDelta, key: &KeyDigest) -> DateTime<Utc> {
    let step = interval.num_milliseconds().max(60_000);
    let place = i64::try_from(key.number() % step.unsigned_abs()).unwrap_or_default();
    let since_place = (now.timestamp_millis() - place).rem_euclid(step);
    DateTime::from_timestamp_millis(now.timestamp_millis() + step - since_place)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// How long to wait after `failures` failed polls in a row: 30 s, a minute, two … an hour; at least what Close
/// asked for.
#[must_use]
pub fn wait_after(failures: u32, asked: Option<TimeDelta>) -> TimeDelta {
    let doubled = FIRST_WAIT * (1 << failures.saturating_sub(1).min(7));
    doubled.min(LONGEST_WAIT).max(asked.unwrap_or_default().min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn key(n: u32) -> KeyDigest {
        KeyDigest::of(&Secret::new(format!("api_{n}")))
    }

    #[test]
    fn a_thousand_instances_of_one_interval_are_spread_over_it() {
        let now: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().unwrap();
        let mut minutes = BTreeMap::<i64, usize>::new();
        for n in 0..1000 {
            let due = next_due(now, TimeDelta::minutes(15), &key(n));
            assert!(due > now && due <= now + TimeDelta::minutes(15));
            assert_eq!(next_due(due, TimeDelta::minutes(15), &key(n)), due + TimeDelta::minutes(15));
            assert_eq!(next_due(due - TimeDelta::milliseconds(1), TimeDelta::minutes(15), &key(n)), due);
            *minutes.entry((due - now).num_minutes()).or_default() += 1;
        }
        assert!(minutes.len() >= 15 && minutes.values().all(|count| *count < 120), "{minutes:?}");
    }

    #[test]
    fn never_is_far_away_and_overflows_nothing() {
        let now: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().unwrap();
        assert!(next_due(now, TimeDelta::minutes(999_999_999), &key(1)) > now);
        assert!(next_due(now, TimeDelta::zero(), &key(1)) > now);
    }

    #[test]
    fn failures_back_off_to_an_hour_and_listen_to_close() {
        let seconds: Vec<i64> = (0..10).map(|failures| wait_after(failures, None).num_seconds()).collect();
        assert_eq!(seconds, [30, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(wait_after(1, Some(TimeDelta::seconds(45))), TimeDelta::seconds(45));
        assert_eq!(wait_after(1, Some(TimeDelta::seconds(5))), TimeDelta::seconds(30));
        assert_eq!(wait_after(1, Some(TimeDelta::days(9))), TimeDelta::hours(1));
    }

    #[test]
    fn a_digest_does_not_show_its_key() {
        assert_eq!(key(1), key(1));
        assert_ne!(key(1), key(2));
        assert!(!key(1).as_str().contains("api_1"));
    }
}
