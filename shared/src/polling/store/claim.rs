//! The lease on a poller: taken with one conditional write, given back with another.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, Utc};

use super::item::{CursorItem, Poller};
use super::{AS_CONFIGURED, Cursors, DynamoPollerStore, Item, POLLER, due, item, key_of, millis, number};
use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, Unavailable};
use crate::polling::schedule::KeyDigest;
use crate::polling::state::PollingState;

/// A poll that wants to begin.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// Whose.
    pub instance_id: InstanceId,
    /// The due time that it is for: a message that comes late or twice is for a time that has passed.
    pub due_at: DateTime<Utc>,
    /// Now.
    pub now: DateTime<Utc>,
    /// The poll has ended by then, one way or another.
    pub until: DateTime<Utc>,
    /// The next regular poll.
    pub next_due: DateTime<Utc>,
    /// The digest of the API key.
    pub key: &'a KeyDigest,
    /// Who claims, to tell the holder from others.
    pub holder: &'a str,
}

/// A claim that was granted.
#[derive(Debug, Clone)]
pub struct Lease {
    instance_id: InstanceId,
    holder: String,
    until: DateTime<Utc>,
    /// Whether there are items beside the poller's, which are to be removed once they are replaced.
    spilled: bool,
    /// How the instance stood when it was claimed.
    configured_at: DateTime<Utc>,
}

/// A claim that was not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// The poll was made, or another is due instead, or there is no poller.
    Stale,
    /// It is due, but the poll before it may go on until then.
    Until(DateTime<Utc>),
}

/// When an instance is polled next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextPoll {
    /// When it is due, as the claim had it.
    Regular,
    /// At this time instead.
    At(DateTime<Utc>),
    /// Not before it is registered again.
    Never,
}

/// A poll whose function died is still the one for its due time, and may be claimed again once its lease ran out.
const FREE: &str = "(due_at = :due OR claimed_for = :due) \
     AND (attribute_not_exists(lease_until) OR lease_until <= :now)";

const CLAIM: &str = "SET due_at = :next, due_shard = :shard, key_digest = :key, claimed_for = :due, \
     lease_until = :until, lease_by = :holder, \
     polled_before = if_not_exists(polled_at, :unpolled), polled_at = :now";

/// Only the holder writes what came of a poll.
const HELD: &str = "lease_by = :holder AND lease_until = :until";

impl DynamoPollerStore {
    /// Claims a poll: the one write of an idle poll.
    ///
    /// It moves the due time on at once, so that the lease need not be given back: it runs out before then.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn claim(&self, claim: &Claim<'_>) -> Result<Result<(Lease, Poller), Busy>, AwsError> {
        const ACTION: &str = "claim a poll";
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(claim.instance_id, POLLER)))
            .update_expression(CLAIM)
            .condition_expression(FREE)
            .expression_attribute_values(":due", millis(claim.due_at))
            .expression_attribute_values(":now", millis(claim.now))
            .expression_attribute_values(":until", millis(claim.until))
            .expression_attribute_values(":next", millis(claim.next_due))
            .expression_attribute_values(":shard", number(due::shard_of(claim.instance_id)))
            .expression_attribute_values(":key", AttributeValue::S(claim.key.as_str().to_owned()))
            .expression_attribute_values(":holder", AttributeValue::S(claim.holder.to_owned()))
            .expression_attribute_values(":unpolled", number(0))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let item = match update.send().await {
            Ok(answer) => answer.attributes.unwrap_or_default(),
            Err(error) => {
                let in_the_way = condition_failure(error).unavailable(ACTION)?;
                return Ok(Err(busy(&in_the_way, claim)));
            }
        };
        let poller = item::read_claimed(item).unavailable(ACTION)?;
        let Claim { instance_id, holder, until, .. } = claim;
        let spilled = poller.cursors.values().any(|cursor| cursor.spilled.is_some());
        let (holder, configured_at) = ((*holder).to_owned(), poller.configured_at);
        let lease = Lease { instance_id: *instance_id, holder, until: *until, spilled, configured_at };
        Ok(Ok((lease, poller)))
    }

    /// Takes the lease for something that is no poll, so that none runs meanwhile; `None` when one may be running.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn hold(
        &self,
        instance_id: InstanceId,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<Lease>, AwsError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(instance_id, POLLER)))
            .update_expression("SET lease_until = :until, lease_by = :holder")
            .condition_expression(
                "attribute_exists(registered_at) \
                 AND (attribute_not_exists(lease_until) OR lease_until <= :now)",
            )
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":until", millis(until))
            .expression_attribute_values(":holder", AttributeValue::S(holder.to_owned()));
        match update.send().await {
            Ok(_) => {
                let (holder, spilled, configured_at) = (holder.to_owned(), false, now);
                Ok(Some(Lease { instance_id, holder, until, spilled, configured_at }))
            }
            Err(error) => condition_failure(error).unavailable("hold a poller").map(|_| None),
        }
    }

    /// Gives back the lease of a poll that was not made; with a time, it is due then.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn unclaim(&self, lease: &Lease, due_at: Option<DateTime<Utc>>) -> Result<(), AwsError> {
        let set = "SET polled_at = polled_before";
        let given_back = "REMOVE lease_until, lease_by, claimed_for";
        let update = self.holding(lease);
        let update = match due_at {
            None => update.update_expression(format!("{set} {given_back}")),
            Some(due_at) => update
                .update_expression(format!("{set}, due_at = :due {given_back}"))
                .expression_attribute_values(":due", millis(due_at)),
        };
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => condition_failure(error).unavailable("give a poll back").map(drop),
        }
    }

    /// Gives back the lease of something that is no poll.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn release(&self, lease: &Lease) -> Result<(), AwsError> {
        let update = self.holding(lease).update_expression("REMOVE lease_until, lease_by");
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => condition_failure(error).unavailable("give a poller back").map(drop),
        }
    }

    /// A change of a poller by whoever holds it.
    fn holding(&self, lease: &Lease) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(lease.instance_id, POLLER)))
            .condition_expression(HELD)
            .expression_attribute_values(":holder", AttributeValue::S(lease.holder.clone()))
            .expression_attribute_values(":until", millis(lease.until))
    }

    /// Writes what came of a poll and gives the lease back.
    ///
    /// `false` when the lease had run out and somebody else has it, or when polling is to stop and was asked for anew
    /// meanwhile: then nothing is written.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn finish(
        &self,
        lease: &Lease,
        cursors: &Cursors,
        state: &PollingState,
        next: NextPoll,
    ) -> Result<bool, AwsError> {
        const ACTION: &str = "write a poller";
        let items = self.spill(lease.instance_id, &lease.holder, cursors).await?;
        let kept: Vec<String> = items.values().filter_map(|it| it.spilled.clone()).collect();
        let update = self
            .holding(lease)
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#cursors", "cursors")
            .expression_attribute_values(":cursors", to_map(&items)?)
            .expression_attribute_values(
                ":state",
                serde_dynamo::to_attribute_value(state).unavailable(ACTION)?,
            );
        let changes = "SET #cursors = :cursors, #state = :state";
        let given_back = "REMOVE lease_until, lease_by, claimed_for";
        let update = match next {
            NextPoll::Regular => update.update_expression(format!("{changes} {given_back}")),
            NextPoll::Never => update
                .update_expression(format!("{changes} {given_back}, due_at, due_shard"))
                // What was refused is no reason to stop what was configured since.
                .condition_expression(format!("{HELD} AND {AS_CONFIGURED}"))
                .expression_attribute_values(":configured", number(lease.configured_at.timestamp_micros())),
            NextPoll::At(due_at) => update
                .update_expression(format!("{changes}, due_at = :due {given_back}"))
                .expression_attribute_values(":due", millis(due_at)),
        };
        match update.send().await {
            Ok(_) => {
                if lease.spilled {
                    self.forget_spilled(lease.instance_id, &kept).await?;
                }
                Ok(true)
            }
            Err(error) => condition_failure(error).unavailable(ACTION).map(|_| false),
        }
    }
}

fn to_map(items: &std::collections::BTreeMap<String, CursorItem>) -> Result<AttributeValue, AwsError> {
    serde_dynamo::to_attribute_value(items).unavailable("write a poller")
}

/// Why the item refuses the claim.
fn busy(item: &Item, claim: &Claim<'_>) -> Busy {
    let time = |name: &str| {
        let millis = item.get(name)?.as_n().ok()?.parse().ok()?;
        DateTime::from_timestamp_millis(millis)
    };
    let due = time("due_at").is_some_and(|due| due.timestamp_millis() == claim.due_at.timestamp_millis());
    match time("lease_until") {
        Some(until) if due => Busy::Until(until),
        _ => Busy::Stale,
    }
}

/// The item that refused a conditional write, if that is what the error is.
pub(crate) fn condition_failure(
    error: SdkError<UpdateItemError>,
) -> Result<Item, Box<SdkError<UpdateItemError>>> {
    if let Some(UpdateItemError::ConditionalCheckFailedException(failure)) = error.as_service_error() {
        return Ok(failure.item.clone().unwrap_or_default());
    }
    Err(Box::new(error))
}
