//! The delivery log as it is stored, read through the real SDK.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use serde_json::Value;
use shared::events::log::{AttemptRecord, DeliveryStatus};
use shared::platform::aws::Aws;

use super::Bed;

/// An event of the delivery log.
#[derive(Debug, Clone, Deserialize)]
pub struct LoggedEvent {
    /// The instance.
    pub instance_id: u64,
    /// Its id.
    pub event_id: String,
    /// Its status.
    pub delivery_status: DeliveryStatus,
    /// Why it is not delivered.
    pub reason: Option<String>,
    /// Its attempts.
    #[serde(default)]
    pub attempts: Vec<AttemptRecord>,
    /// Where its body is, if it is too large for the item.
    #[serde(rename = "stored_body")]
    pub stored: Option<Value>,
    /// When the item expires, in Unix seconds.
    pub expires_at: i64,
    /// Its place among all events of its instance.
    pub place: String,
    /// Its shard of waiting events.
    pub waiting: Option<String>,
}

impl Bed {
    /// The number of items in a table, by the variable that names it.
    ///
    /// # Panics
    /// When the table cannot be read.
    #[expect(clippy::expect_used, reason = "a story cannot go on without its tables")]
    pub async fn items(&self, variable: &str) -> usize {
        let variables = self.system.environment().clone().into_iter().collect();
        let client = Aws::from_variables(&variables).expect("the functions have credentials").dynamodb();
        let scan = client.scan().table_name(&self.system.environment()[variable]).into_paginator().items();
        let items = scan.send().collect::<Result<Vec<_>, _>>().await;
        items.expect("the table can be read").len()
    }

    /// The events of an instance, newest first.
    ///
    /// # Panics
    /// When the tables cannot be read.
    #[expect(clippy::expect_used, reason = "a story cannot go on without its log")]
    pub async fn log(&self, instance: u64) -> Vec<LoggedEvent> {
        let variables = self.system.environment().clone().into_iter().collect();
        let client = Aws::from_variables(&variables).expect("the functions have credentials").dynamodb();
        let table = &self.system.environment()["EVENTS_TABLE"];
        let scan = client.scan().table_name(table).consistent_read(true);
        let scan = scan.filter_expression("instance_id = :instance");
        let scan = scan.expression_attribute_values(":instance", AttributeValue::N(instance.to_string()));
        let items = scan.into_paginator().items().send();
        let items = items.collect::<Result<Vec<_>, _>>().await.expect("the table can be read");
        let mut events: Vec<LoggedEvent> =
            serde_dynamo::from_items(items).expect("the items have the documented attributes");
        events.sort_by(|one, other| other.place.cmp(&one.place));
        events
    }
}
