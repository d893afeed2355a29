//! The poller's item, as DynamoDB has it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Item;
use crate::instances::InstanceId;
use crate::polling::schedule::KeyDigest;
use crate::polling::state::{PollingState, Status};
use crate::polling::window::Walk;

/// An instance's poller.
#[derive(Debug, Clone)]
pub struct Poller {
    /// The instance.
    pub instance_id: InstanceId,
    /// When polling was asked for first.
    pub registered_at: DateTime<Utc>,
    /// When the instance was last made, changed or enabled, which is when polling was asked for as it is now.
    pub configured_at: DateTime<Utc>,
    /// The digest of its API key, as of the last poll.
    pub key: Option<KeyDigest>,
    /// Whether other instances may have the same key, which is then to be held for a poll.
    pub shares_key: bool,
    /// How it goes.
    pub state: PollingState,
    /// How far each resource got; what did not fit is read apart.
    pub(super) cursors: BTreeMap<String, CursorItem>,
}

#[derive(Deserialize)]
struct PollerItem {
    instance_id: InstanceId,
    #[serde(with = "chrono::serde::ts_microseconds")]
    registered_at: DateTime<Utc>,
    #[serde(default, with = "chrono::serde::ts_microseconds_option")]
    configured_at: Option<DateTime<Utc>>,
    key_digest: Option<String>,
    #[serde(default)]
    shares_key: bool,
    #[serde(default)]
    cursors: BTreeMap<String, CursorItem>,
    #[serde(default)]
    state: PollingState,
    /// When the last poll began, and the one before; zero for none. An idle poll writes nothing else.
    #[serde(default, with = "chrono::serde::ts_milliseconds_option")]
    polled_at: Option<DateTime<Utc>>,
    #[serde(default, with = "chrono::serde::ts_milliseconds_option")]
    polled_before: Option<DateTime<Utc>>,
    /// Counted apart, because an audit holds no lease.
    #[serde(default)]
    audit_finds: u64,
}

/// A cursor in the item.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CursorItem {
    #[serde(with = "chrono::serde::ts_microseconds")]
    pub(super) since: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) walk: Option<Walk>,
    #[serde(
        with = "chrono::serde::ts_milliseconds_option",
        skip_serializing_if = "Option::is_none",
        default
    )]
    pub(super) answered_at: Option<DateTime<Utc>>,
    /// What was told, if it fits here.
    #[serde(with = "bytes", default)]
    pub(super) seen: Vec<u8>,
    /// Where it is otherwise: the beginning of the parts' names.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) spilled: Option<String>,
}

/// A poller as it stands: while all is well, its last poll was its last success.
pub(super) fn read(item: Item) -> Result<Poller, serde_dynamo::Error> {
    let item: PollerItem = serde_dynamo::from_item(item)?;
    let last = item.polled_at;
    Ok(item.into_poller(last))
}

/// A poller whose next poll has begun: of that one nothing is known yet.
pub(super) fn read_claimed(item: Item) -> Result<Poller, serde_dynamo::Error> {
    let item: PollerItem = serde_dynamo::from_item(item)?;
    let last = item.polled_before;
    Ok(item.into_poller(last))
}

impl PollerItem {
    fn into_poller(self, last: Option<DateTime<Utc>>) -> Poller {
        let last = last.filter(|last| *last > DateTime::UNIX_EPOCH);
        let last_success = if self.state.status == Status::Ok { last } else { self.state.last_success };
        Poller {
            instance_id: self.instance_id,
            registered_at: self.registered_at,
            configured_at: self.configured_at.unwrap_or(self.registered_at),
            key: self.key_digest.as_deref().map(KeyDigest::from_text),
            shares_key: self.shares_key,
            state: PollingState { audit_finds: self.audit_finds, last_success, ..self.state },
            cursors: self.cursors,
        }
    }
}

/// Bytes as DynamoDB's binary and not as a list of numbers.
mod bytes {
    use serde::{Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl de::Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}
