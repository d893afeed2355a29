//! Checks in DynamoDB: a part of the pollers table, found when due by the index that finds pollers.
//!
//! The item is the part `subscription` of its instance. In the index `by_due_at` checks stand in shards of their
//! own, so that who looks for pollers that are due does not meet them, and the other way round.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Check, Findings};
use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, Unavailable, batch_get, written};
use crate::polling::schedule::KeyDigest;
use crate::polling::store::{DynamoKeyStore, SHARDS, User, condition_failure, key_in, shard_of};

const PART: &str = "subscription";

/// The shards of `by_due_at` that checks are in.
#[must_use]
pub fn shards() -> std::ops::Range<u64> {
    SHARDS..2 * SHARDS
}

/// The pollers table, as far as it holds checks.
#[derive(Debug, Clone)]
pub struct DynamoCheckStore {
    client: Client,
    table: String,
    keys: DynamoKeyStore,
}

#[derive(Deserialize)]
struct Item {
    instance_id: InstanceId,
    #[serde(with = "chrono::serde::ts_milliseconds")]
    registered_at: DateTime<Utc>,
    #[serde(with = "chrono::serde::ts_milliseconds")]
    wanted_from: DateTime<Utc>,
    #[serde(with = "chrono::serde::ts_milliseconds")]
    due_at: DateTime<Utc>,
    url: String,
    #[serde(default)]
    findings: Findings,
}

impl DynamoCheckStore {
    /// The store in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        let keys = DynamoKeyStore::new(client.clone(), table.clone());
        Self { client, table, keys }
    }

    /// Has a subscription that was made at `now` and sends to `url` looked at from `due_at` on.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn register(
        &self,
        instance: InstanceId,
        url: &str,
        key: &KeyDigest,
        now: DateTime<Utc>,
        due_at: DateTime<Utc>,
    ) -> Result<(), AwsError> {
        self.keys.join(key, User::Check(instance), now).await?;
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(key_of(instance)))
            .item("url", text(url))
            .item("key_digest", text(key.as_str()))
            .item("registered_at", millis(now))
            .item("wanted_from", millis(now))
            .item("due_at", millis(due_at))
            .item("due_shard", shard(instance))
            .send()
            .await
            .unavailable("register the check of a subscription")?;
        Ok(())
    }

    /// Has a subscription looked at as soon as may be, since its instance was changed; `wanted_from` where events
    /// are wanted from then on and were not before.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn hasten(
        &self,
        instance: InstanceId,
        key: &KeyDigest,
        now: DateTime<Utc>,
        wanted_from: Option<DateTime<Utc>>,
    ) -> Result<(), AwsError> {
        const ACTION: &str = "hasten the check of a subscription";
        let user = User::Check(instance);
        self.keys.join(key, user, now).await?;
        let set = "SET due_at = :now, key_digest = :key";
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key_of(instance)));
        let update = update
            .condition_expression("attribute_exists(instance_id)")
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":key", text(key.as_str()));
        let update = match wanted_from {
            None => update.update_expression(set),
            Some(from) => update
                .update_expression(format!("{set}, wanted_from = :from"))
                .expression_attribute_values(":from", millis(from)),
        };
        let before = match update.return_values(ReturnValue::UpdatedOld).send().await {
            Ok(answer) => answer.attributes.as_ref().and_then(key_in).filter(|before| before != key),
            Err(error) => {
                condition_failure(error).unavailable(ACTION)?;
                Some(key.clone())
            }
        };
        match before {
            Some(unused) => self.keys.leave(&unused, user).await,
            None => Ok(()),
        }
    }

    /// What is known of an instance's subscription; `None` when this system made none.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn get(&self, instance: InstanceId) -> Result<Option<Check>, AwsError> {
        const ACTION: &str = "read the check of a subscription";
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let item = get.set_key(Some(key_of(instance))).send().await.unavailable(ACTION)?.item;
        item.map(read).transpose().unavailable(ACTION)
    }

    /// The same for many instances, in one call for a hundred of them; none for those without.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn get_all(&self, instances: &[InstanceId]) -> Result<HashMap<InstanceId, Check>, AwsError> {
        const ACTION: &str = "read the checks of subscriptions";
        let keys = instances.iter().map(|instance| key_of(*instance)).collect();
        let items = batch_get(&self.client, &self.table, keys, None, ACTION).await?;
        let checks = items.into_iter().map(|item| read(item).map(|check| (check.instance_id, check)));
        checks.collect::<Result<_, _>>().unavailable(ACTION)
    }

    /// Writes what a look came to, and when the next one is; `false` when somebody else has written since.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn write(&self, check: &Check, next: DateTime<Utc>) -> Result<bool, AwsError> {
        const ACTION: &str = "write the check of a subscription";
        let findings = serde_dynamo::to_attribute_value(&check.findings).unavailable(ACTION)?;
        let update = self.client.update_item().table_name(&self.table);
        let update = update
            .set_key(Some(key_of(check.instance_id)))
            .update_expression(
                "SET due_at = :next, due_shard = :shard, wanted_from = :from, findings = :findings",
            )
            .condition_expression("due_at = :due")
            .expression_attribute_values(":due", millis(check.due_at))
            .expression_attribute_values(":next", millis(next))
            .expression_attribute_values(":shard", shard(check.instance_id))
            .expression_attribute_values(":from", millis(check.wanted_from))
            .expression_attribute_values(":findings", findings);
        written(update.send().await, ACTION)
    }

    /// Has a subscription looked at no more.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn remove(&self, instance: InstanceId) -> Result<(), AwsError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key_of(instance)));
        let deleted = delete.return_values(ReturnValue::AllOld).send().await;
        let deleted = deleted.unavailable("remove the check of a subscription")?;
        match deleted.attributes.as_ref().and_then(key_in) {
            Some(key) => self.keys.leave(&key, User::Check(instance)).await,
            None => Ok(()),
        }
    }
}

type Attributes = HashMap<String, AttributeValue>;

fn read(item: Attributes) -> Result<Check, serde_dynamo::Error> {
    let Item { instance_id, registered_at, wanted_from, due_at, url, findings } =
        serde_dynamo::from_item(item)?;
    Ok(Check { instance_id, registered_at, url, due_at, wanted_from, findings })
}

fn key_of(instance: InstanceId) -> Attributes {
    let id = AttributeValue::N(instance.to_string());
    [("instance_id".to_owned(), id), ("part".to_owned(), text(PART))].into()
}

fn shard(instance: InstanceId) -> AttributeValue {
    AttributeValue::N((SHARDS + shard_of(instance)).to_string())
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn millis(time: DateTime<Utc>) -> AttributeValue {
    AttributeValue::N(time.timestamp_millis().to_string())
}
