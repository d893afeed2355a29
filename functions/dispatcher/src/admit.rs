//! Whether it is an event's time: is there a receiver, is it well, is it the event's turn.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::callbacks::health::{Admission, Health};
use shared::callbacks::order::{Ordering, Turn};
use shared::callbacks::url::CallbackUrl;
use shared::events::log::Claim;
use shared::events::message::QueuedDelivery;
use shared::instances::CachedInstance;
use shared::platform::aws::AwsError;

use crate::message::Message;
use crate::metrics::{Ended, Report};
use crate::{Dispatcher, HandBack};

/// What is to be done with an event.
pub(crate) enum Plan<'a> {
    /// An attempt.
    Attempt(Recipient<'a>),
    /// Nothing before this time.
    Wait(DateTime<Utc>, &'static str),
    /// It fails without an attempt.
    Fail(String),
    /// There is nobody to deliver it to.
    Drop(&'static str),
}

/// Who gets an event.
pub(crate) struct Recipient<'a> {
    pub(crate) instance: &'a CachedInstance,
    pub(crate) url: &'a CallbackUrl,
    /// The callback's health before the attempt.
    pub(crate) health: Health,
}

impl Dispatcher {
    /// Makes the plan for an event.
    pub(crate) async fn plan<'a>(
        &self,
        instance: Option<&'a CachedInstance>,
        delivery: &QueuedDelivery,
    ) -> Result<Plan<'a>, AwsError> {
        let (instance, url) = match recipient(instance) {
            Ok(recipient) => recipient,
            Err(reason) => return Ok(Plan::Drop(reason)),
        };
        // First the line: whoever waits for the callback keeps its place, and no probe is taken to wait with.
        if instance.events.ordering == Ordering::Object
            && let Turn::At(until) = self.order.ask(delivery, self.clock.now()).await?
        {
            return Ok(Plan::Wait(until, "waits for an earlier event of the same object"));
        }
        let (admission, health) = self.health.admit(delivery.instance_id, url).await?;
        match admission {
            Admission::Deliver | Admission::Probe(_) => {
                Ok(Plan::Attempt(Recipient { instance, url, health }))
            }
            Admission::Wait(until) => {
                self.tell_line(Some(instance), delivery, Some(until)).await?;
                Ok(Plan::Wait(until, "waits for the callback to recover"))
            }
            Admission::Fail(reason) => Ok(Plan::Fail(reason)),
        }
    }

    /// Sends a message again that is not to be worked on yet. It costs no attempt, and no write but the first time.
    pub(crate) async fn postpone(
        &self,
        message: &Message,
        until: DateTime<Utc>,
        reason: &str,
    ) -> Result<Report, HandBack> {
        let (delivery, now) = (&message.delivery, self.clock.now());
        if !message.was_postponed() {
            let claim = Claim { delivery, message_id: message.claimant(), now, until };
            self.log.note_waiting(&claim, until, reason).await?;
        }
        // A second more, since SQS counts whole ones.
        let delay = (until - now).to_std().unwrap_or_default() + Duration::from_secs(1);
        self.retries.postpone(delivery, message.claimant(), delay).await?;
        tracing::debug!(instance = %delivery.instance_id, event = %delivery.event_id, reason, "postponed");
        Ok(Report::without_attempt(Ended::Postponed))
    }

    /// Tells the line of an event's objects how it went, if there is one.
    pub(crate) async fn tell_line(
        &self,
        instance: Option<&CachedInstance>,
        delivery: &QueuedDelivery,
        next: Option<DateTime<Utc>>,
    ) -> Result<(), AwsError> {
        let ordering = instance.map_or(Ordering::None, |instance| instance.events.ordering);
        let now = self.clock.now();
        match (ordering, next) {
            (Ordering::None, _) => Ok(()),
            (Ordering::Object, Some(due)) => self.order.keep(delivery, due, now).await,
            (Ordering::Object, None) => self.order.leave(delivery, now).await,
        }
    }
}

/// The instance and its callback, if it (still) wants events delivered; why not, otherwise.
pub(crate) fn recipient(
    instance: Option<&CachedInstance>,
) -> Result<(&CachedInstance, &CallbackUrl), &'static str> {
    let instance = instance.ok_or("the instance was deleted")?;
    if instance.instance.disabled {
        return Err("the instance is disabled");
    }
    if !instance.events.enabled {
        return Err("event.notification.enabled is not true");
    }
    let url = instance.events.callback_url.as_ref().ok_or("event.notification.callback.url is not set")?;
    Ok((instance, url))
}
