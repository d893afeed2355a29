//! What the function is called with.

use serde::Deserialize;
use shared::events::body::Body;
use shared::events::message::{InvalidMessage, QueuedDelivery};

/// A batch of a queue, or what the schedule asks for.
#[derive(Debug, Deserialize)]
pub struct Invocation {
    #[serde(rename = "Records")]
    pub(crate) records: Option<Vec<Record>>,
    #[serde(default)]
    pub(crate) recover: bool,
}

/// A message of a batch, as much of it as is used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub(crate) message_id: String,
    body: String,
}

/// A message, read.
#[derive(Debug, Clone)]
pub(crate) struct Message<'a> {
    /// Its id in the batch.
    pub(crate) id: &'a str,
    /// What is to be delivered.
    pub(crate) delivery: QueuedDelivery<'a>,
}

impl<'a> Message<'a> {
    /// Reads a message, which it borrows from.
    pub(crate) fn read(record: &'a Record) -> Result<Self, InvalidMessage> {
        Ok(Self { id: &record.message_id, delivery: QueuedDelivery::from_message(&record.body)? })
    }

    /// Who claims for it: the message that it stands for, or itself.
    pub(crate) fn holder(&self) -> &str {
        self.delivery.handling.holder.as_deref().unwrap_or(self.id)
    }

    /// True if its body takes much more memory than the message.
    pub(crate) fn is_large(&self) -> bool {
        match &self.delivery.body {
            Body::Raw(_) => false,
            Body::Deflated(_) | Body::Stored(_) => true,
        }
    }
}
