//! Which of some events the log does not have.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;

use super::store::DynamoEventLog;
use crate::events::id::EventId;
use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, batch_get};

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
        let keys = missing.iter().map(|id| {
            let instance = AttributeValue::N(instance.to_string());
            let id = AttributeValue::S(id.to_string());
            [("instance_id".to_owned(), instance), ("event_id".to_owned(), id)].into()
        });
        let keys = keys.collect();
        for item in batch_get(&self.client, &self.table, keys, Some("event_id"), "look up events").await? {
            if let Some(AttributeValue::S(id)) = item.get("event_id") {
                missing.remove(&EventId::from(id.clone()));
            }
        }
        Ok(missing)
    }
}
