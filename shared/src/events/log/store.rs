//! The delivery log in DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, TimeDelta, Utc};

use super::changes::{Changes, asked, claimed, outcome, parked};
use super::claim::{Claim, Claimed};
use super::claim_id::ClaimId;
use super::decision::{Decision, Settlement};
use super::item::{DeliveryState, DeliveryStatus};
use crate::events::id::EventId;
use crate::events::message::QueuedDelivery;
use crate::platform::aws::{InternalError, Statements, Unavailable, millis, text};

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

/// The events table: `event_id` (S). The index `by_place` has all events of an instance in order of receipt, and
/// `by_waiting` the waiting ones, both in shards.
#[derive(Debug, Clone)]
pub struct DynamoDeliveryLog {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) retention: TimeDelta,
    /// What is written of new events joins here.
    pub(super) statements: Statements,
}

impl DynamoDeliveryLog {
    /// The log in `table`; an event is kept for `retention` after its last round began.
    pub fn new(statements: Statements, table: String, retention: TimeDelta) -> Self {
        Self { client: statements.client().clone(), table, retention, statements }
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
        const ACTION: &str = "claim an attempt";
        let changes = claimed(claim, self.expires_at(claim.delivery, claim.now)).unavailable(ACTION)?;
        // Most events are new, and join others in a call. One that is not is claimed below.
        if claim.delivery.is_new() {
            let insert = changes.insert(&self.table, &claim.delivery.event_id);
            if self.statements.execute(insert, ACTION).await? {
                return Ok(Claimed::Granted(Vec::new()));
            }
        }
        self.admit(claim, changes, ACTION).await
    }

    /// Lets an event wait for its callback: one conditional write, after which its message can be deleted.
    pub async fn park(&self, claim: &Claim<'_>, reason: &str) -> Result<Claimed, InternalError> {
        const ACTION: &str = "let an event wait";
        let changes =
            parked(claim, self.expires_at(claim.delivery, claim.now), reason).unavailable(ACTION)?;
        self.admit(claim, changes, ACTION).await
    }

    /// Changes the item if the claim is granted.
    async fn admit(
        &self,
        claim: &Claim<'_>,
        changes: Changes,
        action: &'static str,
    ) -> Result<Claimed, InternalError> {
        let update = self
            .update(&claim.delivery.event_id)
            .condition_expression(FREE)
            .set_expression_attribute_values(Some(asked(claim)))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match changes.apply(update).send().await {
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

    /// Writes the outcome of a claimed attempt.
    ///
    /// `false` if the claim expired and another message took over.
    pub async fn record(
        &self,
        delivery: &QueuedDelivery<'_>,
        settlement: &Settlement,
    ) -> Result<bool, InternalError> {
        const ACTION: &str = "record an attempt";
        let changes = outcome(delivery, settlement).unavailable(ACTION)?;
        let Settlement { claim, decision, .. } = settlement;
        let held = [
            ("claimed_by", text(&claim.holder)),
            ("claimed_until", millis(claim.until)),
            ("claimed_in", text(&claim.call)),
            ("delivery_status", status(DeliveryStatus::Delivering)),
        ];
        let joined = changes.update(&self.table, &delivery.event_id, &held);
        if self.statements.execute(joined, ACTION).await? {
            return Ok(true);
        }
        let condition = held.each_ref().map(|(name, _)| format!("{name} = :{name}")).join(" AND ");
        let held = held.map(|(name, value)| (format!(":{name}"), value));
        let update = self
            .update(&delivery.event_id)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(HashMap::from(held)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match changes.apply(update).send().await {
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
