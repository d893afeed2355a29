//! Reading the delivery log, in either direction.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer};

use super::item::{AttemptRecord, DeliveryStatus};
use super::place::Place;
use super::shards::{Index, Range};
use crate::events::body::{Body, Deflated, StoredBody};
use crate::events::id::EventId;
use crate::events::message::{Handling, QueuedDelivery};
use crate::instances::InstanceId;
use crate::platform::aws::{InternalError, Unavailable, batch_get, text};
use close::event::Event;

/// The limit of one batch read.
const PART: usize = 100;
const READ: &str = "read events";

/// The events table for those who read it: the same table that [`super::DynamoDeliveryLog`] writes.
#[derive(Debug, Clone)]
pub struct DynamoDeliveryHistory {
    pub(super) client: Client,
    pub(super) table: String,
}

/// An event of the log.
#[derive(Debug, Clone, Deserialize)]
pub struct LogEntry {
    /// The instance.
    pub instance_id: InstanceId,
    /// Its id.
    pub event_id: EventId,
    /// When it was received, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub received_at: DateTime<Utc>,
    /// Its status.
    pub delivery_status: DeliveryStatus,
    /// The round of its last attempt, from zero; of the next one, if that is queued.
    pub round: u32,
    /// The counted attempts of that round, including one under way.
    pub attempt: u32,
    /// When its last attempt was claimed, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub claimed_at: DateTime<Utc>,
    /// When that claim expires, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub claimed_until: DateTime<Utc>,
    /// When the next attempt is due, while one is queued.
    #[serde(default, with = "chrono::serde::ts_milliseconds_option")]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why it is not delivered.
    pub reason: Option<String>,
    /// The attempts so far, oldest first.
    #[serde(default)]
    pub attempts: Vec<AttemptRecord>,
    /// What changed.
    pub events: Vec<Event>,
    /// What Close sent, compressed, if the item has room for it.
    body: Option<Binary>,
    /// The length of its text.
    bytes: Option<usize>,
    /// Where it is stored otherwise.
    #[serde(rename = "stored_body")]
    pub stored: Option<StoredBody>,
    /// When the item expires, in Unix seconds; DynamoDB removes it within days of that.
    pub expires_at: i64,
}

#[derive(Debug, Clone)]
struct Binary(Vec<u8>);

/// The outcome of an event.
#[derive(Debug, Clone, Deserialize)]
pub struct Fate {
    /// When it was received, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub received_at: DateTime<Utc>,
    /// Its status.
    pub delivery_status: DeliveryStatus,
    /// The attempts so far, oldest first.
    #[serde(default)]
    pub attempts: Vec<AttemptRecord>,
}

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The earliest time of receipt.
    pub from: DateTime<Utc>,
    /// The latest.
    pub to: DateTime<Utc>,
}

/// The order in which events are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    NewestFirst,
    /// Oldest first.
    OldestFirst,
}

impl LogEntry {
    /// Its place in the log.
    pub fn place(&self) -> Place {
        Place { received_at: self.received_at, event_id: self.event_id.clone() }
    }

    /// What Close sent, or where it is stored.
    pub fn body(&self) -> Option<Body<'static>> {
        let inside = self.body.as_ref().zip(self.bytes);
        let inside = inside.map(|(Binary(bytes), text_length)| {
            Body::Deflated(Deflated { bytes: bytes.clone(), text_length })
        });
        inside.or_else(|| self.stored.clone().map(Body::Stored))
    }

    /// The length of what Close sent, in bytes.
    pub fn body_length(&self) -> usize {
        self.bytes.or(self.stored.as_ref().map(|stored| stored.bytes)).unwrap_or_default()
    }

    /// True while an attempt at it is under way.
    pub fn is_under_way(&self, now: DateTime<Utc>) -> bool {
        self.delivery_status == DeliveryStatus::Delivering && self.claimed_until > now
    }

    /// The delivery of another round of attempts, requested at `now`; of the same round if that was requested before
    /// and has not begun.
    pub fn next_round(&self, now: DateTime<Utc>) -> Option<QueuedDelivery<'static>> {
        let next = self.delivery(Handling::default())?.next_round();
        let round = if self.delivery_status == DeliveryStatus::Queued { self.round } else { next.round };
        Some(QueuedDelivery { since: Some(now), round, ..next })
    }

    /// The delivery of the attempt that the event waits for. It is kept for `retention` from the start of its round.
    pub fn released(&self, retention: TimeDelta) -> Option<QueuedDelivery<'static>> {
        let delivery = self.delivery(Handling { kept: true, ..Handling::default() })?.next_attempt();
        let since = DateTime::from_timestamp(self.expires_at, 0).map(|expires_at| expires_at - retention);
        Some(QueuedDelivery { since: if self.round == 0 { delivery.since } else { since }, ..delivery })
    }

    fn delivery(&self, handling: Handling) -> Option<QueuedDelivery<'static>> {
        Some(QueuedDelivery {
            instance_id: self.instance_id,
            event_id: self.event_id.clone(),
            received_at: self.received_at,
            round: self.round,
            since: Some(self.received_at),
            attempt: self.attempt,
            events: self.events.clone(),
            body: self.body()?,
            handling,
        })
    }
}

impl DynamoDeliveryHistory {
    /// The log in `table`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// One event of an instance.
    pub async fn find(
        &self,
        instance: InstanceId,
        event: &EventId,
    ) -> Result<Option<LogEntry>, InternalError> {
        let entry = self.find_of_any(event).await?;
        Ok(entry.filter(|entry| entry.instance_id == instance))
    }

    /// One event of any instance. The caller must check that it may be seen.
    pub async fn find_of_any(&self, event: &EventId) -> Result<Option<LogEntry>, InternalError> {
        const ACTION: &str = "read an event";
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.set_key(Some(key(event))).send().await.unavailable(ACTION)?;
        get.item.map(serde_dynamo::from_item).transpose().unavailable(ACTION)
    }

    /// The place of an instance's first event after a place.
    pub async fn first_place(
        &self,
        instance: InstanceId,
        (span, order): (Span, Order),
        after: Option<&Place>,
    ) -> Result<Option<Place>, InternalError> {
        let range = Range::of(span, order).after(after);
        Ok(self.places(Index::ByPlace, instance, &range, 1).await?.pop())
    }

    /// The next 100 events of an instance at most, and the place to resume from if there may be more.
    pub async fn part(
        &self,
        instance: InstanceId,
        (span, order): (Span, Order),
        after: Option<&Place>,
    ) -> Result<(Vec<LogEntry>, Option<Place>), InternalError> {
        let range = Range::of(span, order).after(after);
        let places = self.places(Index::ByPlace, instance, &range, PART).await?;
        let next = (places.len() == PART).then(|| places.last().cloned()).flatten();
        Ok((self.entries(&places).await?, next))
    }

    /// The outcomes of an instance's latest events, newest first, at most `most` of the `span`, without their bodies.
    pub async fn fates(
        &self,
        instance: InstanceId,
        span: Span,
        most: usize,
    ) -> Result<Vec<Fate>, InternalError> {
        let range = Range::of(span, Order::NewestFirst);
        let places = self.places(Index::ByPlace, instance, &range, most).await?;
        let wanted = places.iter().map(|place| key(&place.event_id)).collect();
        let fates = "received_at, delivery_status, attempts";
        let items = batch_get(&self.client, &self.table, wanted, Some(fates), READ).await?;
        let mut fates: Vec<Fate> = serde_dynamo::from_items(items).unavailable(READ)?;
        fates.sort_unstable_by_key(|fate| std::cmp::Reverse(fate.received_at));
        Ok(fates)
    }

    /// When the events of an instance were received, newest first, but not more than `most` of them.
    pub async fn times(
        &self,
        instance: InstanceId,
        span: Span,
        most: usize,
    ) -> Result<Vec<DateTime<Utc>>, InternalError> {
        let range = Range::of(span, Order::NewestFirst);
        let places = self.places(Index::ByPlace, instance, &range, most).await?;
        Ok(places.into_iter().map(|place| place.received_at).collect())
    }

    /// The events at some places, in that order; expired ones are left out.
    pub(super) async fn entries(&self, places: &[Place]) -> Result<Vec<LogEntry>, InternalError> {
        let wanted = places.iter().map(|place| key(&place.event_id)).collect();
        let items = batch_get(&self.client, &self.table, wanted, None, READ).await?;
        let mut entries: Vec<LogEntry> = serde_dynamo::from_items(items).unavailable(READ)?;
        // A batch read keeps no order.
        let order = places.iter().enumerate().map(|(order, place)| (&place.event_id, order));
        let order: HashMap<_, _> = order.collect();
        entries.sort_unstable_by_key(|entry| order.get(&entry.event_id).copied());
        Ok(entries)
    }
}

/// The key of an event.
pub(super) fn key(event: &EventId) -> HashMap<String, AttributeValue> {
    HashMap::from([("event_id".to_owned(), text(event.as_str()))])
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Binary;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Binary, E> {
                Ok(Binary(bytes.to_vec()))
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Binary, E> {
                Ok(Binary(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Visitor)
    }
}
