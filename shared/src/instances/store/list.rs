//! The instances of one account, without reading those of others.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{DynamoInstanceStore, Item, KEY, Secrets};
use crate::instances::Instance;
use crate::instances::InstanceId;
use crate::platform::aws::{InternalError, Unavailable, batch_get, number};

/// The index has keys only (`account_id` and `instance_id`), so a change of an instance costs no second write.
const INDEX: &str = "by_account";
/// The most keys of a batch read (Amazon DynamoDB API reference, `BatchGetItem`).
const BATCH: usize = 100;
/// Instances whose secrets are decrypted together; each may cost calls to KMS.
const TOGETHER: usize = 16;

/// A part of an account's instances, in the order of their ids.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The instances.
    pub instances: Vec<Instance>,
    /// The last id that was read, if there may be more.
    pub next: Option<InstanceId>,
}

impl DynamoInstanceStore {
    /// Up to 100 instances of an account with an id greater than `after`, to be shown: secrets that a client may not
    /// read are masked, not decrypted.
    ///
    /// The index follows the table within moments: an instance provisioned just now may be missing.
    pub async fn list(&self, account_id: u64, after: Option<InstanceId>) -> Result<Listing, InternalError> {
        const READ: &str = "read an account's instances";
        let (ids, next) = self.ids_after(account_id, after).await?;
        let keys = ids.into_iter().map(|id| HashMap::from([(KEY.to_owned(), number(id))]));
        let items = batch_get(&self.client, &self.instances, keys.collect(), None, READ).await?;
        let mut items: Vec<Item> = serde_dynamo::from_items(items).unavailable(READ)?;
        items.sort_unstable_by_key(|item| item.instance_id);
        let instances =
            stream::iter(items).map(|item| self.unsealed(item, Secrets::Shown)).buffered(TOGETHER);
        Ok(Listing { instances: instances.try_collect().await?, next })
    }

    /// The ids of an account's instances. Stops once there are more than `most`.
    pub async fn ids(&self, account_id: u64, most: usize) -> Result<Vec<InstanceId>, InternalError> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let (found, next) = self.ids_after(account_id, after).await?;
            ids.extend(found);
            after = next;
            if after.is_none() || ids.len() > most {
                return Ok(ids);
            }
        }
    }

    async fn ids_after(
        &self,
        account_id: u64,
        after: Option<InstanceId>,
    ) -> Result<(Vec<InstanceId>, Option<InstanceId>), InternalError> {
        const ACTION: &str = "list an account's instances";
        let after = after.map_or(0, InstanceId::get);
        let answer = self
            .client
            .query()
            .table_name(&self.instances)
            .index_name(INDEX)
            .key_condition_expression("account_id = :account AND instance_id > :after")
            .expression_attribute_values(":account", number(account_id))
            .expression_attribute_values(":after", number(after))
            .limit(i32::try_from(BATCH).unwrap_or(i32::MAX))
            .send()
            .await
            .unavailable(ACTION)?;
        let more = answer.last_evaluated_key.is_some();
        let ids: Vec<InstanceId> = answer.items.unwrap_or_default().iter().filter_map(id_of).collect();
        let next = ids.last().copied().filter(|_| more);
        Ok((ids, next))
    }
}

fn id_of(key: &HashMap<String, AttributeValue>) -> Option<InstanceId> {
    key.get(KEY)?.as_n().ok()?.parse().ok()
}
