//! The health of callbacks, in DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Health, Illness, PROBE_EVERY};
use crate::callbacks::url::CallbackUrl;
use crate::events::id::hex;
use crate::instances::InstanceId;
use crate::platform::aws::{InternalError, Unavailable, batch_get, millis, number, text, written};

const SCOPE: &str = "callback";

/// A change only applies to the health that it was decided on, so that no process undoes a newer one.
const UNCHANGED: &str = "callback = :callback AND #state = :state AND #windows = :windows";
/// The same for a callback that was healthy. An item of another URL does not count.
const HEALTHY: &str = "attribute_not_exists(instance_id) OR callback <> :callback";

/// The endpoints table: `instance_id` (N) and `scope` (S). A healthy callback without waiting events has no item.
#[derive(Debug, Clone)]
pub struct DynamoCallbackStore {
    pub(super) client: Client,
    pub(super) table: String,
}

#[derive(Serialize, Deserialize)]
struct Item {
    instance_id: InstanceId,
    scope: String,
    /// A digest of the URL: another URL starts healthy.
    callback: String,
    #[serde(flatten)]
    illness: Illness,
}

impl DynamoCallbackStore {
    /// The store in `table`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The health of an instance's callback at `url`.
    pub async fn get(&self, instance: InstanceId, url: &CallbackUrl) -> Result<Health, InternalError> {
        const ACTION: &str = "read the state of a callback";
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key(instance, SCOPE)));
        let answer = get.consistent_read(true).send().await.unavailable(ACTION)?;
        let Some(item) = answer.item else { return Ok(Health::Healthy) };
        let item: Item = serde_dynamo::from_item(item).unavailable(ACTION)?;
        if item.callback != digest(url) {
            return Ok(Health::Healthy);
        }
        Ok(Health::Unwell(item.illness))
    }

    /// The health of many instances' callbacks, in one call for a hundred of them; the healthy ones are left out.
    pub async fn get_all(
        &self,
        callbacks: &[(InstanceId, CallbackUrl)],
    ) -> Result<HashMap<InstanceId, Health>, InternalError> {
        const ACTION: &str = "read the states of callbacks";
        let keys = callbacks.iter().map(|(instance, _)| key(*instance, SCOPE)).collect();
        let items = batch_get(&self.client, &self.table, keys, None, ACTION).await?;
        let items: Vec<Item> = serde_dynamo::from_items(items).unavailable(ACTION)?;
        let digests: HashMap<InstanceId, String> =
            callbacks.iter().map(|(instance, url)| (*instance, digest(url))).collect();
        let is_of_now = |item: &Item| digests.get(&item.instance_id) == Some(&item.callback);
        let unwell = items.into_iter().filter(is_of_now);
        Ok(unwell.map(|item| (item.instance_id, Health::Unwell(item.illness))).collect())
    }

    /// Writes a change of health; `false` if it is no longer as `before`.
    pub async fn change(
        &self,
        instance: InstanceId,
        url: &CallbackUrl,
        (before, after): (&Health, &Health),
    ) -> Result<bool, InternalError> {
        const ACTION: &str = "write the state of a callback";
        let callback = digest(url);
        let mut values = HashMap::from([(":callback".to_owned(), text(&callback))]);
        let (condition, names) = match before {
            Health::Healthy => (HEALTHY, None),
            Health::Unwell(illness) => {
                let state = serde_dynamo::to_attribute_value(illness.state).unavailable(ACTION)?;
                values.insert(":state".to_owned(), state);
                values.insert(":windows".to_owned(), number(illness.windows));
                let names = [("#state", "state"), ("#windows", "windows")];
                let names = names.map(|(name, attribute)| (name.to_owned(), attribute.to_owned()));
                (UNCHANGED, Some(HashMap::from(names)))
            }
        };
        let Health::Unwell(illness) = after else {
            let delete = self.client.delete_item().table_name(&self.table);
            let delete = delete
                .set_key(Some(key(instance, SCOPE)))
                .condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(Some(values));
            return written(delete.send().await, ACTION);
        };
        let item =
            Item { instance_id: instance, scope: SCOPE.to_owned(), callback, illness: illness.clone() };
        let item = serde_dynamo::to_item(item).unavailable(ACTION)?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put
            .condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(Some(values));
        written(put.send().await, ACTION)
    }

    /// Claims the probe that is due at `due`; `false` if another process has it.
    pub async fn take_probe(
        &self,
        instance: InstanceId,
        due: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, InternalError> {
        let update = self.client.update_item().table_name(&self.table);
        let update = update
            .set_key(Some(key(instance, SCOPE)))
            .update_expression("SET probe_at = :next")
            .condition_expression("probe_at = :due")
            .expression_attribute_values(":next", millis(now + PROBE_EVERY))
            .expression_attribute_values(":due", millis(due));
        let taken = update.send().await;
        written(taken, "take a probe")
    }

    /// Makes an instance's callback healthy. Its waiting events are released.
    pub async fn enable(&self, instance: InstanceId) -> Result<(), InternalError> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.set_key(Some(key(instance, SCOPE))).send().await;
        delete.unavailable("enable a callback")?;
        Ok(())
    }
}

pub(super) fn key(instance: InstanceId, scope: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("instance_id".to_owned(), number(instance)), ("scope".to_owned(), text(scope))])
}

fn digest(url: &CallbackUrl) -> String {
    hex(&Sha256::digest(url.as_url().as_str())[..16])
}
