//! The message of the delivery queue: one notification for one receiver.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::events::body::{Body, Deflated, StoredBody};
use crate::events::id::EventId;
use crate::events::log::{ClaimId, Settlement};
use crate::instances::InstanceId;
use close::event::Event;

/// The version of the message format; a reader refuses others.
const VERSION: u32 = 2;

/// A notification in the queue, which asks for one attempt by number.
///
/// The message carries the number because SQS's receive count also grows with throttles and crashes.
#[derive(Debug, Clone)]
pub struct QueuedDelivery<'a> {
    /// The instance.
    pub instance_id: InstanceId,
    /// Its id, the same in every round and attempt.
    pub event_id: EventId,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// Zero at first; each redelivery or redrive of a failed event begins another round of attempts.
    pub round: u32,
    /// When that round began; for a redriven message, when it is received.
    pub since: Option<DateTime<Utc>>,
    /// The attempt to make, from one.
    pub attempt: u32,
    /// What changed.
    pub events: Vec<Event>,
    /// What Close sent.
    pub body: Body<'a>,
    /// The state of its handling so far.
    pub handling: Handling,
}

/// What a message knows from the messages before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handling {
    /// True if the delivery log has the body.
    pub kept: bool,
    /// True if it is sent even if the callback is open.
    pub probe: bool,
    /// How many times in a row a fault of ours put it back.
    pub faults: u32,
    /// The holder of its claim, if another message: the one that it replaces.
    pub holder: Option<String>,
    /// A claim that may have been written without an attempt.
    pub abandoned: Option<ClaimId>,
    /// A known outcome that is not written yet; nothing else is left to do.
    pub settlement: Option<Settlement>,
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
    /// It has no body, or more than one.
    #[error("the message needs one of \"raw\", \"deflated\" and \"stored\"")]
    Body,
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// The JSON form, without unset fields.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    version: u32,
    instance_id: InstanceId,
    event_id: EventId,
    #[serde(with = "chrono::serde::ts_milliseconds")]
    received_at: DateTime<Utc>,
    round: u32,
    #[serde(
        default,
        with = "chrono::serde::ts_milliseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    since: Option<DateTime<Utc>>,
    attempt: u32,
    events: Vec<Event>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    raw: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deflated: Option<WireDeflated>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<StoredBody>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    kept: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    probe: bool,
    #[serde(default, skip_serializing_if = "is_zero")]
    faults: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abandoned: Option<ClaimId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settlement: Option<Settlement>,
}

#[derive(Serialize, Deserialize)]
struct WireDeflated {
    base64: String,
    bytes: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl<'a> QueuedDelivery<'a> {
    /// The first attempt at a new event.
    pub fn first(
        instance_id: InstanceId,
        event_id: EventId,
        received_at: DateTime<Utc>,
        events: Vec<Event>,
        body: Body<'a>,
    ) -> Self {
        let handling = Handling::default();
        let since = Some(received_at);
        Self { instance_id, event_id, received_at, round: 0, since, attempt: 1, events, body, handling }
    }

    /// The message's text.
    pub fn to_message(&self) -> String {
        let (raw, deflated, stored) = match &self.body {
            Body::Raw(raw) => (Some(*raw), None, None),
            Body::Deflated(Deflated { bytes, text_length }) => {
                (None, Some(WireDeflated { base64: STANDARD.encode(bytes), bytes: *text_length }), None)
            }
            Body::Stored(stored) => (None, None, Some(stored.clone())),
        };
        let Handling { kept, probe, faults, holder, abandoned, settlement } = self.handling.clone();
        let message = Message {
            version: VERSION,
            instance_id: self.instance_id,
            event_id: self.event_id.clone(),
            received_at: self.received_at,
            round: self.round,
            since: self.since.filter(|since| *since != self.received_at),
            attempt: self.attempt,
            events: self.events.clone(),
            raw,
            deflated,
            stored,
            kept,
            probe,
            faults,
            holder,
            abandoned,
            settlement,
        };
        // Nothing in it can fail to serialise: every map key is a string.
        serde_json::to_string(&message).unwrap_or_default()
    }

    /// Reads a message's text, and borrows the body from it.
    ///
    /// # Errors
    /// When it is of another version, or not a delivery at all.
    pub fn from_message(text: &'a str) -> Result<Self, InvalidMessage> {
        let message: Message<'a> = serde_json::from_str(text).map_err(|error| why(text, &error))?;
        if message.version != VERSION {
            return Err(InvalidMessage::Version(message.version));
        }
        let body = match (message.raw, message.deflated, message.stored) {
            (Some(raw), None, None) => Body::Raw(raw),
            (None, Some(WireDeflated { base64, bytes }), None) => {
                let packed = STANDARD.decode(base64).map_err(|_| InvalidMessage::Body)?;
                Body::Deflated(Deflated { bytes: packed, text_length: bytes })
            }
            (None, None, Some(stored)) => Body::Stored(stored),
            _ => return Err(InvalidMessage::Body),
        };
        let first_round = (message.round == 0).then_some(message.received_at);
        let handling = Handling {
            kept: message.kept,
            probe: message.probe,
            faults: message.faults,
            holder: message.holder,
            abandoned: message.abandoned,
            settlement: message.settlement,
        };
        Ok(Self {
            instance_id: message.instance_id,
            event_id: message.event_id,
            received_at: message.received_at,
            round: message.round,
            since: message.since.or(first_round),
            attempt: message.attempt,
            events: message.events,
            body,
            handling,
        })
    }

    /// True if it is the first message of its event, so that the log most probably has no item yet.
    pub fn is_new(&self) -> bool {
        self.round == 0 && self.attempt == 1 && self.handling == Handling::default()
    }

    /// The same notification, asking for the next attempt of its round.
    #[must_use]
    pub fn next_attempt(&self) -> Self {
        let handling = Handling { kept: self.handling.kept, ..Handling::default() };
        Self { attempt: self.attempt + 1, handling, ..self.clone() }
    }

    /// The same notification, asking for a new round of attempts. Its body is stored again, so that it lives as long as the
    /// round's log item.
    #[must_use]
    pub fn next_round(&self) -> Self {
        let handling = Handling::default();
        Self { round: self.round + 1, since: None, attempt: 1, handling, ..self.clone() }
    }
}

/// What is wrong with a message. The parser's own text would quote customer data.
fn why(text: &str, error: &serde_json::Error) -> InvalidMessage {
    match serde_json::from_str::<Versioned>(text) {
        Ok(Versioned { version }) if version != VERSION => InvalidMessage::Version(version),
        Ok(_) | Err(_) => InvalidMessage::Syntax(format!("line {} column {}", error.line(), error.column())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(raw: &str) -> String {
        format!(
            r#"{{"version":2,"instanceId":20931,"eventId":"e1","receivedAt":1795255200123,"round":0,"attempt":1,"events":[{{"objectType":"accounts","objectId":"lead_1","eventType":"CREATED","date":"2018-07-31T19:39:46Z"}}],"raw":{raw}}}"#
        )
    }

    #[test]
    fn a_message_survives_the_queue_byte_for_byte() {
        let text = message("{ \"b\": 1.0e2,\n \"a\":\"\\u0061\" }");
        let mut delivery = QueuedDelivery::from_message(&text).unwrap();
        assert_eq!(delivery.to_message(), text);
        assert_eq!((delivery.next_attempt().attempt, delivery.next_attempt().round), (2, 0));
        assert_eq!((delivery.next_attempt().next_round().attempt, delivery.next_round().round), (1, 1));
        let Body::Raw(raw) = delivery.body else { panic!("the body is raw") };
        delivery.body = Body::Deflated(Deflated::of(raw));
        delivery.handling = Handling {
            kept: true,
            probe: true,
            faults: 3,
            holder: Some("first".to_owned()),
            abandoned: Some(ClaimId {
                holder: "first".to_owned(),
                until: delivery.received_at,
                call: "c".to_owned(),
            }),
            settlement: None,
        };
        let packed = delivery.to_message();
        let again = QueuedDelivery::from_message(&packed).unwrap();
        let Body::Deflated(deflated) = &again.body else { panic!("the body is compressed") };
        assert_eq!(deflated.inflate().unwrap().get(), raw.get());
        assert_eq!((&again.handling, again.to_message()), (&delivery.handling, packed.clone()));
    }

    #[test]
    fn a_message_that_is_not_a_delivery_is_refused_without_a_quote() {
        let rows = [
            ("hush", "the message is not a queued delivery: line 1 column 1".to_owned()),
            (
                r#"{"version":1,"x":"hush"}"#,
                "the message has version 1, this function reads version 2".to_owned(),
            ),
            (
                &message("null").replace("\"raw\":null", "\"rav\":1"),
                "the message needs one of \"raw\", \"deflated\" and \"stored\"".to_owned(),
            ),
        ];
        for (text, error) in rows {
            assert_eq!(QueuedDelivery::from_message(text).unwrap_err().to_string(), error);
        }
    }
}
