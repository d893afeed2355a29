//! Finding events that the log does not have.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;

use super::history::key;
use super::store::DynamoDeliveryLog;
use crate::events::id::EventId;
use crate::platform::aws::{InternalError, batch_get};

impl DynamoDeliveryLog {
    /// The ones of `events` that the log does not have.
    pub async fn missing(&self, events: &[EventId]) -> Result<HashSet<EventId>, InternalError> {
        let mut missing: HashSet<EventId> = events.iter().cloned().collect();
        let keys = missing.iter().map(key).collect();
        for item in batch_get(&self.client, &self.table, keys, Some("event_id"), "look up events").await? {
            if let Some(AttributeValue::S(id)) = item.get("event_id") {
                missing.remove(&EventId::from(id.clone()));
            }
        }
        Ok(missing)
    }
}
