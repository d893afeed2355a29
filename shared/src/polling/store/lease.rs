//! The lease on an API key: taken with one conditional write, given back with another.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, TimeDelta, Utc};

use super::{Due, DynamoPollerStore, Item, KEY, condition_failure, due, key_of, millis, number, text, time};
use crate::platform::aws::{InternalError, Unavailable, written};
use crate::polling::schedule::{KeyDigest, next_due};

/// A turn that wants to begin.
#[derive(Debug, Clone)]
pub struct TurnRequest<'a> {
    /// What is due. A message that comes late or twice is for a time that has passed.
    pub due: &'a Due,
    /// Now.
    pub now: DateTime<Utc>,
    /// The turn has ended by then, one way or another.
    pub until: DateTime<Utc>,
    /// Who claims, to tell the holder from others.
    pub holder: &'a str,
}

/// The right to use an API key until some time.
#[derive(Debug, Clone)]
pub struct Lease {
    key: KeyDigest,
    holder: String,
    until: DateTime<Utc>,
}

/// A turn that was granted.
#[derive(Debug, Clone)]
pub struct GrantedTurn {
    /// Its lease.
    pub lease: Lease,
    /// When this turn was claimed.
    pub turn_at: DateTime<Utc>,
    /// When the key had its turn before.
    pub turn_before: Option<DateTime<Utc>>,
    /// When it is due next, unless the turn says otherwise.
    pub next_due: DateTime<Utc>,
    /// Until when Close asked for nothing more of the key.
    pub hold: Option<DateTime<Utc>>,
}

/// The answer to a claim.
#[derive(Debug, Clone)]
pub enum TurnAnswer {
    /// It begins.
    Granted(GrantedTurn),
    /// It was made, or the key is due at another time, or there is nothing to do.
    Stale,
    /// It is due, but the turn before it may last until then.
    Busy(DateTime<Utc>),
}

/// The outcome of one conditional write that claims a turn.
enum Tried {
    Granted(GrantedTurn),
    /// Refused because of this item.
    Refused(Item),
}

const FREE: &str = "(attribute_not_exists(lease_until) OR lease_until <= :now)";

/// Only the holder writes the outcome of a turn.
const HELD: &str = "lease_by = :holder AND lease_until = :until";

impl DynamoPollerStore {
    /// Claims a turn: the one write of an idle turn.
    ///
    /// It moves the due time on at once, so that the lease need not be given back: it runs out before then. The turn of
    /// a function that died is still the one for its due time, and may be claimed again once its lease has run out.
    pub async fn claim(&self, claim: &TurnRequest<'_>) -> Result<TurnAnswer, InternalError> {
        const FIRST: &str = "turn_before = if_not_exists(turn_at, :zero), ";
        let first = self.try_claim(claim, "due_at = :due", FIRST).await?;
        let in_the_way = match first {
            Tried::Granted(turn) => return Ok(TurnAnswer::Granted(turn)),
            Tried::Refused(item) => item,
        };
        let is = |name: &str| time(&in_the_way, name) == time_of(claim.due.due_at);
        let lease_until = time(&in_the_way, "lease_until");
        match lease_until.filter(|until| *until > claim.now) {
            Some(until) if is("due_at") || is("claimed_for") => Ok(TurnAnswer::Busy(until)),
            None if is("claimed_for") => Ok(match self.try_claim(claim, "claimed_for = :due", "").await? {
                Tried::Granted(turn) => TurnAnswer::Granted(turn),
                Tried::Refused(_) => TurnAnswer::Stale,
            }),
            Some(_) | None => Ok(TurnAnswer::Stale),
        }
    }

    async fn try_claim(
        &self,
        claim: &TurnRequest<'_>,
        condition: &str,
        also: &str,
    ) -> Result<Tried, InternalError> {
        const ACTION: &str = "claim a turn";
        let key = &claim.due.key;
        let next_due = next_due(claim.now, claim.due.interval, key);
        let mut update = self
            .update(key, KEY)
            .update_expression(format!(
                "SET {also}turn_at = :now, due_at = :next, due_shard = :shard, claimed_for = :due, \
                 lease_until = :until, lease_by = :holder"
            ))
            .condition_expression(format!("{condition} AND {FREE}"))
            .expression_attribute_values(":due", millis(claim.due.due_at))
            .expression_attribute_values(":now", millis(claim.now))
            .expression_attribute_values(":until", millis(claim.until))
            .expression_attribute_values(":next", millis(next_due))
            .expression_attribute_values(":shard", number(due::shard_of(key)))
            .expression_attribute_values(":holder", text(claim.holder))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if !also.is_empty() {
            update = update.expression_attribute_values(":zero", number(0));
        }
        match update.send().await {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                let lease = Lease { key: key.clone(), holder: claim.holder.to_owned(), until: claim.until };
                let (turn_before, hold) = (time(&item, "turn_before"), time(&item, "hold_until"));
                Ok(Tried::Granted(GrantedTurn { lease, turn_at: claim.now, turn_before, next_due, hold }))
            }
            Err(error) => Ok(Tried::Refused(condition_failure(error).unavailable(ACTION)?)),
        }
    }

    /// Takes the lease for something that is no turn, so that none runs meanwhile; `None` when one may be running, or
    /// Close asked for nothing more of the key.
    pub async fn hold(
        &self,
        key: &KeyDigest,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<Lease>, InternalError> {
        let update = self
            .update(key, KEY)
            .update_expression("SET lease_until = :until, lease_by = :holder")
            .condition_expression(format!(
                "attribute_exists(due_at) AND {FREE} AND (attribute_not_exists(hold_until) OR hold_until <= :now)"
            ))
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":until", millis(until))
            .expression_attribute_values(":holder", text(holder));
        match update.send().await {
            Ok(_) => Ok(Some(Lease { key: key.clone(), holder: holder.to_owned(), until })),
            Err(error) => condition_failure(error).unavailable("hold an API key").map(|_| None),
        }
    }

    /// Gives a lease back.
    pub async fn release(&self, lease: &Lease) -> Result<(), InternalError> {
        let update = self.holding(lease).update_expression("REMOVE lease_until, lease_by, claimed_for");
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => condition_failure(error).unavailable("give an API key back").map(drop),
        }
    }

    /// Gives back the lease of a turn that was not made, which is then due at `due_at`.
    pub async fn give_up(&self, claimed: &GrantedTurn, due_at: DateTime<Utc>) -> Result<(), InternalError> {
        let update = self
            .holding(&claimed.lease)
            .update_expression(
                "SET turn_at = turn_before, due_at = :due REMOVE lease_until, lease_by, claimed_for",
            )
            .expression_attribute_values(":due", millis(due_at));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => condition_failure(error).unavailable("give a turn back").map(drop),
        }
    }

    /// Writes when a key is due next, and until when Close asked for nothing more of it, and gives the lease back. A key
    /// that is due at no time leaves the index. If it was nudged meanwhile, that holds.
    ///
    /// Returns false if somebody else has the lease by now: then nothing is written.
    pub async fn finish(
        &self,
        claimed: &GrantedTurn,
        next: Option<(DateTime<Utc>, TimeDelta)>,
        hold: Option<DateTime<Utc>>,
    ) -> Result<bool, InternalError> {
        const ACTION: &str = "end a turn";
        let mut set = Vec::new();
        let mut remove = vec!["lease_until", "lease_by", "claimed_for"];
        let unchanged = format!("{HELD} AND due_at = :was");
        let mut update = self
            .holding(&claimed.lease)
            .condition_expression(unchanged)
            .expression_attribute_values(":was", millis(claimed.next_due));
        match next {
            None => remove.extend(["due_at", "due_shard"]),
            Some((due_at, interval)) => {
                set.push("due_at = :due, #interval = :interval");
                update = update
                    .expression_attribute_names("#interval", "interval")
                    .expression_attribute_values(":due", millis(due_at))
                    .expression_attribute_values(":interval", number(interval.num_minutes()));
            }
        }
        match hold {
            None => remove.push("hold_until"),
            Some(hold) => {
                set.push("hold_until = :hold");
                update = update.expression_attribute_values(":hold", millis(hold));
            }
        }
        let set = if set.is_empty() { String::new() } else { format!("SET {} ", set.join(", ")) };
        let update = update.update_expression(format!("{set}REMOVE {}", remove.join(", ")));
        if written(update.send().await, ACTION)? {
            return Ok(true);
        }
        let released = self.holding(&claimed.lease);
        let released = released.update_expression("REMOVE lease_until, lease_by, claimed_for");
        written(released.send().await, ACTION)
    }

    /// Forgets a key that nobody has any more, unless it was nudged meanwhile.
    pub async fn forget(&self, claimed: &GrantedTurn) -> Result<(), InternalError> {
        let lease = &claimed.lease;
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&lease.key, KEY)))
            .condition_expression(format!("{HELD} AND due_at = :was"))
            .expression_attribute_values(":holder", text(&lease.holder))
            .expression_attribute_values(":until", millis(lease.until))
            .expression_attribute_values(":was", millis(claimed.next_due));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(error).unavailable("forget an API key"),
        }
    }

    /// A change of a key by whoever holds it.
    fn holding(&self, lease: &Lease) -> UpdateItemFluentBuilder {
        self.update(&lease.key, KEY)
            .condition_expression(HELD)
            .expression_attribute_values(":holder", text(&lease.holder))
            .expression_attribute_values(":until", millis(lease.until))
    }
}

/// A time as the table keeps it.
fn time_of(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(time.timestamp_millis())
}
