//! When an API key is due.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use crate::events::id::hex;
use crate::instances::{Configuration, key};
use url::Url;

/// The first wait after a failure; it doubles with each further one.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(30);
/// No failure waits longer.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// Identifies an API key without revealing it: a digest of the key and its host.
///
/// Close counts the requests of a key together, so that all instances that have the same one are polled in one turn.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyDigest(String);

impl KeyDigest {
    /// The digest of the key that an instance's settings name.
    pub fn of(configuration: &Configuration) -> Self {
        let base = configuration.get(key::BASE_URL).and_then(|base| Url::parse(base).ok());
        let host = base.as_ref().and_then(Url::host_str).unwrap_or("api.close.com");
        let api_key = configuration.get(key::USERNAME).unwrap_or_default();
        let digest = Sha256::digest(format!("poller:{api_key}/{host}"));
        Self(hex(&digest[..16]))
    }

    /// Takes a digest out of the table.
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digest as a number, for what has to be spread.
    pub fn number(&self) -> u64 {
        self.0.get(..15).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default()
    }
}

/// The next regular poll after `now`.
///
/// Each API key has a place of its own in the interval, so instances that share an interval do not arrive at
/// Close together, and a poll that came late does not move the ones after it.
pub fn next_due(now: DateTime<Utc>, interval: TimeDelta, key: &KeyDigest) -> DateTime<Utc> {
    let step = interval.num_milliseconds().max(60_000);
    let place = i64::try_from(key.number() % step.unsigned_abs()).unwrap_or_default();
    let since_place = (now.timestamp_millis() - place).rem_euclid(step);
    DateTime::from_timestamp_millis(now.timestamp_millis() + step - since_place)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// How long to wait after `failures` failures in a row: 30 s, a minute, two … an hour.
pub fn wait_after(failures: u32) -> TimeDelta {
    let doubled = FIRST_WAIT * (1 << failures.saturating_sub(1).min(7));
    doubled.min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn key(n: u32) -> KeyDigest {
        let username = (key::USERNAME.to_owned(), Some(format!("api_{n}")));
        KeyDigest::of(&[username].into_iter().collect())
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
    fn failures_back_off_to_an_hour() {
        let seconds: Vec<i64> = (0..10).map(|failures| wait_after(failures).num_seconds()).collect();
        assert_eq!(seconds, [30, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    }

    #[test]
    fn a_digest_does_not_show_its_key() {
        assert_eq!(key(1), key(1));
        assert_ne!(key(1), key(2));
        assert!(!key(1).as_str().contains("api_1"));
        let at = |base: &str| {
            let settings = [(key::USERNAME, "api_1"), (key::BASE_URL, base)];
            KeyDigest::of(
                &settings.map(|(key, value)| (key.to_owned(), Some(value.to_owned()))).into_iter().collect(),
            )
        };
        assert_eq!(at("https://api.close.com/api/v1"), at("https://api.close.com/api/v1/"));
        assert_ne!(at("https://api.close.com/api/v1"), at("https://app.close.io/api/v1"));
    }
}
