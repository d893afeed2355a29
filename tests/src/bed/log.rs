//! The event log as it is stored, read through the real SDK.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use serde_json::Value;
use shared::events::log::{AttemptRecord, DeliveryStatus};
use shared::platform::aws::Aws;

use super::Bed;

/// An item of the event log.
#[derive(Debug, Clone, Deserialize)]
pub struct LoggedEvent {
    /// Whose event.
    pub instance_id: u64,
    /// Its id.
    pub event_id: String,
    /// Where it stands.
    pub delivery_status: DeliveryStatus,
    /// Why it is not delivered.
    pub reason: Option<String>,
    /// Its attempts.
    #[serde(default)]
    pub attempts: Vec<AttemptRecord>,
    /// What Close sent, if the item has room for it.
    pub raw: Option<String>,
    /// Where it is otherwise.
    pub stored: Option<Value>,
    /// When the item expires, in Unix seconds.
    pub expires_at: i64,
}

impl Bed {
    /// How many items a table has, by the variable that names it.
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

    /// The events of an instance, newest first, as the index by time has them.
    ///
    /// # Panics
    /// When the tables cannot be read.
    #[expect(clippy::expect_used, reason = "a story cannot go on without its log")]
    pub async fn log(&self, instance: u64) -> Vec<LoggedEvent> {
        let variables = self.system.environment().clone().into_iter().collect();
        let client = Aws::from_variables(&variables).expect("the functions have credentials").dynamodb();
        let table = &self.system.environment()["EVENTS_TABLE"];
        let keys = client
            .query()
            .table_name(table)
            .index_name("by_received_at")
            .scan_index_forward(false)
            .key_condition_expression("instance_id = :instance")
            .expression_attribute_values(":instance", AttributeValue::N(instance.to_string()))
            .send()
            .await
            .expect("the index can be read");
        let mut events = Vec::new();
        for mut key in keys.items.unwrap_or_default() {
            key.remove("received_at");
            let item = client.get_item().table_name(table).set_key(Some(key)).send().await;
            let item = item.expect("the table can be read").item.expect("the index names items of the table");
            events.push(serde_dynamo::from_item(item).expect("the item has the documented attributes"));
        }
        events
    }
}
