//! Messages, as they are sent, kept and received.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// The attributes that a sender gives a message: names and texts.
pub type MessageAttributes = BTreeMap<String, String>;

/// A message to send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewMessage {
    /// The body: 1 byte to 1 MiB of the characters that XML 1.0 has.
    pub body: String,
    /// Seconds before the message becomes visible, 0 to 900; the queue's own delay if `None`.
    pub delay_seconds: Option<i32>,
    /// At most ten attributes, whose bytes count to the message's size.
    pub attributes: MessageAttributes,
    /// The tenant of a fair queue: 1 to 128 letters, digits and punctuation marks.
    pub group_id: Option<String>,
    /// The X-Ray trace header of the request.
    pub trace_header: Option<String>,
}

impl NewMessage {
    /// A message with a body alone.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }
}

/// The answer to an accepted message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The message's id.
    pub id: String,
    /// The MD5 of the body, in hexadecimal.
    pub md5_of_body: String,
    /// The MD5 of the attributes, if there are any.
    pub md5_of_attributes: Option<String>,
}

/// A message in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The message's id; a move to the dead-letter queue keeps it, a move back gives a new one.
    pub id: String,
    /// The body.
    pub body: String,
    /// The MD5 of the body, in hexadecimal.
    pub md5_of_body: String,
    /// The attributes that the sender gave.
    pub attributes: MessageAttributes,
    /// The group, if the sender named one.
    pub group_id: Option<String>,
    /// The X-Ray trace header, if the sender gave one.
    pub trace_header: Option<String>,
    /// When it was sent; a move to the dead-letter queue keeps this.
    pub sent: DateTime<Utc>,
    /// When it was first received from the queue in which it is.
    pub first_received: Option<DateTime<Utc>>,
    /// How often it was received from the queue in which it is.
    pub receive_count: u32,
    /// The ARN of the queue that gave it up, if it is in a dead-letter queue for that reason.
    pub dead_letter_source: Option<String>,
    /// When it can be received.
    pub visible_at: DateTime<Utc>,
}

/// A message that was received, with what its receiver needs to delete it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The message; its receive count includes this receive.
    pub message: Message,
    /// The handle of this receive.
    pub receipt_handle: String,
}

/// How many messages a queue holds in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Messages that can be received.
    pub visible: u64,
    /// Messages whose delay has not passed.
    pub delayed: u64,
    /// Messages whose visibility timeout has not passed.
    pub in_flight: u64,
}

impl QueueCounts {
    /// All messages of the queue.
    pub fn total(&self) -> u64 {
        self.visible + self.delayed + self.in_flight
    }
}
