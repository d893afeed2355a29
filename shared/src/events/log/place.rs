//! The place of an event in its instance's log: by time of receipt, in several shards.

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::events::id::EventId;
use crate::instances::InstanceId;

/// An instance's events are spread over this many shards, because a DynamoDB partition takes 1,000 write units a second
/// (Amazon DynamoDB Developer Guide, "Burst and adaptive capacity").
const SHARDS: u8 = 8;

/// A place in an instance's log, unique to an event. Places are ordered by time of receipt.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When the event was received, to the millisecond.
    pub received_at: DateTime<Utc>,
    /// Its id.
    pub event_id: EventId,
}

impl Place {
    /// Its text in the index, which sorts like places.
    pub(super) fn key(&self) -> String {
        format!("{}#{}", time_key(self.received_at), self.event_id)
    }

    /// Reads its text in the index.
    pub(super) fn read(key: &str) -> Option<Self> {
        let (millis, id) = key.split_once('#')?;
        let received_at = DateTime::from_timestamp_millis(millis.parse().ok()?)?;
        Some(Self { received_at, event_id: id.to_owned().into() })
    }
}

/// The prefix of the keys of a millisecond.
pub(super) fn time_key(time: DateTime<Utc>) -> String {
    format!("{:015}", time.timestamp_millis().max(0))
}

/// The shard of an instance's index that an event is in.
pub(super) fn shard(instance: InstanceId, event: &EventId) -> String {
    let sum = event.as_str().bytes().fold(0u8, u8::wrapping_add);
    format!("{instance}#{}", sum % SHARDS)
}

/// All shards of an instance.
pub(super) fn shards(instance: InstanceId) -> impl Iterator<Item = String> {
    (0..SHARDS).map(move |shard| format!("{instance}#{shard}"))
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.key())
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        Self::read(&key).ok_or_else(|| D::Error::custom("not a place in the log"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_key_and_sorts_as_it() {
        let place = |millis, id: &str| Place {
            received_at: DateTime::from_timestamp_millis(millis).unwrap(),
            event_id: id.to_owned().into(),
        };
        let places =
            [place(0, "b"), place(999, "a"), place(1_795_255_200_123, "a"), place(1_795_255_200_123, "b")];
        let keys = places.clone().map(|place| place.key());
        assert!(keys.is_sorted() && places.is_sorted(), "{keys:?}");
        assert_eq!(keys.clone().map(|key| Place::read(&key).unwrap()), places);
        assert_eq!((Place::read("1795"), Place::read("x#a")), (None, None));
    }

    #[test]
    fn events_spread_over_all_shards() {
        let instance = InstanceId::try_from(7).unwrap();
        let ids = (0..100).map(|number: i32| EventId::derive(&[&number.to_be_bytes()]));
        let used: std::collections::BTreeSet<_> = ids.map(|id| shard(instance, &id)).collect();
        assert_eq!(used, shards(instance).collect());
    }
}
