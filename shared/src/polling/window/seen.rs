//! What was told of the current window.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::events::id::EventId;

/// Digest and second: twelve bytes and four.
const ENTRY_BYTES: usize = 16;

/// More than this in one window are not remembered; the event log, by the same ids, drops what comes again.
const CAPACITY: usize = 200_000;

/// A state of an object, as 96 bits of its event's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version([u8; 12]);

impl Version {
    /// The version that an event tells.
    #[must_use]
    pub fn of(event: &EventId) -> Self {
        let mut bytes = [0; 12];
        for (byte, digits) in bytes.iter_mut().zip(event.as_str().as_bytes().chunks(2)) {
            let digit =
                |at: usize| digits.get(at).and_then(|it| char::from(*it).to_digit(16)).unwrap_or_default();
            *byte = u8::try_from(digit(0) * 16 + digit(1)).unwrap_or_default();
        }
        Self(bytes)
    }
}

/// The versions that were told, each with the second in which its object changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen(HashMap<Version, u32>);

impl Seen {
    /// Whether a version was told.
    #[must_use]
    pub fn contains(&self, version: &Version) -> bool {
        self.0.contains_key(version)
    }

    /// Remembers a version.
    pub fn insert(&mut self, version: Version, changed_at: DateTime<Utc>) {
        if self.0.len() < CAPACITY {
            self.0.insert(version, second(changed_at));
        }
    }

    /// Whether anything changed before `since` is remembered.
    #[must_use]
    pub fn has_before(&self, since: DateTime<Utc>) -> bool {
        self.0.values().any(|changed| *changed < second(since))
    }

    /// Forgets what changed before `since`.
    pub fn forget_before(&mut self, since: DateTime<Utc>) {
        self.0.retain(|_, changed| *changed >= second(since));
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sixteen bytes a version, in order.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_unstable();
        entries
            .into_iter()
            .flat_map(|(version, changed)| version.0.into_iter().chain(changed.to_be_bytes()))
            .collect()
    }

    /// Reads what [`Seen::to_bytes`] wrote, in one piece or several.
    pub fn extend_from_bytes(&mut self, bytes: &[u8]) {
        for entry in bytes.chunks_exact(ENTRY_BYTES) {
            let (mut version, mut changed) = ([0; 12], [0; 4]);
            version.copy_from_slice(&entry[..12]);
            changed.copy_from_slice(&entry[12..]);
            self.0.insert(Version(version), u32::from_be_bytes(changed));
        }
    }
}

/// Seconds of Unix time, which fit until the year 2106.
fn second(time: DateTime<Utc>) -> u32 {
    u32::try_from(time.timestamp().max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_survives_being_written_in_pieces() {
        let mut seen = Seen::default();
        for n in 0..100_i64 {
            let version = Version::of(&EventId::derive(&[&n.to_be_bytes()]));
            seen.insert(version, DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(n));
        }
        let bytes = seen.to_bytes();
        assert_eq!(bytes.len(), 1600);
        let mut read = Seen::default();
        read.extend_from_bytes(&bytes[..160]);
        read.extend_from_bytes(&bytes[160..]);
        assert_eq!(read, seen);
        read.extend_from_bytes(&[1, 2, 3]);
        read.forget_before(DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(60));
        assert_eq!(read.to_bytes().len(), 640);
    }

    #[test]
    fn a_version_is_the_beginning_of_the_events_id() {
        let version = Version::of(&EventId::from("00ff10ab000000000000000000000000".to_owned()));
        assert_eq!(version.0[..5], [0, 255, 16, 171, 0]);
        assert_eq!(Version::of(&EventId::from("é".to_owned())), Version::of(&EventId::from("é".to_owned())));
    }
}
