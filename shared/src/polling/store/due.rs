//! Which API keys are due.

use chrono::{DateTime, TimeDelta, Utc};

use super::{DynamoPollerStore, Item, millis, number, time};
use crate::platform::aws::{InternalError, Unavailable};
use crate::polling::schedule::KeyDigest;

/// The partitions of the index. Each takes a thousand writes a second, and a claim is two of them: that is 240,000
/// turns a minute.
pub const SHARDS: u64 = 8;

const INDEX: &str = "by_due_at";

/// A key that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The digest of the key.
    pub key: KeyDigest,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// From one turn to the next, if nothing is out of order.
    pub interval: TimeDelta,
}

pub(super) fn shard_of(key: &KeyDigest) -> u64 {
    key.number() % SHARDS
}

impl DynamoPollerStore {
    /// The keys that are due by `until`, of one shard; the first due come first.
    pub async fn due(&self, shard: u64, until: DateTime<Utc>) -> Result<Vec<Due>, InternalError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .key_condition_expression("due_shard = :shard AND due_at <= :until")
            .expression_attribute_values(":shard", number(shard))
            .expression_attribute_values(":until", millis(until))
            .into_paginator()
            .items()
            .send();
        let mut due = Vec::new();
        while let Some(item) = items.next().await {
            due.extend(read(&item.unavailable("find due API keys")?));
        }
        Ok(due)
    }

    /// One key of a shard: the first that is due between `after` and `until`, else the first by then, else the first of all.
    pub async fn any_of(
        &self,
        shard: u64,
        (after, until): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Option<Due>, InternalError> {
        const FIRST: DateTime<Utc> = DateTime::UNIX_EPOCH;
        for (after, until) in [(after, until), (FIRST, until), (FIRST, DateTime::<Utc>::MAX_UTC)] {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(INDEX)
                .key_condition_expression("due_shard = :shard AND due_at BETWEEN :after AND :until")
                .expression_attribute_values(":shard", number(shard))
                .expression_attribute_values(":after", millis(after))
                .expression_attribute_values(":until", millis(until))
                .limit(1);
            let answer = query.send().await.unavailable("find an API key to audit")?;
            if let Some(due) = answer.items().first().and_then(read) {
                return Ok(Some(due));
            }
        }
        Ok(None)
    }
}

fn read(item: &Item) -> Option<Due> {
    let interval: i64 = item.get("interval")?.as_n().ok()?.parse().ok()?;
    Some(Due {
        key: KeyDigest::from_text(item.get("key_digest")?.as_s().ok()?),
        due_at: time(item, "due_at")?,
        interval: TimeDelta::minutes(interval),
    })
}
