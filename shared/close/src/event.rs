//! A normalised event: what changed, when, and how.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// What happened to an object, in the old platform's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EventType {
    /// The object is new.
    Created,
    /// The object changed.
    Updated,
    /// The object was deleted.
    Deleted,
    /// Anything else; see `raw`.
    Unknown,
}

impl EventType {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Updated => "UPDATED",
            Self::Deleted => "DELETED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// One change of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The object's type: the platform's name (`accounts`), or else Close's.
    pub object_type: String,
    /// Close's id of the object.
    pub object_id: String,
    /// What happened to it.
    pub event_type: EventType,
    /// When it happened; on the wire in whole seconds.
    #[serde(with = "seconds")]
    pub date: DateTime<Utc>,
    /// When a poll found it; absent for webhooks.
    #[serde(with = "optional_seconds", default, skip_serializing_if = "Option::is_none")]
    pub poll_date: Option<DateTime<Utc>>,
}

/// A time as the platform prints it: ISO 8601, UTC, whole seconds, `Z`.
pub fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Identifies an occurrence at Close, however often Close repeats it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventKey {
    /// The kind of source; keys of different kinds are never equal.
    pub kind: &'static str,
    /// The identifying parts, in order.
    pub parts: Vec<Vec<u8>>,
}

impl EventKey {
    /// The key of these parts.
    pub fn new(kind: &'static str, parts: &[&[u8]]) -> Self {
        Self { kind, parts: parts.iter().map(|part| part.to_vec()).collect() }
    }
}

mod seconds {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::timestamp(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        DateTime::<Utc>::deserialize(deserializer)
    }
}

mod optional_seconds {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(
        time: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::seconds::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        Option::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_out_in_whole_seconds_and_a_webhook_has_no_poll_date() {
        let event = Event {
            object_type: "accounts".to_owned(),
            object_id: "lead_1".to_owned(),
            event_type: EventType::Created,
            date: "2018-07-31T19:39:46.999999Z".parse().unwrap(),
            poll_date: None,
        };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(
            json,
            r#"{"objectType":"accounts","objectId":"lead_1","eventType":"CREATED","date":"2018-07-31T19:39:46Z"}"#
        );
        let back: Event = serde_json::from_str(&json).unwrap();
        assert_eq!(back.date, "2018-07-31T19:39:46Z".parse::<DateTime<Utc>>().unwrap());
    }
}
