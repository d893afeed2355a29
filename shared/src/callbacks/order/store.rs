//! Lines of events in DynamoDB, in the endpoints table beside the callbacks' health.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Line, Place, Turn};
use crate::events::id::hex;
use crate::events::message::QueuedDelivery;
use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, Unavailable, written};

/// An item that nobody has touched for so long holds nobody up any more. Empty lines stay for as long, so that the
/// count of changes never begins again under somebody who still knows an old one.
const KEPT: TimeDelta = TimeDelta::days(1);
/// A line that changes this often while one change is made is left for later.
const TRIES: usize = 8;

/// The endpoints table, for lines: `instance_id` (N) and `scope` (S); items expire by `expires_at`.
#[derive(Debug, Clone)]
pub struct DynamoOrderStore {
    client: Client,
    table: String,
}

#[derive(Serialize, Deserialize)]
struct Item {
    instance_id: InstanceId,
    scope: String,
    /// Counts the changes, so that none is made on an old line.
    version: u64,
    expires_at: i64,
    line: Line,
}

impl DynamoOrderStore {
    /// The store in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Asks for the turn of an event at all its objects.
    ///
    /// They are asked for one after the other, in an order that is the same for all events: so no two can wait
    /// for each other.
    ///
    /// # Errors
    /// When the table cannot be read or written.
    pub async fn ask(&self, delivery: &QueuedDelivery, now: DateTime<Utc>) -> Result<Turn, AwsError> {
        let place = place(delivery);
        for scope in scopes(delivery) {
            let turn = self.change(delivery.instance_id, &scope, now, |line| line.ask(&place, now)).await?;
            if let Turn::At(_) = turn {
                return Ok(turn);
            }
        }
        Ok(Turn::Now)
    }

    /// Says when an event, whose turn it is, will be tried again.
    ///
    /// # Errors
    /// When the table cannot be read or written.
    pub async fn keep(
        &self,
        delivery: &QueuedDelivery,
        due: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), AwsError> {
        let place = place(delivery);
        for scope in scopes(delivery) {
            self.change(delivery.instance_id, &scope, now, |line| line.keep(&place, due, now)).await?;
        }
        Ok(())
    }

    /// Gives the turn to the next.
    ///
    /// # Errors
    /// When the table cannot be read or written.
    pub async fn leave(&self, delivery: &QueuedDelivery, now: DateTime<Utc>) -> Result<(), AwsError> {
        let place = place(delivery);
        for scope in scopes(delivery) {
            self.change(delivery.instance_id, &scope, now, |line| line.leave(&place, now)).await?;
        }
        Ok(())
    }

    /// Reads a line, changes it, and writes it if it has changed and nobody else has changed it meanwhile.
    async fn change<T>(
        &self,
        instance: InstanceId,
        scope: &str,
        now: DateTime<Utc>,
        change: impl Fn(&mut Line) -> T,
    ) -> Result<T, AwsError> {
        const ACTION: &str = "keep the order of an object's events";
        for _ in 0..TRIES {
            let (before, version) = self.read(instance, scope).await?;
            let mut line = before.clone();
            let outcome = change(&mut line);
            if line == before || self.write(instance, scope, line, version, now).await? {
                return Ok(outcome);
            }
        }
        Err(AwsError::new(ACTION, "it changes too often"))
    }

    async fn read(&self, instance: InstanceId, scope: &str) -> Result<(Line, u64), AwsError> {
        const ACTION: &str = "read the order of an object's events";
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key(instance, scope)));
        let answer = get.consistent_read(true).send().await.unavailable(ACTION)?;
        let Some(item) = answer.item else { return Ok((Line::default(), 0)) };
        let item: Item = serde_dynamo::from_item(item).unavailable(ACTION)?;
        Ok((item.line, item.version))
    }

    async fn write(
        &self,
        instance: InstanceId,
        scope: &str,
        line: Line,
        version: u64,
        now: DateTime<Utc>,
    ) -> Result<bool, AwsError> {
        const ACTION: &str = "write the order of an object's events";
        const UNCHANGED: &str =
            "(attribute_not_exists(instance_id) AND :version = :none) OR version = :version";
        let number = |number: u64| AttributeValue::N(number.to_string());
        let values =
            HashMap::from([(":version".to_owned(), number(version)), (":none".to_owned(), number(0))]);
        let item = Item {
            instance_id: instance,
            scope: scope.to_owned(),
            version: version + 1,
            expires_at: (now + KEPT).timestamp(),
            line,
        };
        let item = serde_dynamo::to_item(item).unavailable(ACTION)?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression(UNCHANGED).set_expression_attribute_values(Some(values));
        written(put.send().await, ACTION)
    }
}

fn place(delivery: &QueuedDelivery) -> Place {
    Place { received_at: delivery.received_at, event: delivery.event_id.to_string() }
}

/// The objects of a notification, each once, in an order of their own. Ids can be of any length, keys cannot.
fn scopes(delivery: &QueuedDelivery) -> Vec<String> {
    let scope = |event: &close::event::Event| {
        let object = Sha256::digest(format!("{}#{}", event.object_type, event.object_id));
        format!("object#{}", hex(&object[..16]))
    };
    let mut scopes: Vec<_> = delivery.events.iter().map(scope).collect();
    scopes.sort();
    scopes.dedup();
    scopes
}

fn key(instance: InstanceId, scope: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("instance_id".to_owned(), AttributeValue::N(instance.to_string())),
        ("scope".to_owned(), AttributeValue::S(scope.to_owned())),
    ])
}
