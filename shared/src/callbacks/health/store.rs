//! The health of callbacks, in DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Health, Illness, PROBE_EVERY, State};
use crate::callbacks::url::CallbackUrl;
use crate::events::id::hex;
use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, Unavailable, batch_get, written};

/// The sort key of an instance's callback.
const SCOPE: &str = "callback";

/// A callback that is disabled stays so, whatever a process with older knowledge wants to write.
const NOT_DISABLED: &str =
    "attribute_not_exists(instance_id) OR callback <> :callback OR #state <> :disabled";
/// The first to see it fail says since when.
const NOT_KNOWN: &str = "attribute_not_exists(instance_id) OR callback <> :callback";

/// The endpoints table: `instance_id` (N) and `scope` (S). A healthy callback has no item.
#[derive(Debug, Clone)]
pub struct DynamoEndpointStore {
    client: Client,
    table: String,
}

#[derive(Serialize, Deserialize)]
struct Item {
    instance_id: InstanceId,
    scope: String,
    /// A digest of the URL: another URL begins with a clean sheet.
    callback: String,
    #[serde(flatten)]
    illness: Illness,
}

impl DynamoEndpointStore {
    /// The store in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The health of an instance's callback at `url`.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn get(&self, instance: InstanceId, url: &CallbackUrl) -> Result<Health, AwsError> {
        const ACTION: &str = "read the state of a callback";
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key(instance)));
        let answer = get.consistent_read(true).send().await.unavailable(ACTION)?;
        let Some(item) = answer.item else { return Ok(Health::Healthy) };
        let item: Item = serde_dynamo::from_item(item).unavailable(ACTION)?;
        if item.callback != digest(url) {
            return Ok(Health::Healthy);
        }
        Ok(Health::Unwell(item.illness))
    }

    /// The health of many instances' callbacks, in one call for a hundred of them; the healthy ones are left out.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn get_all(
        &self,
        callbacks: &[(InstanceId, CallbackUrl)],
    ) -> Result<HashMap<InstanceId, Health>, AwsError> {
        const ACTION: &str = "read the states of callbacks";
        let keys = callbacks.iter().map(|(instance, _)| key(*instance)).collect();
        let items = batch_get(&self.client, &self.table, keys, None, ACTION).await?;
        let items: Vec<Item> = serde_dynamo::from_items(items).unavailable(ACTION)?;
        let digests: HashMap<InstanceId, String> =
            callbacks.iter().map(|(instance, url)| (*instance, digest(url))).collect();
        let is_of_now = |item: &Item| digests.get(&item.instance_id) == Some(&item.callback);
        let unwell = items.into_iter().filter(is_of_now);
        Ok(unwell.map(|item| (item.instance_id, Health::Unwell(item.illness))).collect())
    }

    /// Writes a change of health; `false` when somebody else has written a newer one.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn put(
        &self,
        instance: InstanceId,
        url: &CallbackUrl,
        health: &Health,
    ) -> Result<bool, AwsError> {
        const ACTION: &str = "write the state of a callback";
        let callback = digest(url);
        let values = HashMap::from([(":callback".to_owned(), AttributeValue::S(callback.clone()))]);
        let disabled = (":disabled".to_owned(), AttributeValue::S("disabled".to_owned()));
        let Health::Unwell(illness) = health else {
            let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key(instance)));
            let delete = delete
                .condition_expression(NOT_DISABLED)
                .expression_attribute_names("#state", "state")
                .set_expression_attribute_values(Some(values.into_iter().chain([disabled]).collect()));
            return written(delete.send().await, ACTION);
        };
        let item =
            Item { instance_id: instance, scope: SCOPE.to_owned(), callback, illness: illness.clone() };
        let item = serde_dynamo::to_item(item).unavailable(ACTION)?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = match illness.state {
            State::Failing => {
                put.condition_expression(NOT_KNOWN).set_expression_attribute_values(Some(values))
            }
            State::Open | State::Disabled => put
                .condition_expression(NOT_DISABLED)
                .expression_attribute_names("#state", "state")
                .set_expression_attribute_values(Some(values.into_iter().chain([disabled]).collect())),
        };
        written(put.send().await, ACTION)
    }

    /// Takes the probe that was due at `due`, so that nobody else does; `false` when somebody else has.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn take_probe(
        &self,
        instance: InstanceId,
        due: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, AwsError> {
        let next = (now + PROBE_EVERY).timestamp_millis();
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key(instance)));
        let update = update
            .update_expression("SET probe_at = :next")
            .condition_expression("probe_at = :due")
            .expression_attribute_values(":next", AttributeValue::N(next.to_string()))
            .expression_attribute_values(":due", AttributeValue::N(due.timestamp_millis().to_string()));
        let taken = update.send().await;
        written(taken, "take a probe")
    }

    /// Forgets everything against an instance's callback, whatever it was.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn enable(&self, instance: InstanceId) -> Result<(), AwsError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key(instance)));
        delete.send().await.unavailable("enable a callback")?;
        Ok(())
    }
}

fn key(instance: InstanceId) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("instance_id".to_owned(), AttributeValue::N(instance.to_string())),
        ("scope".to_owned(), AttributeValue::S(SCOPE.to_owned())),
    ])
}

fn digest(url: &CallbackUrl) -> String {
    hex(&Sha256::digest(url.as_url().as_str())[..16])
}
