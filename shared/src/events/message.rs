//! What travels through the delivery queue: one notification on its way to one receiver.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::events::id::EventId;
use crate::instances::InstanceId;
use close::event::Event;

/// The version of the message format; a reader refuses others rather than guess.
const VERSION: u32 = 1;

/// A notification in the queue, with the number of the attempt that it asks for.
///
/// The number travels here because SQS's own receive count also grows with throttles and crashes. The JSON
/// form is `{"version","instanceId","eventId","receivedAt","round","attempt","events","raw"}` with either
/// `raw` or, for a body that the queue cannot take, `stored`.
#[derive(Debug, Clone)]
pub struct QueuedDelivery {
    /// Whose notification.
    pub instance_id: InstanceId,
    /// Its id, the same in every round and attempt.
    pub event_id: EventId,
    /// When this system took it in.
    pub received_at: DateTime<Utc>,
    /// Zero at first; each redelivery or redrive of a failed event begins another round of attempts.
    pub round: u32,
    /// The attempt to make, from one.
    pub attempt: u32,
    /// What changed.
    pub events: Vec<Event>,
    /// What Close sent.
    pub payload: Payload,
}

/// What Close sent, or where it is.
#[derive(Debug, Clone)]
pub enum Payload {
    /// The JSON text, byte for byte.
    Inline(Box<RawValue>),
    /// It waits in the payloads table.
    Stored(StoredPayload),
}

/// A claim check: a payload in the payloads table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPayload {
    /// Its key.
    pub id: String,
    /// Its length in bytes, to know whether it was read whole.
    pub bytes: usize,
}

/// A message that is not a delivery of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    /// It does not parse.
    #[error("the message is not a queued delivery: {0}")]
    Syntax(String),
    /// It was written by another version.
    #[error("the message has version {0}, this function reads version {VERSION}")]
    Version(u32),
    /// It has neither payload or both.
    #[error("the message needs either \"raw\" or \"stored\"")]
    Payload,
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    version: u32,
    instance_id: InstanceId,
    event_id: EventId,
    #[serde(with = "chrono::serde::ts_milliseconds")]
    received_at: DateTime<Utc>,
    round: u32,
    attempt: u32,
    events: Vec<Event>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    raw: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<StoredPayload>,
}

impl QueuedDelivery {
    /// The message's text.
    #[must_use]
    pub fn to_message(&self) -> String {
        let (raw, stored) = match &self.payload {
            Payload::Inline(raw) => (Some(&**raw), None),
            Payload::Stored(stored) => (None, Some(stored.clone())),
        };
        let message = Message {
            version: VERSION,
            instance_id: self.instance_id,
            event_id: self.event_id.clone(),
            received_at: self.received_at,
            round: self.round,
            attempt: self.attempt,
            events: self.events.clone(),
            raw,
            stored,
        };
        // Nothing in it can fail to serialise: every map key is a string.
        serde_json::to_string(&message).unwrap_or_default()
    }

    /// Reads a message's text.
    ///
    /// # Errors
    /// When it is of another version, or no delivery at all.
    pub fn from_message(text: &str) -> Result<Self, InvalidMessage> {
        // The text of the error would quote the message, which is the customer's data.
        let syntax = |error: serde_json::Error| {
            InvalidMessage::Syntax(format!("line {} column {}", error.line(), error.column()))
        };
        let Versioned { version } = serde_json::from_str(text).map_err(syntax)?;
        if version != VERSION {
            return Err(InvalidMessage::Version(version));
        }
        let message: Message<'_> = serde_json::from_str(text).map_err(syntax)?;
        let payload = match (message.raw, message.stored) {
            (Some(raw), None) => Payload::Inline(raw.to_owned()),
            (None, Some(stored)) => Payload::Stored(stored),
            _ => return Err(InvalidMessage::Payload),
        };
        Ok(Self {
            instance_id: message.instance_id,
            event_id: message.event_id,
            received_at: message.received_at,
            round: message.round,
            attempt: message.attempt,
            events: message.events,
            payload,
        })
    }

    /// The same notification, asking for the next attempt of its round.
    #[must_use]
    pub fn next_attempt(&self) -> Self {
        Self { attempt: self.attempt + 1, ..self.clone() }
    }

    /// The same notification, asking for a new round of attempts.
    #[must_use]
    pub fn next_round(&self) -> Self {
        Self { round: self.round + 1, attempt: 1, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(raw: &str) -> String {
        format!(
            r#"{{"version":1,"instanceId":20931,"eventId":"e1","receivedAt":1795255200123,"round":0,"attempt":1,"events":[{{"objectType":"accounts","objectId":"lead_1","eventType":"CREATED","date":"2018-07-31T19:39:46Z"}}],"raw":{raw}}}"#
        )
    }

    #[test]
    fn a_message_survives_the_queue_byte_for_byte() {
        let text = message("{ \"b\": 1.0e2,\n \"a\":\"\\u0061\" }");
        let delivery = QueuedDelivery::from_message(&text).unwrap();
        assert_eq!(delivery.to_message(), text);
        assert_eq!((delivery.next_attempt().attempt, delivery.next_attempt().round), (2, 0));
        assert_eq!((delivery.next_attempt().next_round().attempt, delivery.next_round().round), (1, 1));
    }

    #[test]
    fn what_is_no_delivery_is_refused_without_being_quoted() {
        let rows = [
            ("hush", "the message is not a queued delivery: line 1 column 1".to_owned()),
            (
                r#"{"version":2,"x":"hush"}"#,
                "the message has version 2, this function reads version 1".to_owned(),
            ),
            (
                &message("null").replace("\"raw\":null", "\"rav\":1"),
                "the message needs either \"raw\" or \"stored\"".to_owned(),
            ),
        ];
        for (text, error) in rows {
            assert_eq!(QueuedDelivery::from_message(text).unwrap_err().to_string(), error);
        }
    }
}
