//! The event log in DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, TimeDelta, Utc};

use super::claim::{Claim, Claimed, Refusal};
use super::item::{AttemptRecord, DeliveryState, DeliveryStatus};
use crate::events::id::EventId;
use crate::events::message::{Payload, QueuedDelivery};
use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, Unavailable};

/// Attempts that an item keeps; an event that is redelivered over and over forgets the oldest.
const KEPT_ATTEMPTS: usize = 50;

/// A claim is granted to a new event, to a later attempt or round once the one before is over, and to the same
/// attempt once the claim of a function that died is void.
const FREE: &str = "attribute_not_exists(event_id) \
     OR ((delivery_status <> :delivering OR claimed_until < :now) AND #round < :round) \
     OR (delivery_status = :retry AND #round = :round AND attempt < :attempt) \
     OR (delivery_status = :delivering AND claimed_until < :now AND #round = :round AND attempt = :attempt)";

/// `received_at` is the same in every message of an event, so the index by time is written once.
const CLAIM: &str = "SET delivery_status = :delivering, #round = :round, attempt = :attempt, \
     claimed_by = :message, claimed_at = :now, claimed_until = :until, \
     received_at = :received, expires_at = :expires";

/// Only the holder of the claim writes its outcome.
const HELD: &str = "claimed_by = :message AND claimed_until = :until AND delivery_status = :delivering";

/// The events table: `instance_id` (N) and `event_id` (S), by time in the index `by_received_at`.
#[derive(Debug, Clone)]
pub struct DynamoEventLog {
    pub(super) client: Client,
    pub(super) table: String,
    retention: TimeDelta,
}

/// What to write after an attempt.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Where the event stands now.
    pub status: DeliveryStatus,
    /// The attempts of this round that count: one fewer than was claimed, if the fault was ours.
    pub attempt: u32,
    /// When the next attempt is due, if there is one.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why it is not delivered.
    pub reason: Option<String>,
    /// The attempts so far, this one included.
    pub attempts: Vec<AttemptRecord>,
}

impl DynamoEventLog {
    /// The log in `table`; an event is kept for `retention` after its last claim.
    #[must_use]
    pub fn new(client: Client, table: String, retention: TimeDelta) -> Self {
        Self { client, table, retention }
    }

    /// Claims an attempt: one conditional write, and the only one before the callback.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn claim(&self, claim: &Claim<'_>) -> Result<Result<Claimed, Refusal>, AwsError> {
        const ACTION: &str = "claim an attempt";
        let delivery = claim.delivery;
        let update = self
            .update(delivery.instance_id, &delivery.event_id)
            .update_expression(CLAIM)
            .condition_expression(FREE)
            .expression_attribute_names("#round", "round")
            .expression_attribute_values(":delivering", status(DeliveryStatus::Delivering))
            .expression_attribute_values(":retry", status(DeliveryStatus::Retry))
            .expression_attribute_values(":round", number(delivery.round))
            .expression_attribute_values(":attempt", number(delivery.attempt))
            .expression_attribute_values(":message", AttributeValue::S(claim.message_id.to_owned()))
            .expression_attribute_values(":now", number(claim.now.timestamp_millis()))
            .expression_attribute_values(":until", number(claim.until.timestamp_millis()))
            .expression_attribute_values(":received", number(delivery.received_at.timestamp_millis()))
            .expression_attribute_values(":expires", number((claim.now + self.retention).timestamp()))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(answer) => {
                let before = answer.attributes.filter(|item| item.contains_key("delivery_status"));
                let before = before.map(state_of).transpose().unavailable(ACTION)?;
                Ok(Ok(Claimed::after(before)))
            }
            Err(error) => {
                let in_the_way = condition_failure(error).unavailable(ACTION)?;
                Ok(Err(claim.refused(&state_of(in_the_way).unavailable(ACTION)?)))
            }
        }
    }

    /// Writes what became of a claimed attempt, together with the event itself.
    ///
    /// `false` when the claim is no longer this one's: it ran out and somebody else took over.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn record(&self, claim: &Claim<'_>, outcome: Outcome) -> Result<bool, AwsError> {
        const ACTION: &str = "record an attempt";
        let QueuedDelivery { instance_id, event_id, events, payload, .. } = claim.delivery;
        let forgotten = outcome.attempts.len().saturating_sub(KEPT_ATTEMPTS);
        let attempts =
            serde_dynamo::to_attribute_value(&outcome.attempts[forgotten..]).unavailable(ACTION)?;
        let events = serde_dynamo::to_attribute_value(events).unavailable(ACTION)?;
        let (body, text) = body_of(payload).unavailable(ACTION)?;
        let update = self
            .update(*instance_id, event_id)
            .condition_expression(HELD)
            .expression_attribute_values(":delivering", status(DeliveryStatus::Delivering))
            .expression_attribute_values(":message", AttributeValue::S(claim.message_id.to_owned()))
            .expression_attribute_values(":until", number(claim.until.timestamp_millis()));
        let changes = [
            ("delivery_status", Some(status(outcome.status))),
            ("attempt", Some(number(outcome.attempt))),
            ("attempts", Some(attempts)),
            ("events", Some(events)),
            (body, Some(text)),
            ("next_attempt_at", outcome.next_attempt_at.map(|at| number(at.timestamp_millis()))),
            ("reason", outcome.reason.map(AttributeValue::S)),
        ];
        match with_changes(update, changes).send().await {
            Ok(_) => Ok(true),
            Err(error) => condition_failure(error).unavailable(ACTION).map(|_| false),
        }
    }

    /// Notes an event that waits before its first attempt, so that the log shows it; does nothing if it is known.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn note_waiting(
        &self,
        claim: &Claim<'_>,
        until: DateTime<Utc>,
        reason: &str,
    ) -> Result<(), AwsError> {
        const ACTION: &str = "note an event that waits";
        let QueuedDelivery { instance_id, event_id, events, payload, received_at, .. } = claim.delivery;
        let events = serde_dynamo::to_attribute_value(events).unavailable(ACTION)?;
        let (body, text) = body_of(payload).unavailable(ACTION)?;
        let millis = |at: DateTime<Utc>| Some(number(at.timestamp_millis()));
        let update =
            self.update(*instance_id, event_id).condition_expression("attribute_not_exists(event_id)");
        let changes = [
            ("delivery_status", Some(status(DeliveryStatus::Retry))),
            ("round", Some(number(claim.delivery.round))),
            // None made yet: the claim of the first is granted.
            ("attempt", Some(number(0))),
            ("claimed_by", Some(AttributeValue::S(claim.message_id.to_owned()))),
            ("claimed_at", millis(claim.now)),
            ("claimed_until", millis(claim.now)),
            ("received_at", millis(*received_at)),
            ("expires_at", Some(number((claim.now + self.retention).timestamp()))),
            ("next_attempt_at", millis(until)),
            ("reason", Some(AttributeValue::S(reason.to_owned()))),
            ("events", Some(events)),
            (body, Some(text)),
        ];
        match with_changes(update, changes).send().await {
            Ok(_) => Ok(()),
            Err(error) => condition_failure(error).unavailable(ACTION).map(drop),
        }
    }

    fn update(&self, instance: InstanceId, event: &EventId) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("instance_id", number(instance))
            .key("event_id", AttributeValue::S(event.to_string()))
    }
}

/// The attribute that holds what Close sent, or says where it is.
fn body_of(payload: &Payload) -> Result<(&'static str, AttributeValue), serde_dynamo::Error> {
    Ok(match payload {
        Payload::Inline(raw) => ("raw", AttributeValue::S(raw.get().to_owned())),
        Payload::Stored(stored) => ("stored", serde_dynamo::to_attribute_value(stored)?),
    })
}

type Item = HashMap<String, AttributeValue>;

/// Sets the attributes that have a value and removes the others. Names go in by placeholder, since DynamoDB
/// reserves words like `raw`.
fn with_changes<const N: usize>(
    mut update: UpdateItemFluentBuilder,
    changes: [(&str, Option<AttributeValue>); N],
) -> UpdateItemFluentBuilder {
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    for (name, value) in changes {
        update = update.expression_attribute_names(format!("#{name}"), name);
        match value {
            Some(value) => {
                set.push(format!("#{name} = :new_{name}"));
                update = update.expression_attribute_values(format!(":new_{name}"), value);
            }
            None => remove.push(format!("#{name}")),
        }
    }
    let clauses = [("SET", set), ("REMOVE", remove)].map(|(verb, items)| match items.len() {
        0 => String::new(),
        _ => format!("{verb} {} ", items.join(", ")),
    });
    update.update_expression(clauses.concat())
}

/// The item that refused a conditional write, if that is what the error is; empty unless it was asked for.
fn condition_failure(error: SdkError<UpdateItemError>) -> Result<Item, Box<SdkError<UpdateItemError>>> {
    if let Some(UpdateItemError::ConditionalCheckFailedException(failure)) = error.as_service_error() {
        return Ok(failure.item.clone().unwrap_or_default());
    }
    Err(Box::new(error))
}

fn state_of(item: Item) -> Result<DeliveryState, serde_dynamo::Error> {
    serde_dynamo::from_item(item)
}

fn status(status: DeliveryStatus) -> AttributeValue {
    AttributeValue::S(status.as_str().to_owned())
}

fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
