//! Cursors, leases and due times in DynamoDB.
//!
//! The pollers table: `instance_id` (N) and `part` (S). The part `poller` is the instance's state; parts
//! `seen#…` hold what one item has no room for. The items of API keys (part `key#…`) are beside them. The index
//! `by_due_at` (`due_shard`, `due_at`) holds the pollers that are not stopped; it is sharded so that no minute's due
//! instances are one partition's.

mod claim;
mod due;
mod item;
mod key;
mod spill;

pub use claim::{Busy, Claim, Lease, NextPoll};
pub use due::{Due, SHARDS};
pub use item::Poller;
pub use key::{DynamoKeyStore, HELD_BY_A_POLL, KeyLease};

pub(crate) use claim::condition_failure;
pub(crate) use due::shard_of;
pub(crate) use key::User;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use chrono::{DateTime, Utc};

use super::schedule::KeyDigest;
use super::window::Cursor;
use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, Unavailable, batch_get};

/// The cursors of an instance, by the names of its resources.
pub type Cursors = BTreeMap<String, Cursor>;

const POLLER: &str = "poller";

/// That the instance was not configured since. Pollers of before this was noted do not have it.
const AS_CONFIGURED: &str = "(attribute_not_exists(configured_at) OR configured_at = :configured)";

/// The pollers table.
#[derive(Debug, Clone)]
pub struct DynamoPollerStore {
    client: Client,
    table: String,
    keys: DynamoKeyStore,
}

impl DynamoPollerStore {
    /// The store in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        let keys = DynamoKeyStore::new(client.clone(), table.clone());
        Self { client, table, keys }
    }

    /// The items of API keys beside the pollers.
    #[must_use]
    pub fn keys(&self) -> &DynamoKeyStore {
        &self.keys
    }

    /// Has an instance polled at `due_at` for the first time, or again after it was stopped or changed.
    ///
    /// What it remembers of earlier polls stays. A poller whose instance never comes to be removes itself.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn register(
        &self,
        instance: InstanceId,
        key: &KeyDigest,
        now: DateTime<Utc>,
        due_at: DateTime<Utc>,
    ) -> Result<(), AwsError> {
        self.keys.join(key, User::Poller(instance), now).await?;
        let before = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(instance, POLLER)))
            .update_expression(
                "SET due_at = :due, due_shard = :shard, key_digest = :key, shares_key = :yes, \
                 configured_at = :now, registered_at = if_not_exists(registered_at, :now) REMOVE claimed_for",
            )
            // Its first poll finds out whether it shares the key.
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .return_values(ReturnValue::UpdatedOld)
            .expression_attribute_values(":due", millis(due_at))
            .expression_attribute_values(":shard", number(shard_of(instance)))
            .expression_attribute_values(":key", AttributeValue::S(key.as_str().to_owned()))
            .expression_attribute_values(":now", number(now.timestamp_micros()))
            .send()
            .await
            .unavailable("register a poller")?;
        match before.attributes.as_ref().and_then(key_in) {
            Some(before) if before != *key => self.keys.leave(&before, User::Poller(instance)).await,
            _ => Ok(()),
        }
    }

    /// Has an instance polled no more, and forgets what was remembered.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn remove(&self, instance: InstanceId) -> Result<(), AwsError> {
        self.forget_spilled(instance, &[]).await?;
        let deleted = self.delete(instance).send().await.unavailable("remove a poller")?;
        self.removed(instance, deleted.attributes.as_ref()).await
    }

    /// The same for a poller that was found useless, unless polling was asked for again since.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn remove_useless(&self, poller: &Poller) -> Result<(), AwsError> {
        let delete = self
            .delete(poller.instance_id)
            .condition_expression(format!("attribute_exists(instance_id) AND {AS_CONFIGURED}"))
            .expression_attribute_values(":configured", number(poller.configured_at.timestamp_micros()));
        match delete.send().await {
            Ok(deleted) => {
                self.forget_spilled(poller.instance_id, &[]).await?;
                self.removed(poller.instance_id, deleted.attributes.as_ref()).await
            }
            Err(error) => {
                let service = error.as_service_error();
                if service.is_some_and(DeleteItemError::is_conditional_check_failed_exception) {
                    return Ok(());
                }
                Err(error).unavailable("remove a poller")
            }
        }
    }

    fn delete(&self, instance: InstanceId) -> DeleteItemFluentBuilder {
        let delete = self.client.delete_item().table_name(&self.table);
        delete.set_key(Some(key_of(instance, POLLER))).return_values(ReturnValue::AllOld)
    }

    async fn removed(&self, instance: InstanceId, poller: Option<&Item>) -> Result<(), AwsError> {
        match poller.and_then(key_in) {
            Some(key) => self.keys.leave(&key, User::Poller(instance)).await,
            None => Ok(()),
        }
    }

    /// An instance's poller, its [`Poller::state`] for one; `None` when it is not polled.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn get(&self, instance: InstanceId) -> Result<Option<Poller>, AwsError> {
        const ACTION: &str = "read a poller";
        let key = key_of(instance, POLLER);
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key)).send().await;
        let Some(item) = read.unavailable(ACTION)?.item else { return Ok(None) };
        Ok(Some(item::read(item).unavailable(ACTION)?))
    }

    /// The pollers of many instances, in one call for a hundred of them; those without one are left out.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn get_all(&self, instances: &[InstanceId]) -> Result<HashMap<InstanceId, Poller>, AwsError> {
        const ACTION: &str = "read pollers";
        let keys = instances.iter().map(|instance| key_of(*instance, POLLER)).collect();
        let items = batch_get(&self.client, &self.table, keys, None, ACTION).await?;
        let pollers = items.into_iter().map(item::read);
        let pollers = pollers.map(|poller| poller.map(|poller| (poller.instance_id, poller)));
        pollers.collect::<Result<_, _>>().unavailable(ACTION)
    }

    /// Counts what an audit found.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn count_finds(&self, instance: InstanceId, finds: usize) -> Result<(), AwsError> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(instance, POLLER)))
            .update_expression("ADD audit_finds :finds")
            .expression_attribute_values(":finds", number(finds))
            .send()
            .await
            .unavailable("count what an audit found")?;
        Ok(())
    }
}

type Item = HashMap<String, AttributeValue>;

fn key_of(instance: InstanceId, part: &str) -> Item {
    let part = AttributeValue::S(part.to_owned());
    [("instance_id".to_owned(), number(instance)), ("part".to_owned(), part)].into()
}

/// The digest of the API key in an item of the pollers table.
pub(crate) fn key_in(item: &Item) -> Option<KeyDigest> {
    Some(KeyDigest::from_text(item.get("key_digest")?.as_s().ok()?))
}

fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn millis(time: DateTime<Utc>) -> AttributeValue {
    number(time.timestamp_millis())
}
