//! Making a subscription send again.

use chrono::{DateTime, TimeDelta, Utc};
use shared::platform::metrics::Measured;
use shared::subscriptions::RecordedError;

use super::look::status_of;
use super::{Look, Stop};
use shared::platform::secret::Secret;

use crate::Poller;
use close::Subscription;

/// How long webhooks signed with the key of a missing subscription are accepted: as long as Close retries.
const OVERLAP: TimeDelta = TimeDelta::hours(72);

impl Poller {
    /// Resumes a subscription that was found not to send, or makes a new one.
    ///
    /// The gap is written down before Close is asked: a function that dies in between leaves it to the next look.
    pub(super) async fn mend(
        &self,
        look: &mut Look,
        found: Option<Subscription>,
        now: DateTime<Utc>,
    ) -> Result<(), Stop> {
        let instance = look.check.id;
        let gone = || "Close does not have the subscription any more".to_owned();
        let message = found.as_ref().map_or_else(gone, Subscription::complaint);
        tracing::warn!(%instance, subscription = look.id, message, "subscription not sending");
        let news = look.check.value.lost(
            status_of(found.as_ref()),
            RecordedError { at: now, message },
            self.retention,
        );
        if look.is_unwanted() {
            look.check.value.unwanted(now);
        }
        self.note(look).await?;
        if news {
            self.metrics.write(Measured::default().count("SubscriptionsPaused", 1));
        }
        match found {
            Some(_) => look.account.activate(&look.id, &look.check.value.url, &look.events).await?,
            None => self.subscribe_again(look).await?,
        }
        look.check.value.resumed(self.clock.now());
        self.metrics.write(Measured::default().count("SubscriptionsResumed", 1));
        tracing::info!(%instance, subscription = look.id, "subscription resumed");
        self.note(look).await
    }

    /// Makes a new subscription and gives it to the instance, before anything else can go wrong with it.
    async fn subscribe_again(&self, look: &mut Look) -> Result<(), Stop> {
        // A subscription whose key was lost, because a function died, would only use up one of the organisation's forty.
        for orphan in look.account.subscriptions_to(&look.check.value.url).await? {
            look.account.unsubscribe(&orphan).await?;
        }
        let new = look.account.subscribe(&look.check.value.url, &look.events).await?;
        let until = self.clock.now() + OVERLAP;
        let made = (&*new.id, &Secret::new(new.signature_key()));
        let store = &self.instances;
        let kept = store.replace_subscription(look.check.id, &look.id, made, until).await;
        if !matches!(kept, Ok(true)) {
            // The instance was deleted or changed meanwhile, or its table cannot be written.
            look.account.unsubscribe(&new.id).await?;
            kept?;
            return Err(Stop::Elsewhere);
        }
        look.id = new.id;
        Ok(())
    }
}
