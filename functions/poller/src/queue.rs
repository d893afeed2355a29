//! The poll queue.

use chrono::{DateTime, Utc};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use shared::platform::aws::{InternalError, Unavailable};

use futures_util::future::try_join_all;

use crate::message::Message;

const ACTION: &str = "queue turns";

/// SQS takes ten messages a call (API reference, `SendMessageBatch`), and delays none by more than 15 minutes.
const MOST_MESSAGES: usize = 10;
const MOST_SECONDS: i64 = 900;

/// Calls that are under way together: a tick of ten thousand keys makes a thousand.
const CONCURRENCY: usize = 20;

/// Where turns wait for their time.
#[derive(Debug, Clone)]
pub(crate) struct SqsPollQueue {
    client: Client,
    url: String,
}

impl SqsPollQueue {
    pub(crate) fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Queues messages, each to be received at its time.
    ///
    /// What SQS refuses of a batch is left to the next tick, which finds the same keys due.
    pub(crate) async fn send(
        &self,
        messages: &[(Message, DateTime<Utc>)],
        now: DateTime<Utc>,
    ) -> Result<(), InternalError> {
        for together in messages.chunks(MOST_MESSAGES * CONCURRENCY) {
            let mut calls = Vec::new();
            for batch in together.chunks(MOST_MESSAGES) {
                calls.push(self.send_batch(batch, now));
            }
            try_join_all(calls).await?;
        }
        Ok(())
    }

    async fn send_batch(
        &self,
        batch: &[(Message, DateTime<Utc>)],
        now: DateTime<Utc>,
    ) -> Result<(), InternalError> {
        let mut entries = Vec::with_capacity(batch.len());
        for (place, (message, at)) in batch.iter().enumerate() {
            // Rounded up: a message that comes early finds its lease taken or its time not come.
            let millis = (*at - now).num_milliseconds().max(0);
            let seconds = (millis + 999) / 1000;
            let entry = SendMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .delay_seconds(i32::try_from(seconds.min(MOST_SECONDS)).unwrap_or_default())
                .message_body(message.to_text());
            entries.push(entry.build().unavailable(ACTION)?);
        }
        let send = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let answer = send.send().await.unavailable(ACTION)?;
        if let Some(failure) = answer.failed().first() {
            let (failed, code) = (answer.failed().len(), failure.code());
            tracing::warn!(failed, code, "turns not queued; the next tick finds them");
        }
        Ok(())
    }
}
