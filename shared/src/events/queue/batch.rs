//! Several deliveries in one call.

use std::time::Duration;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use super::{SqsDeliveryQueue, whole_seconds};
use crate::events::message::QueuedDelivery;
use crate::platform::aws::{InternalError, Unavailable};

const ACTION: &str = "enqueue deliveries";

/// SQS takes ten messages a call, and 1 MiB of them together (API reference, `SendMessageBatch`).
const MOST_MESSAGES: usize = 10;
const MOST_BYTES: usize = 1020 * 1024;

/// How often messages that SQS refuses are sent again.
const TRIES: usize = 3;

impl SqsDeliveryQueue {
    /// Sends deliveries in batches. All are durable when it returns.
    ///
    /// # Errors
    /// When SQS did not accept one of them; it may have accepted others.
    pub async fn send_all(&self, deliveries: &[QueuedDelivery<'_>]) -> Result<(), InternalError> {
        self.send_spread(deliveries, Duration::ZERO).await
    }

    /// The same, to be received evenly spread over this time (at most 900 s).
    pub async fn send_spread(
        &self,
        deliveries: &[QueuedDelivery<'_>],
        over: Duration,
    ) -> Result<(), InternalError> {
        let step = over / u32::try_from(deliveries.len().max(1)).unwrap_or(u32::MAX);
        let (mut batch, mut bytes, mut delay) = (Vec::new(), 0, Duration::ZERO);
        for delivery in deliveries {
            let body = delivery.to_message();
            if batch.len() == MOST_MESSAGES || bytes + body.len() > MOST_BYTES {
                self.send_batch(std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
            bytes += body.len();
            let entry = SendMessageBatchRequestEntry::builder()
                .id(batch.len().to_string())
                .message_group_id(delivery.instance_id.to_string())
                .delay_seconds(whole_seconds(delay))
                .message_body(body);
            batch.push(entry.build().unavailable(ACTION)?);
            delay += step;
        }
        if batch.is_empty() { Ok(()) } else { self.send_batch(batch).await }
    }

    async fn send_batch(&self, mut entries: Vec<SendMessageBatchRequestEntry>) -> Result<(), InternalError> {
        let mut reason = String::new();
        for _ in 0..TRIES {
            let send = self.client.send_message_batch().queue_url(&self.url);
            let answer = send.set_entries(Some(entries.clone())).send().await.unavailable(ACTION)?;
            let Some(failure) = answer.failed().first() else { return Ok(()) };
            reason = format!("{} of {}: {}", answer.failed().len(), entries.len(), failure.code());
            entries.retain(|entry| answer.failed().iter().any(|failed| failed.id() == entry.id()));
        }
        Err(InternalError::new(ACTION, reason))
    }
}
