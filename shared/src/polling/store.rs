//! API keys, their leases and due times, and what is under them, in DynamoDB.
//!
//! The pollers table: `key_digest` (S) and `part` (S). The part `key` of an API key is its lease and its due time; beside
//! it are a part `poll#…` for each instance that is polled with the key, and a part `check#…` for each whose
//! subscription at Close is checked with it. The index `by_due_at` (`due_shard`, `due_at`) holds the keys that have
//! something to do; it is sharded so that no minute's due keys are one partition's.
//!
//! A turn of a key is claimed with one conditional write, and that is all that an idle turn writes. The parts have a
//! version each: whoever changes one writes it only if nobody else has changed it since.

mod due;
mod lease;
mod part;

pub use due::{Due, SHARDS};
pub use lease::{GrantedTurn, Lease, TurnAnswer, TurnRequest};
pub use part::{Part, Parts, Versioned};

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};

use super::schedule::KeyDigest;
use crate::instances::InstanceId;
use crate::platform::aws::{InternalError, Unavailable, batch_get, millis, number, text};
use crate::polling::state::{Polling, PollingState};
use crate::subscriptions::Check;

/// The part of an API key itself.
const KEY: &str = "key";

/// The pollers table.
#[derive(Debug, Clone)]
pub struct DynamoPollerStore {
    client: Client,
    table: String,
}

impl DynamoPollerStore {
    /// The store in `table`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Has a key take its turn at `due_at`, if it is not due before.
    pub async fn nudge(
        &self,
        key: &KeyDigest,
        due_at: DateTime<Utc>,
        interval: TimeDelta,
    ) -> Result<(), InternalError> {
        let update = self
            .update(key, KEY)
            .update_expression("SET due_at = :due, due_shard = :shard, #interval = :interval")
            .condition_expression("attribute_not_exists(due_at) OR due_at > :due")
            .expression_attribute_names("#interval", "interval")
            .expression_attribute_values(":due", millis(due_at))
            .expression_attribute_values(":shard", number(due::shard_of(key)))
            .expression_attribute_values(":interval", number(interval.num_minutes()));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => condition_failure(error).unavailable("have an API key polled").map(drop),
        }
    }

    /// How the polling and the subscriptions of some instances go, each with its key: one call for fifty of them.
    pub async fn states(
        &self,
        instances: &[(KeyDigest, InstanceId)],
    ) -> Result<HashMap<InstanceId, (Option<PollingState>, Option<Check>)>, InternalError> {
        const ACTION: &str = "read how instances are polled";
        let parts = |(key, id): &(KeyDigest, InstanceId)| {
            [
                key_of(key, KEY),
                key_of(key, &part::name::<Polling>(*id)),
                key_of(key, &part::name::<Check>(*id)),
            ]
        };
        let mut keys: Vec<Item> = instances.iter().flat_map(parts).collect();
        // A call may name an item once.
        let text = |item: &Item, name: &str| item.get(name).and_then(|it| it.as_s().ok()).cloned();
        keys.sort_by_key(|item| (text(item, "key_digest"), text(item, "part")));
        keys.dedup();
        let items = batch_get(&self.client, &self.table, keys, None, ACTION).await?;
        let turns: HashMap<String, DateTime<Utc>> = items
            .iter()
            .filter_map(|item| Some((text(item, "key_digest")?, time(item, "turn_at")?)))
            .collect();
        let parts = part::sort(items).unavailable(ACTION)?;
        let mut states: HashMap<_, (Option<PollingState>, Option<Check>)> = HashMap::new();
        for polling in parts.polls {
            let turn_at = turns.get(polling.key.as_str()).copied();
            let state = polling.value.state(&polling.key, turn_at, polling.audit_finds);
            states.entry(polling.id).or_default().0 = Some(state);
        }
        for check in parts.checks {
            states.entry(check.id).or_default().1 = Some(check.value);
        }
        Ok(states)
    }

    fn update(&self, key: &KeyDigest, part: &str) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).set_key(Some(key_of(key, part)))
    }
}

type Item = HashMap<String, AttributeValue>;

fn key_of(key: &KeyDigest, part: &str) -> Item {
    [("key_digest".to_owned(), text(key.as_str())), ("part".to_owned(), text(part))].into()
}

/// A time in an item, in milliseconds; zero for no time.
fn time(item: &Item, name: &str) -> Option<DateTime<Utc>> {
    let millis = item.get(name)?.as_n().ok()?.parse().ok()?;
    DateTime::from_timestamp_millis(millis).filter(|time| *time > DateTime::UNIX_EPOCH)
}

/// The item that refused a conditional write, if that is what the error is.
fn condition_failure(error: SdkError<UpdateItemError>) -> Result<Item, Box<SdkError<UpdateItemError>>> {
    if let Some(UpdateItemError::ConditionalCheckFailedException(failure)) = error.as_service_error() {
        return Ok(failure.item.clone().unwrap_or_default());
    }
    Err(Box::new(error))
}
