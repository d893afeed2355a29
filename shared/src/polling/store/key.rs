//! The lease on an API key: Close counts the requests of a key together, so its instances are polled one after the
//! other, whatever message each of them travels in.
//!
//! The item of a key (part `key#…`) names who has it: the instances that are polled (`instances`), and those whose
//! subscription at Close is checked (`checks`). A polled instance that may not be alone with its key is marked, and
//! only then does a poll take this lease as well: an idle poll of a key of one instance is one write. A check, which
//! comes once an hour, always takes it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use chrono::{DateTime, TimeDelta, Utc};

use super::claim::condition_failure;
use super::{Item, POLLER, key_of, millis, number};
use crate::instances::InstanceId;
use crate::platform::aws::{AwsError, Unavailable};
use crate::polling::schedule::KeyDigest;

/// A poll that began before its instance was marked has ended by then: a function's time-out and some seconds. It is
/// less than a minute, so that what waits for it is queued again and not left to a later tick.
const SETTLING: TimeDelta = TimeDelta::seconds(58);

/// A key that somebody holds is asked for again after this: most polls take far less time than they may.
pub const HELD_BY_A_POLL: TimeDelta = TimeDelta::seconds(5);

/// The lease on a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLease {
    key: KeyDigest,
    holder: String,
    until: DateTime<Utc>,
    /// The only instance that has the key, if there is only one.
    alone: Option<InstanceId>,
}

impl KeyLease {
    /// Whether it is the lease on this key.
    #[must_use]
    pub fn is_on(&self, key: &KeyDigest) -> bool {
        self.key == *key
    }
}

/// Who makes requests with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    /// The polls of an instance.
    Poller(InstanceId),
    /// The checks of an instance's subscription.
    Check(InstanceId),
}

impl User {
    fn instance(self) -> InstanceId {
        let (Self::Poller(instance) | Self::Check(instance)) = self;
        instance
    }

    /// The set in a key's item that names it.
    fn set(self) -> &'static str {
        match self {
            Self::Poller(_) => POLLERS,
            Self::Check(_) => CHECKS,
        }
    }
}

/// The items of API keys in the pollers table.
#[derive(Debug, Clone)]
pub struct DynamoKeyStore {
    client: Client,
    table: String,
}

impl DynamoKeyStore {
    pub(crate) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Takes the lease on a key. It is refused while somebody has it, with the time to ask again.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn take(
        &self,
        key: &KeyDigest,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Result<KeyLease, DateTime<Utc>>, AwsError> {
        const ACTION: &str = "take the lease on an API key";
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_of(key)))
            .update_expression("SET lease_until = :until, lease_by = :holder")
            .condition_expression("attribute_not_exists(lease_until) OR lease_until <= :now")
            .expression_attribute_values(":now", millis(now))
            .expression_attribute_values(":until", millis(until))
            .expression_attribute_values(":holder", AttributeValue::S(holder.to_owned()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                let alone = if let ([one], []) = (&named(&item, POLLERS)[..], &named(&item, CHECKS)[..]) {
                    Some(*one)
                } else {
                    None
                };
                Ok(Ok(KeyLease { key: key.clone(), holder: holder.to_owned(), until, alone }))
            }
            Err(error) => {
                let item = condition_failure(error).unavailable(ACTION)?;
                let held = item.get("lease_until").and_then(|it| it.as_n().ok()?.parse().ok());
                let held = held.and_then(DateTime::from_timestamp_millis).unwrap_or(until);
                // Without a holder it is Close that asked to wait until then.
                let is_polled = item.contains_key("lease_by");
                Ok(Err(if is_polled { held.min(now + HELD_BY_A_POLL) } else { held }))
            }
        }
    }

    /// Gives the lease on a key back; with a time, nobody may have it before then.
    ///
    /// An instance that was found alone with its key is no longer marked: nobody else is polling now, and whoever
    /// joins marks it again.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn give_back(&self, lease: &KeyLease, free_at: Option<DateTime<Utc>>) -> Result<(), AwsError> {
        const ACTION: &str = "give the lease on an API key back";
        if let (Some(instance), None) = (lease.alone, free_at)
            && self.unmark(lease, instance).await?
        {
            return Ok(());
        }
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_of(&lease.key)))
            .condition_expression(HELD)
            .expression_attribute_values(":holder", AttributeValue::S(lease.holder.clone()))
            .expression_attribute_values(":until", millis(lease.until));
        let update = match free_at {
            None => update.update_expression("REMOVE lease_until, lease_by"),
            Some(free_at) => update
                .update_expression("SET lease_until = :free REMOVE lease_by")
                .expression_attribute_values(":free", millis(free_at)),
        };
        match update.send().await {
            Ok(_) => Ok(()),
            // It ran out, and is somebody else's now.
            Err(error) => condition_failure(error).unavailable(ACTION).map(drop),
        }
    }

    /// Gives the lease back and takes the mark off the only instance, in one; `false` when it is not the only one.
    async fn unmark(&self, lease: &KeyLease, instance: InstanceId) -> Result<bool, AwsError> {
        const ACTION: &str = "take the mark off an instance";
        let key = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item_of(&lease.key)))
            .update_expression("REMOVE lease_until, lease_by")
            .condition_expression(format!(
                "{HELD} AND size({POLLERS}) = :one AND contains({POLLERS}, :it) AND attribute_not_exists({CHECKS})"
            ))
            .expression_attribute_values(":holder", AttributeValue::S(lease.holder.clone()))
            .expression_attribute_values(":until", millis(lease.until))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":it", number(instance));
        let poller = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key_of(instance, POLLER)))
            .update_expression("REMOVE shares_key")
            .condition_expression(THERE);
        let both = [key.build().unavailable(ACTION)?, poller.build().unavailable(ACTION)?];
        let both = both.map(|update| TransactWriteItem::builder().update(update).build());
        match self.client.transact_write_items().set_transact_items(Some(both.into())).send().await {
            Ok(_) => Ok(true),
            Err(error) if is_cancelled(&error) => Ok(false),
            Err(error) => Err(error).unavailable(ACTION),
        }
    }

    /// Notes that somebody makes requests with a key, and marks the polled instances that have it.
    ///
    /// It comes before the newcomer is due. Polls of the others that began without the mark are waited for.
    pub(crate) async fn join(&self, key: &KeyDigest, user: User, now: DateTime<Utc>) -> Result<(), AwsError> {
        const ACTION: &str = "note the key of an instance";
        let update = self.client.update_item().table_name(&self.table).set_key(Some(item_of(key)));
        let old = update
            .update_expression(format!("ADD {} :it", user.set()))
            .expression_attribute_values(":it", AttributeValue::Ns(vec![user.instance().to_string()]))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .unavailable(ACTION)?;
        let old = old.attributes.unwrap_or_default();
        let mut others = named(&old, POLLERS);
        others.retain(|other| user != User::Poller(*other));
        let is_new = !named(&old, user.set()).contains(&user.instance());
        let mut unmarked = false;
        // Also if it joined before: it may have come no further then.
        for other in &others {
            let update = self.client.update_item().table_name(&self.table);
            let marked = update
                .set_key(Some(key_of(*other, POLLER)))
                .update_expression("SET shares_key = :yes")
                // One that is not written yet is written with the mark.
                .condition_expression(THERE)
                .expression_attribute_values(":yes", AttributeValue::Bool(true))
                .return_values(ReturnValue::UpdatedOld)
                .send()
                .await;
            match marked {
                Ok(answer) => unmarked |= answer.attributes.is_none_or(|before| before.is_empty()),
                Err(error) => drop(condition_failure(error).unavailable(ACTION)?),
            }
        }
        if others.is_empty() || !(is_new || unmarked) {
            return Ok(());
        }
        let update = self.client.update_item().table_name(&self.table).set_key(Some(item_of(key)));
        update
            .update_expression("SET lease_until = :until REMOVE lease_by")
            .expression_attribute_values(":until", millis(now + SETTLING))
            .send()
            .await
            .unavailable(ACTION)?;
        Ok(())
    }

    /// Notes that somebody no longer makes requests with a key.
    pub(crate) async fn leave(&self, key: &KeyDigest, user: User) -> Result<(), AwsError> {
        const ACTION: &str = "forget the key of an instance";
        let update = self.client.update_item().table_name(&self.table).set_key(Some(item_of(key)));
        let left = update
            .update_expression(format!("DELETE {} :it", user.set()))
            .expression_attribute_values(":it", AttributeValue::Ns(vec![user.instance().to_string()]))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .unavailable(ACTION)?;
        let left = left.attributes.unwrap_or_default();
        if [POLLERS, CHECKS].iter().any(|set| left.contains_key(*set)) {
            return Ok(());
        }
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(item_of(key)));
        let unused = format!("attribute_not_exists({POLLERS}) AND attribute_not_exists({CHECKS})");
        match delete.condition_expression(unused).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let service = error.as_service_error();
                if service.is_some_and(DeleteItemError::is_conditional_check_failed_exception) {
                    return Ok(());
                }
                Err(error).unavailable(ACTION)
            }
        }
    }
}

/// The instances that are polled with a key.
const POLLERS: &str = "instances";
/// Those whose subscription is checked with it.
const CHECKS: &str = "checks";

/// Only the holder gives a lease back.
const HELD: &str = "lease_by = :holder AND lease_until = :until";
/// A poller that was removed is not to come back half.
const THERE: &str = "attribute_exists(registered_at)";

/// The digest is a number too, so that keys are spread over the table as instances are.
fn item_of(key: &KeyDigest) -> Item {
    let part = AttributeValue::S(format!("key#{}", key.as_str()));
    [("instance_id".to_owned(), number(key.number())), ("part".to_owned(), part)].into()
}

/// The instances that a set of a key's item names.
fn named(item: &Item, set: &str) -> Vec<InstanceId> {
    let numbers = item.get(set).and_then(|it| it.as_ns().ok());
    numbers.into_iter().flatten().filter_map(|number| number.parse().ok()).collect()
}

fn is_cancelled(error: &SdkError<TransactWriteItemsError>) -> bool {
    error.as_service_error().is_some_and(TransactWriteItemsError::is_transaction_canceled_exception)
}
