//! The instances of one account, without reading anybody else's.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{DynamoInstanceStore, Item, KEY};
use crate::aws::{AwsError, Unavailable};
use crate::instance::Instance;
use crate::instance_id::InstanceId;

/// Keys only, so that a change of an instance costs no second write: `account_id` and `instance_id`.
const INDEX: &str = "by_account";
/// What one batch read takes (Amazon DynamoDB API reference, `BatchGetItem`).
const BATCH: usize = 100;
/// A batch that is too large, or throttled, is read in so many rounds at most.
const ROUNDS: usize = 20;
/// Instances whose secrets are decrypted together; each may cost calls to KMS.
const TOGETHER: usize = 16;

/// A part of an account's instances, in the order of their ids.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The instances.
    pub instances: Vec<Instance>,
    /// Whether there may be more, after the last id that was looked at.
    pub next: Option<InstanceId>,
}

impl DynamoInstanceStore {
    /// Up to 100 instances of an account with an id greater than `after`.
    ///
    /// The index follows the table within moments: an instance provisioned just now may be missing.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn list(&self, account_id: u64, after: Option<InstanceId>) -> Result<Listing, AwsError> {
        const ACTION: &str = "list an account's instances";
        let after = after.map_or(0, InstanceId::get);
        let answer = self
            .client
            .query()
            .table_name(&self.instances)
            .index_name(INDEX)
            .key_condition_expression("account_id = :account AND instance_id > :after")
            .expression_attribute_values(":account", AttributeValue::N(account_id.to_string()))
            .expression_attribute_values(":after", AttributeValue::N(after.to_string()))
            .limit(i32::try_from(BATCH).unwrap_or(i32::MAX))
            .send()
            .await
            .unavailable(ACTION)?;
        let more = answer.last_evaluated_key.is_some();
        let keys: Vec<HashMap<String, AttributeValue>> =
            answer.items.unwrap_or_default().into_iter().filter_map(table_key).collect();
        let next = keys.last().and_then(id_of).filter(|_| more);
        let mut items = self.read_all(keys).await?;
        items.sort_unstable_by_key(|item| item.instance_id);
        let instances = stream::iter(items).map(|item| self.unsealed(item)).buffered(TOGETHER);
        Ok(Listing { instances: instances.try_collect().await?, next })
    }

    async fn read_all(&self, mut keys: Vec<HashMap<String, AttributeValue>>) -> Result<Vec<Item>, AwsError> {
        const ACTION: &str = "read an account's instances";
        let mut found = Vec::with_capacity(keys.len());
        for _ in 0..ROUNDS {
            if keys.is_empty() {
                return Ok(found);
            }
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).build().unavailable(ACTION)?;
            let answer = self.client.batch_get_item().request_items(&self.instances, wanted).send().await;
            let answer = answer.unavailable(ACTION)?;
            let items = answer.responses.unwrap_or_default().remove(&self.instances).unwrap_or_default();
            found.extend(serde_dynamo::from_items::<_, Item>(items).unavailable(ACTION)?);
            let rest = answer.unprocessed_keys.unwrap_or_default().remove(&self.instances);
            keys = rest.map(|rest| rest.keys).unwrap_or_default();
        }
        Err(AwsError::new(ACTION, "the table kept giving back unprocessed keys"))
    }
}

fn table_key(mut item: HashMap<String, AttributeValue>) -> Option<HashMap<String, AttributeValue>> {
    item.remove(KEY).map(|id| HashMap::from([(KEY.to_owned(), id)]))
}

fn id_of(key: &HashMap<String, AttributeValue>) -> Option<InstanceId> {
    key.get(KEY)?.as_n().ok()?.parse().ok()
}
