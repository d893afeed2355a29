//! What travels through the poll queue.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::instances::InstanceId;
use shared::polling::schedule::KeyDigest;
use shared::polling::store::Due;

/// The version of the message format; a reader refuses others rather than guess.
const VERSION: u32 = 1;

/// Work for the poller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// Instances of one API key, to be polled one after the other.
    Poll(Vec<Due>),
    /// An instance whose past is read again.
    Audit(InstanceId),
    /// Instances of one API key, whose subscriptions at Close are to be checked one after the other.
    Check(Vec<Due>),
}

/// A message that is none of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message is no work for the poller: {0}")]
pub(crate) struct InvalidMessage(String);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    polls: Option<Vec<WirePoll>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<InstanceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Vec<WirePoll>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePoll {
    instance_id: InstanceId,
    #[serde(with = "chrono::serde::ts_milliseconds")]
    due_at: DateTime<Utc>,
}

impl Message {
    /// `{"version", "key", "polls": [{"instanceId", "dueAt"}]}`, the same with `checks`, or `{"version", "audit"}`.
    pub(crate) fn to_text(&self) -> String {
        let key = |dues: &[Due]| dues.first().map(|due| due.key.as_str().to_owned());
        let wires = |dues: &[Due]| {
            dues.iter().map(|it| WirePoll { instance_id: it.instance_id, due_at: it.due_at }).collect()
        };
        let empty = Wire { version: VERSION, polls: None, key: None, audit: None, checks: None };
        let wire = match self {
            Self::Poll(dues) => Wire { polls: Some(wires(dues)), key: key(dues), ..empty },
            Self::Audit(instance) => Wire { audit: Some(*instance), ..empty },
            Self::Check(dues) => Wire { checks: Some(wires(dues)), key: key(dues), ..empty },
        };
        // Nothing in it can fail to serialise: there is no map.
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// Reads a message.
    pub(crate) fn from_text(text: &str) -> Result<Self, InvalidMessage> {
        let wire: Wire = serde_json::from_str(text)
            .map_err(|error| InvalidMessage(format!("line {} column {}", error.line(), error.column())))?;
        let dues = |wires: Vec<WirePoll>, key: Option<String>| {
            let key = KeyDigest::from_text(&key.unwrap_or_default());
            let due = |it: WirePoll| Due { instance_id: it.instance_id, due_at: it.due_at, key: key.clone() };
            wires.into_iter().map(due).collect()
        };
        match wire {
            Wire { version: VERSION, polls: Some(polls), audit: None, checks: None, key } => {
                Ok(Self::Poll(dues(polls, key)))
            }
            Wire { version: VERSION, polls: None, audit: None, checks: Some(checks), key } => {
                Ok(Self::Check(dues(checks, key)))
            }
            Wire { version: VERSION, polls: None, audit: Some(instance), checks: None, .. } => {
                Ok(Self::Audit(instance))
            }
            Wire { version: VERSION, .. } => {
                Err(InvalidMessage("it needs one of polls, checks and audit".to_owned()))
            }
            Wire { version, .. } => Err(InvalidMessage(format!("it has version {version}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_queue_and_another_is_refused() {
        let key = KeyDigest::from_text("ab");
        let due = |n: u8| Due {
            instance_id: InstanceId::from_entropy([n; 8]),
            due_at: DateTime::from_timestamp_millis(1_795_255_200_123).unwrap(),
            key: key.clone(),
        };
        for message in [
            Message::Poll(vec![due(1), due(2)]),
            Message::Audit(due(3).instance_id),
            Message::Check(vec![due(4), due(5)]),
        ] {
            assert_eq!(Message::from_text(&message.to_text()), Ok(message));
        }
        for text in ["", "{}", r#"{"version":2,"audit":1}"#, r#"{"version":1}"#, r#"{"version":1,"audit":0}"#]
        {
            assert!(Message::from_text(text).is_err(), "{text}");
        }
    }
}
