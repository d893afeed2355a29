//! Reading the event log, newest first, and asking for another round of attempts.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::item::{AttemptRecord, DeliveryStatus};
use crate::events::id::EventId;
use crate::events::message::{Payload, QueuedDelivery, StoredPayload};
use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, Unavailable, batch_get};
use close::event::Event;

const INDEX: &str = "by_received_at";
/// Items may have 400 KB, and a batch read gives at most 16 MB.
const PART: usize = 25;
const READ: &str = "read events";

/// The events table for those who read it: the same table that [`super::DynamoEventLog`] writes.
#[derive(Debug, Clone)]
pub struct DynamoEventHistory {
    client: Client,
    table: String,
}

/// An event of the log.
#[derive(Debug, Clone, Deserialize)]
pub struct LogEntry {
    /// Whose event.
    pub instance_id: InstanceId,
    /// Its id.
    pub event_id: EventId,
    /// When this system took it in, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub received_at: DateTime<Utc>,
    /// Where it stands.
    pub delivery_status: DeliveryStatus,
    /// The round of its last attempt, from zero.
    pub round: u32,
    /// When its last attempt was claimed, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub claimed_at: DateTime<Utc>,
    /// When the next attempt is due, while one is queued.
    #[serde(default, with = "chrono::serde::ts_milliseconds_option")]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why it is not delivered.
    pub reason: Option<String>,
    /// The attempts so far, oldest first.
    #[serde(default)]
    pub attempts: Vec<AttemptRecord>,
    /// What changed; nothing while the first attempt is under way.
    #[serde(default)]
    pub events: Vec<Event>,
    /// What Close sent, if the item has room for it.
    pub raw: Option<String>,
    /// Where it is otherwise.
    pub stored: Option<StoredPayload>,
    /// When the item expires, in Unix seconds; DynamoDB removes it within days of that.
    pub expires_at: i64,
}

/// What became of an event.
#[derive(Debug, Clone, Deserialize)]
pub struct Fate {
    /// When this system took it in, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub received_at: DateTime<Utc>,
    /// Where it stands.
    pub delivery_status: DeliveryStatus,
    /// The attempts so far, oldest first.
    #[serde(default)]
    pub attempts: Vec<AttemptRecord>,
}

/// A place in an instance's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// In Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds", rename = "at")]
    received_at: DateTime<Utc>,
    #[serde(rename = "id")]
    event_id: EventId,
}

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The earliest time of receipt.
    pub from: DateTime<Utc>,
    /// The latest.
    pub to: DateTime<Utc>,
}

type Key = HashMap<String, AttributeValue>;

impl LogEntry {
    /// Its place in the log.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { received_at: self.received_at, event_id: self.event_id.clone() }
    }

    /// The delivery that makes another round of attempts at it; `None` while its first attempt has not ended, or
    /// if what it holds is not what was written.
    #[must_use]
    pub fn next_round(&self) -> Option<QueuedDelivery> {
        let payload = match (&self.raw, &self.stored) {
            (Some(raw), _) => Payload::Inline(RawValue::from_string(raw.clone()).ok()?),
            (None, Some(stored)) => Payload::Stored(stored.clone()),
            (None, None) => return None,
        };
        let delivery = QueuedDelivery {
            instance_id: self.instance_id,
            event_id: self.event_id.clone(),
            received_at: self.received_at,
            round: self.round,
            attempt: 1,
            events: self.events.clone(),
            payload,
        };
        Some(delivery.next_round())
    }
}

impl DynamoEventHistory {
    /// The log in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// One event of an instance.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn find(&self, instance: InstanceId, event: &EventId) -> Result<Option<LogEntry>, AwsError> {
        const ACTION: &str = "read an event";
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.set_key(Some(key(instance, event))).send().await.unavailable(ACTION)?;
        get.item.map(serde_dynamo::from_item).transpose().unavailable(ACTION)
    }

    /// The next 25 events of an instance at most, newest first, and the place to go on from if there are more.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn part(
        &self,
        instance: InstanceId,
        span: Span,
        after: Option<&Place>,
    ) -> Result<(Vec<LogEntry>, Option<Place>), AwsError> {
        const ACTION: &str = "list events";
        let start = after.map(|place| {
            let mut start = key(instance, &place.event_id);
            start.insert("received_at".to_owned(), millis(place.received_at));
            start
        });
        let answer = self
            .query(instance, span)
            .set_exclusive_start_key(start)
            .limit(i32::try_from(PART).unwrap_or(i32::MAX))
            .send()
            .await
            .unavailable(ACTION)?;
        let next = answer.last_evaluated_key.map(serde_dynamo::from_item::<_, Keys>).transpose();
        let next = next.unavailable(ACTION)?.map(Keys::place);
        let keys: Vec<Keys> =
            serde_dynamo::from_items(answer.items.unwrap_or_default()).unavailable(ACTION)?;
        let wanted = keys.iter().map(|keys| key(instance, &keys.event_id)).collect();
        let items = batch_get(&self.client, &self.table, wanted, None, READ).await?;
        let mut entries: Vec<LogEntry> = serde_dynamo::from_items(items).unavailable(READ)?;
        // The order of the index, which a batch read does not keep.
        let order = keys.iter().enumerate().map(|(order, keys)| (&keys.event_id, order));
        let order: HashMap<_, _> = order.collect();
        entries.sort_unstable_by_key(|entry| order.get(&entry.event_id).copied());
        Ok((entries, next))
    }

    /// What became of the latest events of an instance, newest first, at most `most` of the `span`: without what
    /// was sent and what it said.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn fates(&self, instance: InstanceId, span: Span, most: usize) -> Result<Vec<Fate>, AwsError> {
        let keys = self.keys(instance, span, most).await?;
        let wanted = keys.iter().map(|keys| key(instance, &keys.event_id)).collect();
        let fates = "received_at, delivery_status, attempts";
        let items = batch_get(&self.client, &self.table, wanted, Some(fates), READ).await?;
        let mut fates: Vec<Fate> = serde_dynamo::from_items(items).unavailable(READ)?;
        fates.sort_unstable_by_key(|fate| std::cmp::Reverse(fate.received_at));
        Ok(fates)
    }

    /// When the events of an instance were received, newest first, but not more than `most` of them.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn times(
        &self,
        instance: InstanceId,
        span: Span,
        most: usize,
    ) -> Result<Vec<DateTime<Utc>>, AwsError> {
        let keys = self.keys(instance, span, most).await?;
        Ok(keys.into_iter().map(|keys| keys.received_at).collect())
    }

    async fn keys(&self, instance: InstanceId, span: Span, most: usize) -> Result<Vec<Keys>, AwsError> {
        const ACTION: &str = "count events";
        let query = self.query(instance, span).select(Select::AllProjectedAttributes);
        // A page no larger than what is wanted of it: what is read is what is paid for.
        let mut items =
            query.into_paginator().page_size(i32::try_from(most).unwrap_or(i32::MAX)).items().send();
        let mut found = Vec::new();
        while found.len() < most
            && let Some(item) = items.next().await
        {
            found.push(serde_dynamo::from_item(item.unavailable(ACTION)?).unavailable(ACTION)?);
        }
        Ok(found)
    }

    /// Notes in the log that another round is queued, unless something has happened to the event since it was
    /// read. The message is sent first: it, not the note, is what makes the round come.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn note_queued(&self, entry: &LogEntry) -> Result<(), AwsError> {
        const ACTION: &str = "note a redelivery";
        let status = |status: DeliveryStatus| AttributeValue::S(status.as_str().to_owned());
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(entry.instance_id, &entry.event_id)))
            .update_expression("SET delivery_status = :queued REMOVE next_attempt_at, reason")
            .condition_expression("delivery_status = :seen AND #round = :round AND claimed_at = :claimed")
            .expression_attribute_names("#round", "round")
            .expression_attribute_values(":queued", status(DeliveryStatus::Queued))
            .expression_attribute_values(":seen", status(entry.delivery_status))
            .expression_attribute_values(":round", AttributeValue::N(entry.round.to_string()))
            .expression_attribute_values(":claimed", millis(entry.claimed_at));
        match update.send().await {
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            outcome => outcome.map(drop).unavailable(ACTION),
        }
    }

    fn query(
        &self,
        instance: InstanceId,
        span: Span,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .scan_index_forward(false)
            .key_condition_expression("instance_id = :instance AND received_at BETWEEN :from AND :to")
            .expression_attribute_values(":instance", AttributeValue::N(instance.to_string()))
            .expression_attribute_values(":from", millis(span.from))
            .expression_attribute_values(":to", millis(span.to))
    }
}

#[derive(Deserialize)]
struct Keys {
    #[serde(with = "chrono::serde::ts_milliseconds")]
    received_at: DateTime<Utc>,
    event_id: EventId,
}

impl Keys {
    fn place(self) -> Place {
        Place { received_at: self.received_at, event_id: self.event_id }
    }
}

fn key(instance: InstanceId, event: &EventId) -> Key {
    HashMap::from([
        ("instance_id".to_owned(), AttributeValue::N(instance.to_string())),
        ("event_id".to_owned(), AttributeValue::S(event.to_string())),
    ])
}

fn millis(time: DateTime<Utc>) -> AttributeValue {
    AttributeValue::N(time.timestamp_millis().to_string())
}
