//! Which instances are due.

use chrono::{DateTime, Utc};

use super::{DynamoPollerStore, Item, millis, number};
use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, Unavailable};
use crate::polling::schedule::KeyDigest;

/// The partitions of the index. Each takes a thousand writes a second, which is sixty thousand polls a minute.
pub const SHARDS: u64 = 8;

const INDEX: &str = "by_due_at";

/// An instance that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The instance.
    pub instance_id: InstanceId,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// The digest of its API key.
    pub key: KeyDigest,
}

pub(crate) fn shard_of(instance: InstanceId) -> u64 {
    // Ids are random, but they need not be forever: Knuth's multiplicative hash spreads any.
    (instance.get().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % SHARDS
}

impl DynamoPollerStore {
    /// The instances that are due by `until`, of one shard; the first due come first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub async fn due(&self, shard: u64, until: DateTime<Utc>) -> Result<Vec<Due>, AwsError> {
        const ACTION: &str = "find due pollers";
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
            due.extend(read(&item.unavailable(ACTION)?));
        }
        Ok(due)
    }

    /// One instance of a shard: the first that is due after `after`, or the first of all.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub async fn any_of(&self, shard: u64, after: DateTime<Utc>) -> Result<Option<Due>, AwsError> {
        for after in [after, DateTime::UNIX_EPOCH] {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(INDEX)
                .key_condition_expression("due_shard = :shard AND due_at > :after")
                .expression_attribute_values(":shard", number(shard))
                .expression_attribute_values(":after", millis(after))
                .limit(1);
            let answer = query.send().await.unavailable("find a poller to audit")?;
            if let Some(due) = answer.items().first().and_then(read) {
                return Ok(Some(due));
            }
        }
        Ok(None)
    }
}

fn read(item: &Item) -> Option<Due> {
    let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<i64>().ok();
    let instance = u64::try_from(number("instance_id")?).ok()?;
    Some(Due {
        instance_id: instance.to_string().parse().ok()?,
        due_at: DateTime::from_timestamp_millis(number("due_at")?)?,
        key: KeyDigest::from_text(item.get("key_digest")?.as_s().ok()?),
    })
}
