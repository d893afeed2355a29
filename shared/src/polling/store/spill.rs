//! What one item has no room for, in items of its own.
//!
//! They are written before the item that names them and removed after it, so a crash in between leaves items
//! that nobody reads; those expire.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{TimeDelta, Utc};

use super::item::{CursorItem, Poller};
use super::{Cursors, DynamoPollerStore, key_of, number};
use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, Unavailable};
use crate::polling::window::{Cursor, Seen};

/// What one resource may keep in the poller's item; what is more goes into items of its own. DynamoDB charges a
/// write by the size of its item, and this one is written with every poll.
const INLINE_BYTES: usize = 4 * 1024;
/// What all resources together may keep there.
const INLINE_TOTAL: usize = 16 * 1024;
/// A whole number of versions, and less than an item takes.
const PART_BYTES: usize = 16 * 20 * 1024;
/// A spilled part is read by the next poll or by none.
const KEPT: TimeDelta = TimeDelta::days(40);

const PREFIX: &str = "seen#";

impl DynamoPollerStore {
    /// The cursors of a poller, with what was spilled.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn cursors(&self, poller: &Poller) -> Result<Cursors, AwsError> {
        let mut cursors = Cursors::new();
        for (name, item) in &poller.cursors {
            let mut seen = Seen::default();
            seen.extend_from_bytes(&item.seen);
            if let Some(prefix) = &item.spilled {
                for part in self.spilled(poller.instance_id, prefix).await? {
                    seen.extend_from_bytes(&part.1);
                }
            }
            let (since, walk, answered_at) = (item.since, item.walk.clone(), item.answered_at);
            cursors.insert(name.clone(), Cursor { since, walk, seen, answered_at });
        }
        Ok(cursors)
    }

    /// The cursors as the item keeps them, after what does not fit was written beside it.
    pub(super) async fn spill(
        &self,
        instance: InstanceId,
        holder: &str,
        cursors: &Cursors,
    ) -> Result<BTreeMap<String, CursorItem>, AwsError> {
        let (mut items, mut inline) = (BTreeMap::new(), 0);
        for (place, (name, cursor)) in cursors.iter().enumerate() {
            let mut item = CursorItem {
                since: cursor.since,
                walk: cursor.walk.clone(),
                answered_at: cursor.answered_at,
                seen: Vec::new(),
                spilled: None,
            };
            let bytes = cursor.seen.to_bytes();
            if bytes.len() <= INLINE_BYTES && inline + bytes.len() <= INLINE_TOTAL {
                inline += bytes.len();
                item.seen = bytes;
            } else {
                let prefix = format!("{PREFIX}{holder}#{place}#");
                let expires_at = (cursor.since.max(latest(cursor)) + KEPT).timestamp();
                for (part, chunk) in bytes.chunks(PART_BYTES).enumerate() {
                    self.put(instance, &format!("{prefix}{part:04}"), chunk, expires_at).await?;
                }
                item.spilled = Some(prefix);
            }
            items.insert(name.clone(), item);
        }
        Ok(items)
    }

    /// Removes spilled parts, but for those whose names begin with one of `kept`.
    pub(super) async fn forget_spilled(&self, instance: InstanceId, kept: &[String]) -> Result<(), AwsError> {
        for (part, _) in self.spilled(instance, PREFIX).await? {
            if !kept.iter().any(|prefix| part.starts_with(prefix)) {
                let key = key_of(instance, &part);
                let deleted =
                    self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await;
                deleted.unavailable("remove a part of a poller")?;
            }
        }
        Ok(())
    }

    async fn put(
        &self,
        instance: InstanceId,
        part: &str,
        bytes: &[u8],
        expires_at: i64,
    ) -> Result<(), AwsError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(key_of(instance, part)))
            .item("seen", AttributeValue::B(Blob::new(bytes)))
            .item("expires_at", number(expires_at))
            .send()
            .await
            .unavailable("write a part of a poller")?;
        Ok(())
    }

    async fn spilled(&self, instance: InstanceId, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, AwsError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("instance_id = :instance AND begins_with(part, :prefix)")
            .expression_attribute_values(":instance", number(instance))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut parts = Vec::new();
        while let Some(item) = items.next().await {
            let mut item = item.unavailable("read a part of a poller")?;
            if let (Some(AttributeValue::S(part)), Some(AttributeValue::B(bytes))) =
                (item.remove("part"), item.remove("seen"))
            {
                parts.push((part, bytes.into_inner()));
            }
        }
        Ok(parts)
    }
}

/// When the cursor was in use last.
fn latest(cursor: &Cursor) -> chrono::DateTime<Utc> {
    cursor.walk.as_ref().map_or(cursor.since, |walk| walk.began_at)
}
