//! A queue message, read.

use aws_lambda_events::sqs::SqsMessage;
use shared::events::message::{InvalidMessage, QueuedDelivery};
use shared::events::queue::CLAIMANT;

/// A message that asks for an attempt.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// Its id in the batch.
    pub(crate) id: String,
    /// What is to be delivered.
    pub(crate) delivery: QueuedDelivery,
    postponed_for: Option<String>,
}

impl Message {
    /// Reads a message; the error comes with its id.
    pub(crate) fn read(message: SqsMessage) -> Result<Self, (String, InvalidMessage)> {
        let id = message.message_id.unwrap_or_default();
        let attribute = message.message_attributes.get(CLAIMANT);
        let postponed_for = attribute.and_then(|attribute| attribute.string_value.clone());
        match QueuedDelivery::from_message(message.body.as_deref().unwrap_or_default()) {
            Ok(delivery) => Ok(Self { id, delivery, postponed_for }),
            Err(reason) => Err((id, reason)),
        }
    }

    /// Who claims attempts for it: the message that was postponed first, or itself.
    pub(crate) fn claimant(&self) -> &str {
        self.postponed_for.as_deref().unwrap_or(&self.id)
    }

    /// Whether it waits not for the first time: the event log has the event already.
    pub(crate) fn was_postponed(&self) -> bool {
        self.postponed_for.is_some()
    }
}
