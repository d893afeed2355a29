//! The delivery log in DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, TimeDelta, Utc};

use super::claim::{Claim, Claimed, KeptBody};
use super::claim_id::ClaimId;
use super::decision::{Decision, Settlement};
use super::item::{DeliveryState, DeliveryStatus, fitted};
use super::place::{Place, shard};
use crate::events::id::EventId;
use crate::events::message::QueuedDelivery;
use crate::platform::aws::{InternalError, Unavailable, millis, number, text};

/// A claim is granted for:
///
/// - a new event;
/// - a later attempt or round once the previous one is over, except to a message that let the event wait;
/// - the same attempt once the claim of a function that died has expired, to other messages only some time later;
/// - the holder of a claim who made no attempt under it.
const FREE: &str = "attribute_not_exists(event_id) \
     OR ((delivery_status <> :delivering OR claimed_until < :now) AND #round < :round) \
     OR (delivery_status IN (:retry, :queued) AND #round = :round AND attempt < :attempt) \
     OR (delivery_status = :waits AND #round = :round AND attempt < :attempt AND claimed_by <> :holder) \
     OR (delivery_status = :delivering AND #round = :round AND attempt = :attempt \
         AND (claimed_until < :long_ago OR (claimed_until < :now AND claimed_by = :holder))) \
     OR (delivery_status = :delivering AND claimed_by = :holder \
         AND ((claimed_until = :until AND claimed_in = :call) \
              OR (claimed_until = :abandoned AND claimed_in = :abandoned_call)))";

/// Attributes that never change are written once, and so is the index by place. The others are this claim's.
const CLAIM: &str = "SET delivery_status = :delivering, #round = :round, attempt = :attempt, \
     claimed_by = :holder, claimed_in = :call, claimed_at = :now, claimed_until = :until, expires_at = :expires, \
     instance_id = :instance, log_shard = :shard, place = if_not_exists(place, :place), \
     received_at = if_not_exists(received_at, :received), events = if_not_exists(events, :events)";

/// The same for a waiting event: the claim is over at once.
const PARK: &str = "SET delivery_status = :waits, #round = :round, attempt = :before, \
     claimed_by = :holder, claimed_in = :call, claimed_at = :now, claimed_until = :now, expires_at = :expires, reason = :reason, \
     instance_id = :instance, log_shard = :shard, waiting = :shard, place = if_not_exists(place, :place), \
     received_at = if_not_exists(received_at, :received), events = if_not_exists(events, :events)";

/// Only the holder of the claim writes its outcome.
const HELD: &str = "claimed_by = :holder AND claimed_until = :until AND claimed_in = :call AND delivery_status = :delivering";

/// The events table: `event_id` (S). The index `by_place` has all events of an instance in order of receipt, and
/// `by_waiting` the waiting ones, both in shards.
#[derive(Debug, Clone)]
pub struct DynamoDeliveryLog {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) retention: TimeDelta,
}

impl DynamoDeliveryLog {
    /// The log in `table`; an event is kept for `retention` after its last round began.
    pub fn new(client: Client, table: String, retention: TimeDelta) -> Self {
        Self { client, table, retention }
    }

    /// When what is kept of a delivery expires.
    pub fn expires_at(&self, delivery: &QueuedDelivery<'_>, now: DateTime<Utc>) -> DateTime<Utc> {
        delivery.since.unwrap_or(now) + self.retention
    }

    /// The longest that an event waits, for its callback or for us. The log keeps it for another day, to show how it ended.
    pub fn longest_wait(&self) -> TimeDelta {
        self.retention - (self.retention / 2).min(TimeDelta::days(1))
    }

    /// Claims an attempt: one conditional write, and the only one before the callback.
    pub async fn claim(&self, claim: &Claim<'_>) -> Result<Claimed, InternalError> {
        // The event stops waiting.
        self.admit(claim, CLAIM, " REMOVE waiting", HashMap::new(), "claim an attempt").await
    }

    /// Lets an event wait for its callback: one conditional write, after which its message can be deleted.
    pub async fn park(&self, claim: &Claim<'_>, reason: &str) -> Result<Claimed, InternalError> {
        let own = HashMap::from([
            (":before".to_owned(), number(claim.delivery.attempt - 1)),
            (":reason".to_owned(), text(reason)),
        ]);
        self.admit(claim, PARK, " REMOVE next_attempt_at", own, "let an event wait").await
    }

    async fn admit(
        &self,
        claim: &Claim<'_>,
        set: &str,
        remove: &str,
        own: HashMap<String, AttributeValue>,
        action: &'static str,
    ) -> Result<Claimed, InternalError> {
        let mut values = self.values(claim).unavailable(action)?;
        let mut expression = set.to_owned();
        let stored = match &claim.body {
            KeptBody::Known => None,
            KeptBody::Inside(body) => {
                expression += ", body = if_not_exists(body, :body), bytes = if_not_exists(bytes, :bytes)";
                values.insert(":body".to_owned(), AttributeValue::B(Blob::new(body.bytes())));
                values.insert(":bytes".to_owned(), number(body.check().bytes));
                None
            }
            KeptBody::Beside(body) => Some(body.check()),
            KeptBody::Stored(stored) => Some(stored.clone()),
        };
        if let Some(stored) = stored {
            expression += ", stored_body = :stored";
            let stored = serde_dynamo::to_attribute_value(stored).unavailable(action)?;
            values.insert(":stored".to_owned(), stored);
        }
        values.extend(own);
        let update = self
            .update(&claim.delivery.event_id)
            .update_expression(expression + remove)
            .condition_expression(FREE)
            .expression_attribute_names("#round", "round")
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(answer) => {
                let before = answer.attributes.filter(|item| item.contains_key("delivery_status"));
                let before = before.map(state_of).transpose().unavailable(action)?;
                Ok(Claimed::Granted(claim.granted(before)))
            }
            Err(error) => {
                let in_the_way = condition_failure(error).unavailable(action)?;
                Ok(Claimed::Refused(claim.refused(&state_of(in_the_way).unavailable(action)?)))
            }
        }
    }

    fn values(&self, claim: &Claim<'_>) -> Result<HashMap<String, AttributeValue>, serde_dynamo::Error> {
        let QueuedDelivery { instance_id, event_id, received_at, round, attempt, events, .. } =
            claim.delivery;
        let place = Place { received_at: *received_at, event_id: event_id.clone() };
        // No claim ends before the beginning of time.
        let abandoned = claim.delivery.handling.abandoned.as_ref();
        let (abandoned, abandoned_call) =
            abandoned.map_or((DateTime::UNIX_EPOCH, "none"), |it| (it.until, it.call.as_str()));
        let values = [
            (":delivering", status(DeliveryStatus::Delivering)),
            (":retry", status(DeliveryStatus::Retry)),
            (":queued", status(DeliveryStatus::Queued)),
            (":waits", status(DeliveryStatus::Waiting)),
            (":round", number(round)),
            (":attempt", number(attempt)),
            (":holder", text(&claim.id.holder)),
            (":now", millis(claim.now)),
            (":until", millis(claim.id.until)),
            (":call", text(&claim.id.call)),
            (":abandoned", millis(abandoned)),
            (":abandoned_call", text(abandoned_call)),
            (":long_ago", millis(claim.abandoned_before())),
            (":expires", number(self.expires_at(claim.delivery, claim.now).timestamp())),
            (":instance", number(instance_id)),
            (":shard", text(shard(*instance_id, event_id))),
            (":place", text(place.key())),
            (":received", millis(*received_at)),
            (":events", serde_dynamo::to_attribute_value(events)?),
        ];
        Ok(values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Writes the outcome of a claimed attempt.
    ///
    /// `false` if the claim expired and another message took over.
    pub async fn record(
        &self,
        delivery: &QueuedDelivery<'_>,
        settlement: &Settlement,
    ) -> Result<bool, InternalError> {
        const ACTION: &str = "record an attempt";
        let Settlement { claim, decision, attempts } = settlement;
        let attempts = serde_dynamo::to_attribute_value(fitted(attempts.clone())).unavailable(ACTION)?;
        let made = delivery.attempt - u32::from(!decision.uses_up_attempt());
        let waits = matches!(decision, Decision::Wait { .. });
        let shard = text(shard(delivery.instance_id, &delivery.event_id));
        let changes = [
            ("delivery_status", Some(status(decision.status()))),
            ("attempt", Some(number(made))),
            ("attempts", Some(attempts)),
            ("waiting", waits.then_some(shard)),
            ("next_attempt_at", decision.due().map(millis)),
            ("reason", decision.reason().map(text)),
        ];
        let update = self
            .update(&delivery.event_id)
            .condition_expression(HELD)
            .expression_attribute_values(":delivering", status(DeliveryStatus::Delivering))
            .expression_attribute_values(":holder", text(&claim.holder))
            .expression_attribute_values(":until", millis(claim.until))
            .expression_attribute_values(":call", text(&claim.call))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match with_changes(update, changes).send().await {
            Ok(_) => Ok(true),
            Err(error) => {
                let item = condition_failure(error).unavailable(ACTION)?;
                Ok(state_of(item).is_ok_and(|state| is_recorded(&state, claim, decision)))
            }
        }
    }

    fn update(&self, event: &EventId) -> UpdateItemFluentBuilder {
        let key = text(event.as_str());
        self.client.update_item().table_name(&self.table).key("event_id", key)
    }
}

/// True if this very outcome was written before, by a call whose answer was lost.
fn is_recorded(state: &DeliveryState, claim: &ClaimId, decision: &Decision) -> bool {
    claim.wrote(state) && state.delivery_status == decision.status()
}

type Item = HashMap<String, AttributeValue>;

/// Sets the attributes that have a value and removes the others.
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

/// The item that refused a conditional write, if that is what the error is.
pub(super) fn condition_failure(
    error: SdkError<UpdateItemError>,
) -> Result<Item, Box<SdkError<UpdateItemError>>> {
    if let Some(UpdateItemError::ConditionalCheckFailedException(failure)) = error.as_service_error() {
        return Ok(failure.item.clone().unwrap_or_default());
    }
    Err(Box::new(error))
}

fn state_of(item: Item) -> Result<DeliveryState, serde_dynamo::Error> {
    serde_dynamo::from_item(item)
}

pub(super) fn status(status: DeliveryStatus) -> AttributeValue {
    text(status.as_str())
}
