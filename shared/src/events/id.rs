//! The id of an event, derived from what happened.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::instances::InstanceId;
use close::EventKey;

/// The id of one event at one instance: 32 lowercase hexadecimal digits.
///
/// It is derived from what identifies the occurrence, so a repeated occurrence has the same id. Receivers see it as
/// `eventId` and in `Elements-Webhook-Id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    /// The id of the occurrence that `parts` identify, in this order.
    ///
    /// Each part is hashed with its length, so no two lists of parts give the same bytes.
    pub fn derive(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hex(&hash.finalize()[..16]))
    }

    /// The id of an occurrence at Close, for one instance.
    pub fn of(instance: InstanceId, key: &EventKey) -> Self {
        let instance = instance.to_string();
        let head = [key.kind.as_bytes(), instance.as_bytes()];
        let parts = key.parts.iter().map(Vec::as_slice);
        Self::derive(&head.into_iter().chain(parts).collect::<Vec<_>>())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for EventId {
    /// Reads an id from the queue or the log.
    fn from(digits: String) -> Self {
        Self(digits)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lowercase hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        // Writing to a String cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_give_the_same_id_and_shifted_parts_another() {
        let id = EventId::derive(&[b"20931", b"lead", b"x"]);
        assert_eq!(id, EventId::derive(&[b"20931", b"lead", b"x"]));
        assert_ne!(id, EventId::derive(&[b"20931", b"lea", b"dx"]));
        assert_ne!(id, EventId::derive(&[b"20931", b"lead", b"x", b""]));
        assert_eq!(id.as_str().len(), 32);
    }

    #[test]
    fn one_occurrence_has_an_id_for_each_instance() {
        let key = EventKey::new("event", &[b"ev_1", b"2026-06-19T12:11:19.120000"]);
        let of = |id: u64| EventId::of(InstanceId::try_from(id).unwrap(), &key);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
