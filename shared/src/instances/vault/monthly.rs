//! The data keys of each month, encrypted, for all processes that seal.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

use super::Purpose;
use crate::accounts::KEY;
use crate::platform::aws::{InternalError, Unavailable, text, written};

const ACTION: &str = "keep a data key";
const VALUE: &str = "data_key";

/// The encrypted data keys, as items of the credentials table, which only the instances function writes.
#[derive(Debug, Clone)]
pub struct DataKeyStore {
    client: Client,
    credentials: String,
}

impl DataKeyStore {
    /// The data keys in the table `credentials`.
    pub fn new(client: Client, credentials: String) -> Self {
        Self { client, credentials }
    }

    /// The data key of a purpose and month, if there is one.
    pub(super) async fn get(&self, purpose: Purpose, month: &str) -> Result<Option<String>, InternalError> {
        let get = self.client.get_item().table_name(&self.credentials).consistent_read(true);
        let answer = get.key(KEY, key(purpose, month)).send().await;
        let value = answer.unavailable(ACTION)?.item.and_then(|mut item| item.remove(VALUE));
        Ok(value.and_then(|value| value.as_s().ok().cloned()))
    }

    /// Stores a new data key, unless another process was faster. Returns the one that is stored.
    pub(super) async fn put(
        &self,
        purpose: Purpose,
        month: &str,
        encrypted: String,
    ) -> Result<String, InternalError> {
        let put = self.client.put_item().table_name(&self.credentials).item(KEY, key(purpose, month));
        let put = put.item(VALUE, text(&encrypted));
        let put = put.condition_expression("attribute_not_exists(#key)");
        if written(put.expression_attribute_names("#key", KEY).send().await, ACTION)? {
            return Ok(encrypted);
        }
        let kept = self.get(purpose, month).await?;
        kept.ok_or_else(|| InternalError::new(ACTION, "it is gone"))
    }
}

/// A prefix that no credential's key has.
fn key(purpose: Purpose, month: &str) -> AttributeValue {
    text(format!("data-key/{}/{month}", purpose.as_str()))
}
