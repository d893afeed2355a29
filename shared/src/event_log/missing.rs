//! Which of some events the log does not have.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use super::store::DynamoEventLog;
use crate::aws::{AwsError, Unavailable};
use crate::event_id::EventId;
use crate::instance_id::InstanceId;

const ACTION: &str = "look up events";

/// DynamoDB looks up this many at once (API reference, `BatchGetItem`).
const MOST_KEYS: usize = 100;
/// What it leaves out of an answer is asked for again this often.
const TRIES: usize = 5;

impl DynamoEventLog {
    /// Those of `events` that the log has nothing of.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn missing(
        &self,
        instance: InstanceId,
        events: &[EventId],
    ) -> Result<HashSet<EventId>, AwsError> {
        let mut missing: HashSet<EventId> = events.iter().cloned().collect();
        let ids: Vec<EventId> = missing.iter().cloned().collect();
        for ids in ids.chunks(MOST_KEYS) {
            let keys = ids.iter().map(|id| {
                let instance = AttributeValue::N(instance.to_string());
                let id = AttributeValue::S(id.to_string());
                [("instance_id".to_owned(), instance), ("event_id".to_owned(), id)].into()
            });
            let keys =
                KeysAndAttributes::builder().set_keys(Some(keys.collect())).projection_expression("event_id");
            let mut asked = keys.build().unavailable(ACTION)?;
            for _ in 0..TRIES {
                let get = self.client.batch_get_item().request_items(&self.table, asked);
                let answer = get.send().await.unavailable(ACTION)?;
                for item in answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default() {
                    if let Some(AttributeValue::S(id)) = item.get("event_id") {
                        missing.remove(&EventId::from(id.clone()));
                    }
                }
                let Some(left) = answer.unprocessed_keys.unwrap_or_default().remove(&self.table) else {
                    break;
                };
                asked = left;
            }
        }
        Ok(missing)
    }
}
