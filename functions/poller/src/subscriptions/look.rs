//! One look: what Close says of a subscription, and what follows from it.

use chrono::{DateTime, TimeDelta, Utc};
use shared::instances::CachedInstance;
use shared::platform::aws::AwsError;
use shared::polling::store::Due;
use shared::subscriptions::{Check, Problem, Status};

use super::{Look, Stop, managed};
use crate::Poller;
use crate::account::{account as account_of, key_digest};
use crate::poll::After;
use crate::work::Turn;
use close::{CloseError, Subscription};

/// A check without an instance is given this time for its instance to come: it is registered first.
const ORPHANED_AFTER: TimeDelta = TimeDelta::minutes(10);

impl Poller {
    /// Looks at one subscription that is due.
    pub(crate) async fn check(&self, due: &Due, turn: &mut Turn<'_>) -> Result<After, AwsError> {
        let id = due.instance_id;
        let Some(check) = self.checks.get(id).await?.filter(|check| check.due_at == due.due_at) else {
            // It was made, or another is due instead.
            return Ok(After::Nothing);
        };
        let Some(instance) = self.instances.fresh(id).await? else { return self.orphaned(&check).await };
        let Some(subscription) = managed(&instance) else {
            self.checks.remove(id).await?;
            return Ok(After::Nothing);
        };
        let account = match account_of(&instance.instance, &self.close) {
            Ok(account) => account,
            Err(error) => return self.unaddressable(&instance, check, &error).await,
        };
        if let Some(at) = self.take_key(&key_digest(&instance.instance), turn).await? {
            return Ok(After::Later(at));
        }
        let mut look = Look::new(instance, account, check, subscription, turn.ends_at);
        let mut limited = false;
        let next = match self.look(&mut look).await {
            Ok(next) => next,
            Err(Stop::Elsewhere) => return Ok(After::Nothing),
            Err(Stop::Own(error)) => return Err(error),
            Err(Stop::Close(error)) => {
                limited = matches!(error, CloseError::RateLimited { .. });
                let next = look.failed(&error, self.clock.now());
                tracing::warn!(instance = %id, subscription = look.id, %error, "a subscription was not checked");
                next
            }
        };
        match self.note(&mut look, next).await {
            Ok(()) if limited => Ok(After::Wait(next)),
            Ok(()) => Ok(After::Again(next)),
            Err(Stop::Own(error)) => Err(error),
            Err(Stop::Elsewhere | Stop::Close(_)) => Ok(After::Nothing),
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
    async fn orphaned(&self, check: &Check) -> Result<After, AwsError> {
        if check.registered_at + ORPHANED_AFTER <= self.clock.now() {
            tracing::info!(instance = %check.instance_id, "the instance was deleted, and so is its check");
            self.checks.remove(check.instance_id).await?;
        }
        Ok(After::Nothing)
    }

    /// An instance whose Close cannot even be called.
    async fn unaddressable(
        &self,
        instance: &CachedInstance,
        mut check: Check,
        error: &CloseError,
    ) -> Result<After, AwsError> {
        let now = self.clock.now();
        check.failed(Status::Failing, Problem { at: now, message: error.to_string() });
        self.checks.write(&check, Check::regular(now, &key_digest(&instance.instance))).await?;
        Ok(After::Nothing)
    }
}

/// The state of a subscription that does not send.
pub(super) fn status_of(found: Option<&Subscription>) -> Status {
    if found.is_some() { Status::Paused } else { Status::Missing }
}
