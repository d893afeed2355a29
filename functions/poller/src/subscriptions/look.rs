//! One look: what Close says of a subscription, and what follows from it.

use chrono::{DateTime, TimeDelta, Utc};
use shared::aws::AwsError;
use shared::instance::CachedInstance;
use shared::polling::store::Due;
use shared::subscription::{Check, Problem, Status};

use super::{Look, Stop, managed};
use crate::Poller;
use crate::close::{Account, CloseError, Subscription, key_digest};
use crate::message::Message;

/// No look is begun with less time left: an answer of Close's at its slowest, and the writes after it.
const TIME_FOR_ONE: TimeDelta = TimeDelta::seconds(25);

/// What goes on sooner than this is queued at once; the rest is left to the schedule.
const SOON: TimeDelta = TimeDelta::seconds(60);

/// A check without an instance is given this time for its instance to come: it is registered first.
const ORPHANED_AFTER: TimeDelta = TimeDelta::minutes(10);

impl Poller {
    /// Makes the checks of one API key, one after the other. What there is no time for is queued again.
    pub(crate) async fn check_all(&self, dues: &[Due], ends_at: DateTime<Utc>) -> Result<(), AwsError> {
        let (mut again, mut failure) = (Vec::new(), None);
        for due in dues {
            let now = self.clock.now();
            if ends_at - now < TIME_FOR_ONE {
                again.push((Message::Check(vec![due.clone()]), now));
                continue;
            }
            match self.check(due, ends_at).await {
                Ok(Some(next)) if next - self.clock.now() < SOON => {
                    again.push((Message::Check(vec![Self::due_again(due, next)]), next));
                }
                Ok(_) => {}
                // One instance's fault is not the next one's.
                Err(error) => failure = Some(error),
            }
        }
        self.polls.send(&again, self.clock.now()).await?;
        failure.map_or(Ok(()), Err)
    }

    /// Looks at one subscription that is due, and says when it is to be looked at next.
    async fn check(&self, due: &Due, ends_at: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, AwsError> {
        let id = due.instance_id;
        let Some(check) = self.checks.get(id).await?.filter(|check| check.due_at == due.due_at) else {
            // It was made, or another is due instead.
            return Ok(None);
        };
        let Some(instance) = self.instances.fresh(id).await? else { return self.orphaned(&check).await };
        let Some(subscription) = managed(&instance) else {
            self.checks.remove(id).await?;
            return Ok(None);
        };
        let account = match Account::of(&instance.instance, &self.close) {
            Ok(account) => account,
            Err(error) => return self.unaddressable(&instance, check, &error).await,
        };
        let mut look = Look::new(instance, account, check, subscription, ends_at);
        let next = match self.look(&mut look).await {
            Ok(next) => next,
            Err(Stop::Elsewhere) => return Ok(None),
            Err(Stop::Own(error)) => return Err(error),
            Err(Stop::Close(error)) => {
                let next = look.failed(&error, self.clock.now());
                tracing::warn!(instance = %id, subscription = look.id, %error, "a subscription was not checked");
                next
            }
        };
        match self.note(&mut look, next).await {
            Ok(()) => Ok(Some(next)),
            Err(Stop::Own(error)) => Err(error),
            Err(Stop::Elsewhere | Stop::Close(_)) => Ok(None),
        }
    }

    async fn look(&self, look: &mut Look) -> Result<DateTime<Utc>, Stop> {
        let found = look.account.subscription(&look.id).await?;
        let now = self.clock.now();
        if look.is_unwanted() {
            look.check.unwanted(now);
        }
        match found {
            Some(found) if found.sends_to(&look.check.url) => {
                if !found.is_of(&look.events) {
                    tracing::info!(instance = %look.check.instance_id, "a subscription's events are put right");
                    look.account.activate(&look.id, &look.check.url, &look.events).await?;
                }
                look.check.resumed(now);
            }
            // What is answered with 403 all the time, as it is while nobody wants it, Close would pause again.
            found if look.instance.instance.disabled => {
                look.check.findings.status = status_of(found.as_ref());
                return Ok(Check::regular(now, &look.key));
            }
            found => self.mend(look, found, now).await?,
        }
        if look.check.findings.gap.is_some() {
            return self.fill(look).await;
        }
        look.check.good(now);
        Ok(Check::regular(now, &look.key))
    }

    /// A check without an instance: it was deleted, or is not written yet.
    async fn orphaned(&self, check: &Check) -> Result<Option<DateTime<Utc>>, AwsError> {
        if check.registered_at + ORPHANED_AFTER <= self.clock.now() {
            tracing::info!(instance = %check.instance_id, "the instance was deleted, and so is its check");
            self.checks.remove(check.instance_id).await?;
        }
        Ok(None)
    }

    /// An instance whose Close cannot even be called.
    async fn unaddressable(
        &self,
        instance: &CachedInstance,
        mut check: Check,
        error: &CloseError,
    ) -> Result<Option<DateTime<Utc>>, AwsError> {
        let now = self.clock.now();
        check.failed(Status::Failing, Problem { at: now, message: error.to_string() });
        self.checks.write(&check, Check::regular(now, &key_digest(&instance.instance))).await?;
        Ok(None)
    }
}

/// The state of a subscription that does not send.
pub(super) fn status_of(found: Option<&Subscription>) -> Status {
    if found.is_some() { Status::Paused } else { Status::Missing }
}
