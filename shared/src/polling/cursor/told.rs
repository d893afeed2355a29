//! What was enqueued of the current window.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

use crate::events::id::EventId;

/// The digests of a version and of its object, and a second: eight bytes and twice four.
const ENTRY_BYTES: usize = 16;

/// A state of an object, as 64 bits of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version([u8; 8]);

impl Version {
    /// The version that an event is about.
    pub fn of(event: &EventId) -> Self {
        let mut bytes = [0; 8];
        for (byte, digits) in bytes.iter_mut().zip(event.as_str().as_bytes().chunks(2)) {
            let digit =
                |at: usize| digits.get(at).and_then(|it| char::from(*it).to_digit(16)).unwrap_or_default();
            *byte = u8::try_from(digit(0) * 16 + digit(1)).unwrap_or_default();
        }
        Self(bytes)
    }
}

/// An object, as 32 bits of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object([u8; 4]);

impl Object {
    /// The object of this id.
    pub fn of(id: &str) -> Self {
        let digest = Sha256::digest(id);
        Self([digest[0], digest[1], digest[2], digest[3]])
    }
}

/// The versions that were enqueued, each with its object and the second until which a window may show it.
///
/// They are bounded: beyond that, the claim in the delivery log drops what comes again under the same id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    versions: HashMap<Version, (Object, u32)>,
    /// There was no room for everything that changed before this second.
    incomplete_before: u32,
}

impl Told {
    /// True if a version was enqueued.
    pub fn contains(&self, version: &Version) -> bool {
        self.versions.contains_key(version)
    }

    /// True if an object was enqueued, as far as that is remembered.
    pub fn knows(&self, id: &str) -> bool {
        let object = Object::of(id);
        self.versions.values().any(|(known, _)| *known == object)
    }

    /// True if there was no room for everything in a walk that began after `time`.
    pub fn was_full_after(&self, time: DateTime<Utc>) -> bool {
        second(time) < self.incomplete_before
    }

    /// Remembers a version until windows begin after `shown_until`, if there is `room` for so many. `now` is when the
    /// walk began.
    pub fn insert(
        &mut self,
        (version, object): (Version, Object),
        shown_until: DateTime<Utc>,
        now: DateTime<Utc>,
        room: usize,
    ) {
        if self.versions.len() < room || self.versions.contains_key(&version) {
            self.versions.insert(version, (object, second(shown_until)));
        } else {
            self.incomplete_before = self.incomplete_before.max(second(now));
        }
    }

    /// True if anything is remembered that no window from `since` on shows.
    pub fn has_before(&self, since: DateTime<Utc>) -> bool {
        self.versions.values().any(|(_, shown_until)| *shown_until < second(since))
    }

    /// Forgets what no window from `since` on shows.
    pub fn forget_before(&mut self, since: DateTime<Utc>) {
        self.versions.retain(|_, (_, shown_until)| *shown_until >= second(since));
        if self.incomplete_before < second(since) {
            self.incomplete_before = 0;
        }
    }

    /// True if nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.incomplete_before == 0
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut entries: Vec<_> = self.versions.iter().collect();
        entries.sort_unstable();
        let mut bytes = self.incomplete_before.to_be_bytes().to_vec();
        for (version, (object, until)) in entries {
            bytes.extend(version.0);
            bytes.extend(object.0);
            bytes.extend(until.to_be_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        fn taken<const N: usize>(bytes: &[u8]) -> [u8; N] {
            bytes.try_into().unwrap_or([0; N])
        }
        let Some((head, entries)) = bytes.split_at_checked(4) else { return Self::default() };
        let entry = |entry: &[u8]| {
            let (object, until) = (Object(taken(&entry[8..12])), u32::from_be_bytes(taken(&entry[12..])));
            (Version(taken(&entry[..8])), (object, until))
        };
        let versions = entries.chunks_exact(ENTRY_BYTES).map(entry).collect();
        Self { versions, incomplete_before: u32::from_be_bytes(taken(head)) }
    }
}

/// As DynamoDB's binary, and not as a list of numbers.
impl Serialize for Told {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.to_bytes())
    }
}

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl de::Visitor<'_> for Bytes {
            type Value = Told;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Told, E> {
                Ok(Told::from_bytes(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}

/// Seconds of Unix time, which fit until the year 2106.
fn second(time: DateTime<Utc>) -> u32 {
    u32::try_from(time.timestamp().max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(n: usize) -> Version {
        Version::of(&EventId::derive(&[&n.to_be_bytes()]))
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(second)
    }

    const ROOM: usize = 400;

    fn entry(n: usize) -> (Version, Object) {
        (version(n), Object::of(&n.to_string()))
    }

    #[test]
    fn what_is_remembered_survives_being_written() {
        let mut told = Told::default();
        for n in 0..100 {
            told.insert(entry(n), at(i64::try_from(n).unwrap()), at(100), ROOM);
        }
        assert_eq!(told.to_bytes().len(), 4 + 1600);
        let mut read = Told::from_bytes(&told.to_bytes());
        assert_eq!(read, told);
        read.forget_before(at(60));
        assert_eq!(read.to_bytes().len(), 4 + 640);
        assert!(read.knows("60") && !read.knows("59"));
        assert_eq!(Told::from_bytes(&[1]), Told::default());
    }

    #[test]
    fn memory_is_bounded_and_knows_that_it_is_incomplete() {
        let mut told = Told::default();
        for n in 0..=ROOM {
            told.insert(entry(n), at(50), at(100), ROOM);
        }
        assert!(told.contains(&version(0)) && !told.contains(&version(ROOM)));
        assert!(told.was_full_after(at(99)) && !told.was_full_after(at(100)));
        told.insert(entry(0), at(50), at(300), ROOM);
        assert!(!told.was_full_after(at(100)), "there is room for what is known");
        told.insert(entry(ROOM), at(50), at(90), ROOM);
        assert!(told.was_full_after(at(99)), "an earlier walk does not make it more complete");
        assert!(told.has_before(at(51)) && !told.has_before(at(50)));
        told.forget_before(at(50));
        assert!(told.contains(&version(0)));
        told.forget_before(at(100));
        assert!(!told.contains(&version(0)) && told.was_full_after(at(99)) && !told.is_empty());
        told.forget_before(at(101));
        assert!(told.is_empty() && !told.was_full_after(at(99)));
    }
}
