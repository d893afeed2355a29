//! One look: what Close says of a subscription, and what follows from it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use shared::callbacks::url::Reach;
use shared::instances::{CachedInstance, EventSettings};
use shared::platform::aws::InternalError;
use shared::polling::schedule::KeyDigest;
use shared::polling::store::Versioned;
use shared::subscriptions::{Check, RecordedError, SubscriptionStatus};

use super::{Look, Stop, managed};
use crate::Poller;
use crate::agenda::{Agenda, account_of};
use close::{CloseError, Subscription};

/// The check, if there is one still, and what Close did not do.
type Looked = (Option<Versioned<Check>>, Option<CloseError>);

/// A check without an instance is given this time for its instance to come: it is registered first.
const ORPHANED_AFTER: TimeDelta = TimeDelta::minutes(10);

impl Poller {
    /// Looks at one subscription that is due.
    pub(crate) async fn check(
        &self,
        agenda: &mut Agenda,
        place: usize,
        ends_at: DateTime<Utc>,
    ) -> Result<(), InternalError> {
        let Some(check) = agenda.checks.get(place).cloned().flatten() else { return Ok(()) };
        let (check, error) = self.looked(check, ends_at).await?;
        let now = self.clock.now();
        if let Some(CloseError::RateLimited { wait }) = error {
            agenda.hold = agenda.hold.max(Some(now + wait));
        }
        if let Some(at) = agenda.checks.get_mut(place) {
            *at = check;
        }
        Ok(())
    }

    async fn looked(&self, check: Versioned<Check>, ends_at: DateTime<Utc>) -> Result<Looked, InternalError> {
        let now = self.clock.now();
        let (key, id) = (check.key.clone(), check.id);
        let found = self.instances.get(id).await?;
        let Some(instance) = found.filter(|it| KeyDigest::of(&it.configuration) == key) else {
            return self.orphaned(check, now).await;
        };
        let Ok(events) = EventSettings::read(&instance.configuration, Reach::Any) else {
            let message = "the instance's settings cannot be used".to_owned();
            return self.unaddressable(check, message, now).await;
        };
        let instance = Arc::new(CachedInstance { instance, events });
        let Some(subscription) = managed(&instance) else {
            self.pollers.remove::<Check>(&key, id).await?;
            return Ok((None, None));
        };
        let account = match account_of(&instance.instance, &self.close) {
            Ok(account) => account,
            Err(error) => return self.unaddressable(check, error.to_string(), now).await,
        };
        let mut look = Look::new(instance, account, check, subscription, ends_at);
        let mut failure = None;
        match self.look(&mut look).await {
            Ok(next) => look.check.value.due_at = next,
            Err(Stop::Elsewhere) => return Ok((Some(look.check), None)),
            Err(Stop::Own(error)) => return Err(error),
            Err(Stop::Close(error)) => {
                look.check.value.due_at = look.failed(&error, self.clock.now());
                tracing::warn!(instance = %id, subscription = look.id, %error, "subscription not checked");
                failure = Some(error);
            }
        }
        match self.note(&mut look).await {
            Ok(()) | Err(Stop::Elsewhere | Stop::Close(_)) => Ok((Some(look.check), failure)),
            Err(Stop::Own(error)) => Err(error),
        }
    }

    async fn look(&self, look: &mut Look) -> Result<DateTime<Utc>, Stop> {
        let found = look.account.subscription(&look.id).await?;
        let now = self.clock.now();
        if look.is_unwanted() {
            look.check.value.unwanted(now);
        }
        match found {
            Some(found) if found.sends_to(&look.check.value.url) => {
                if !found.is_of(&look.events) {
                    tracing::info!(instance = %look.check.id, "subscription's events corrected");
                    look.account.activate(&look.id, &look.check.value.url, &look.events).await?;
                }
                look.check.value.resumed(now);
            }
            // While events are not wanted, webhooks are answered with 403, and Close would pause the subscription again.
            found if look.instance.instance.disabled => {
                look.check.value.findings.status = status_of(found.as_ref());
                return Ok(look.regular(now));
            }
            found => self.mend(look, found, now).await?,
        }
        if look.check.value.findings.gap.is_some() {
            return self.fill(look).await;
        }
        look.check.value.good(now);
        Ok(look.regular(now))
    }

    /// A check without an instance: it was deleted, or is not written yet, or has another API key now.
    async fn orphaned(
        &self,
        mut check: Versioned<Check>,
        now: DateTime<Utc>,
    ) -> Result<Looked, InternalError> {
        if check.value.registered_at + ORPHANED_AFTER <= now {
            tracing::info!(instance = %check.id, "check removed: its instance is gone");
            self.pollers.remove::<Check>(&check.key, check.id).await?;
            return Ok((None, None));
        }
        check.value.due_at = now + ORPHANED_AFTER;
        self.pollers.write(&mut check).await?;
        Ok((Some(check), None))
    }

    /// An instance whose Close cannot even be called.
    async fn unaddressable(
        &self,
        mut check: Versioned<Check>,
        message: String,
        now: DateTime<Utc>,
    ) -> Result<Looked, InternalError> {
        check.value.failed(SubscriptionStatus::Failing, RecordedError { at: now, message });
        check.value.due_at = Check::regular(now, &check.key);
        self.pollers.write(&mut check).await?;
        Ok((Some(check), None))
    }
}

/// The state of a subscription that does not send.
pub(super) fn status_of(found: Option<&Subscription>) -> SubscriptionStatus {
    if found.is_some() { SubscriptionStatus::Paused } else { SubscriptionStatus::Missing }
}
