//! The queues of deliveries in SQS: fresh events, retries, dead letters.

mod batch;

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;

use crate::events::message::QueuedDelivery;
use crate::platform::aws::{InternalError, Unavailable};

/// The longest reason: a message has limited room besides its body.
const MAX_REASON: usize = 500;

/// A queue that deliveries are sent to.
///
/// Every message has its instance as `MessageGroupId`: on a standard queue SQS then shares consumers fairly among
/// instances (Amazon SQS Developer Guide, "Amazon SQS fair queues").
#[derive(Debug, Clone)]
pub struct SqsDeliveryQueue {
    client: Client,
    url: String,
}

impl SqsDeliveryQueue {
    /// The queue at `url`.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Sends a delivery, to be received after `delay` (at most 900 s) and never before. Durable when it returns.
    ///
    /// # Errors
    /// When SQS did not accept it.
    pub async fn send(&self, delivery: &QueuedDelivery<'_>, delay: Duration) -> Result<(), InternalError> {
        let send = self.message(delivery).delay_seconds(whole_seconds(delay));
        send.send().await.unavailable("enqueue a delivery")?;
        Ok(())
    }

    /// Dead-letters a delivery, with the reason beside it.
    ///
    /// The message asks for a new round of attempts, so that it can be moved to the retry queue unchanged.
    ///
    /// # Errors
    /// When SQS did not accept it.
    pub async fn dead_letter(&self, failed: &QueuedDelivery<'_>, reason: &str) -> Result<(), InternalError> {
        let attributes = [
            ("InstanceId", failed.instance_id.to_string()),
            ("EventId", failed.event_id.to_string()),
            ("Attempts", failed.attempt.to_string()),
            ("Reason", attribute_text(reason)),
        ];
        let mut send = self.message(&failed.next_round());
        for (name, value) in attributes {
            send = send.message_attributes(name, text(value)?);
        }
        send.send().await.unavailable("dead-letter a delivery")?;
        Ok(())
    }

    fn message(
        &self,
        delivery: &QueuedDelivery<'_>,
    ) -> aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder {
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_group_id(delivery.instance_id.to_string())
            .message_body(delivery.to_message())
    }
}

/// Rounds up to whole seconds, which SQS counts: rounding down would make a retry early.
fn whole_seconds(delay: Duration) -> i32 {
    let up = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    i32::try_from(up).unwrap_or(i32::MAX)
}
/// A text that SQS accepts as an attribute: not empty, not long, without control characters.
fn attribute_text(text: &str) -> String {
    let refused = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    let text: String = text.chars().map(|c| if refused(c) { ' ' } else { c }).take(MAX_REASON).collect();
    if text.trim().is_empty() { "unknown".to_owned() } else { text }
}

fn text(value: String) -> Result<MessageAttributeValue, InternalError> {
    let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
    value.unavailable("describe a failed delivery")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_wait_is_shortened() {
        let rows = [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2), (299_994, 300), (900_000, 900)];
        for (millis, seconds) in rows {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds, "{millis} ms");
        }
    }

    #[test]
    fn a_reason_is_made_valid_for_sqs() {
        assert_eq!(attribute_text("the receiver answered 500"), "the receiver answered 500");
        assert_eq!(attribute_text("a\u{0}b\u{ffff}c"), "a b c");
        assert_eq!(attribute_text("\n"), "unknown");
        assert_eq!(attribute_text(&"é".repeat(600)).chars().count(), MAX_REASON);
    }
}
