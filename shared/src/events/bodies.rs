//! Payloads that a queue message or an event log item cannot hold, in DynamoDB.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::events::id::{EventId, hex};
use crate::events::message::{Payload, StoredPayload};
use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, Unavailable};

/// A payload up to this size travels in the message and rests in the event log; both have room for it (SQS
/// takes 1 MiB, an item 400 KB), so the table is for the rare large one.
pub const INLINE_LIMIT: usize = 256 * 1024;

/// An item takes 400 KB with its names and keys.
const PART_BYTES: usize = 380 * 1024;

/// An event can wait for its callback for five days, and be a dead letter for 14 days after that. Its body is there
/// for as long, even where the event log forgets sooner.
const LEAST_KEPT: TimeDelta = TimeDelta::days(20);

/// The payloads table: `payload_id` (S) and `part` (N, from zero); items expire by `expires_at`.
///
/// The key ends in a digest of the content, so that what was written under it never changes.
#[derive(Debug, Clone)]
pub struct DynamoPayloadStore {
    client: Client,
    table: String,
}

impl DynamoPayloadStore {
    /// The store in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Whether a payload may travel inline: it is small enough, and SQS takes its characters.
    #[must_use]
    pub fn fits_inline(raw: &str) -> bool {
        // Of what JSON may hold unescaped, SQS refuses only these two (API reference, SendMessage).
        raw.len() <= INLINE_LIMIT && !raw.contains(['\u{fffe}', '\u{ffff}'])
    }

    /// Stores a payload that came at `received_at`, for `retention` or longer; durable when it returns.
    ///
    /// # Errors
    /// When a part could not be written.
    pub async fn put(
        &self,
        instance: InstanceId,
        event: &EventId,
        raw: &RawValue,
        received_at: DateTime<Utc>,
        retention: TimeDelta,
    ) -> Result<StoredPayload, AwsError> {
        let expires_at = received_at + retention.max(LEAST_KEPT);
        let bytes = raw.get().as_bytes();
        let digest = hex(&Sha256::digest(bytes)[..8]);
        let id = format!("{instance}#{event}#{digest}");
        for (part, chunk) in bytes.chunks(PART_BYTES).enumerate() {
            let put = self
                .client
                .put_item()
                .table_name(&self.table)
                .item("payload_id", AttributeValue::S(id.clone()))
                .item("part", AttributeValue::N(part.to_string()))
                .item("bytes", AttributeValue::B(Blob::new(chunk)))
                .item("expires_at", AttributeValue::N(expires_at.timestamp().to_string()));
            put.send().await.unavailable("store a payload")?;
        }
        Ok(StoredPayload { id, bytes: bytes.len() })
    }

    /// The JSON text of a payload, from the message or from the table.
    ///
    /// # Errors
    /// When the table cannot be read, or not all of it is there (any more).
    pub async fn fetch(&self, payload: &Payload) -> Result<Box<RawValue>, AwsError> {
        match payload {
            Payload::Inline(raw) => Ok(raw.clone()),
            Payload::Stored(stored) => self.read(stored).await,
        }
    }

    async fn read(&self, stored: &StoredPayload) -> Result<Box<RawValue>, AwsError> {
        const ACTION: &str = "read a stored payload";
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("payload_id = :id")
            .expression_attribute_values(":id", AttributeValue::S(stored.id.clone()))
            .into_paginator()
            .items()
            .send();
        let mut bytes = Vec::with_capacity(stored.bytes);
        while let Some(item) = pages.next().await {
            let mut item = item.unavailable(ACTION)?;
            if let Some(AttributeValue::B(part)) = item.remove("bytes") {
                bytes.extend_from_slice(part.as_ref());
            }
        }
        if bytes.len() != stored.bytes {
            return Err(AwsError::new(
                ACTION,
                format!("{} of {} bytes are there", bytes.len(), stored.bytes),
            ));
        }
        let text = String::from_utf8(bytes).map_err(|_| AwsError::new(ACTION, "it is not UTF-8"))?;
        RawValue::from_string(text).map_err(|_| AwsError::new(ACTION, "it is not JSON"))
    }
}
