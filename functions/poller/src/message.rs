//! What travels through the poll queue.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use shared::polling::schedule::KeyDigest;
use shared::polling::store::Due;

/// The version of the message format; a reader refuses others rather than guess.
const VERSION: u32 = 2;

/// Work for the poller. It is a hint: what is due stands in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// A turn of an API key.
    Turn(Due),
    /// An API key, of which one instance's past is read again.
    Audit(KeyDigest),
}

/// A message that is not of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message is not for the poller: {0}")]
pub(crate) struct InvalidMessage(String);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<WireTurn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTurn {
    key: String,
    #[serde(with = "chrono::serde::ts_milliseconds")]
    due_at: DateTime<Utc>,
    /// In minutes.
    interval: i64,
}

impl Message {
    /// `{"version", "turn": {"key", "dueAt", "interval"}}`, or `{"version", "audit"}`.
    pub(crate) fn to_text(&self) -> String {
        let wire = match self {
            Self::Turn(Due { key, due_at, interval }) => {
                let (key, interval) = (key.as_str().to_owned(), interval.num_minutes());
                Wire {
                    version: VERSION,
                    turn: Some(WireTurn { key, due_at: *due_at, interval }),
                    audit: None,
                }
            }
            Self::Audit(key) => Wire { version: VERSION, turn: None, audit: Some(key.as_str().to_owned()) },
        };
        // Nothing in it can fail to serialise: there is no map.
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// Reads a message.
    pub(crate) fn from_text(text: &str) -> Result<Self, InvalidMessage> {
        let wire: Wire = serde_json::from_str(text)
            .map_err(|error| InvalidMessage(format!("line {} column {}", error.line(), error.column())))?;
        match wire {
            Wire { version: VERSION, turn: Some(WireTurn { key, due_at, interval }), audit: None } => {
                let (key, interval) = (KeyDigest::from_text(&key), TimeDelta::minutes(interval));
                Ok(Self::Turn(Due { key, due_at, interval }))
            }
            Wire { version: VERSION, turn: None, audit: Some(key) } => {
                Ok(Self::Audit(KeyDigest::from_text(&key)))
            }
            Wire { version: VERSION, .. } => Err(InvalidMessage("it needs one of turn and audit".to_owned())),
            Wire { version, .. } => Err(InvalidMessage(format!("it has version {version}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_queue_and_another_is_refused() {
        let due = Due {
            key: KeyDigest::from_text("ab"),
            due_at: DateTime::from_timestamp_millis(1_795_255_200_123).unwrap(),
            interval: TimeDelta::minutes(15),
        };
        for message in [Message::Turn(due.clone()), Message::Audit(due.key)] {
            assert_eq!(Message::from_text(&message.to_text()), Ok(message));
        }
        for text in ["", "{}", r#"{"version":1,"audit":"ab"}"#, r#"{"version":2}"#] {
            assert!(Message::from_text(text).is_err(), "{text}");
        }
    }
}
