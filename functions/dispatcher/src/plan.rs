//! Decides whether an event is attempted, waits, fails or is dropped, by its instance and the callback's health.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::value::RawValue;
use shared::callbacks::health::{Admission, Health};
use shared::callbacks::url::CallbackUrl;
use shared::events::body::{Body, Deflated};
use shared::events::message::QueuedDelivery;
use shared::instances::{CachedInstance, Verdict};
use shared::platform::aws::InternalError;

use crate::Dispatcher;

/// What to do with an event.
pub(crate) enum Plan<'a> {
    /// An attempt.
    Attempt(Recipient, Cow<'a, RawValue>),
    /// It waits in the log.
    Wait,
    /// It fails without an attempt.
    Fail(String),
    /// There is no receiver.
    Drop(&'static str),
}

/// Who gets an event.
#[derive(Clone)]
pub(crate) struct Recipient {
    pub(crate) instance: Arc<CachedInstance>,
    pub(crate) url: CallbackUrl,
    /// The callback's health before the attempt.
    pub(crate) health: Health,
}

/// A body that the message does not hold.
pub(crate) enum Fetched {
    /// The message holds it.
    Unneeded,
    /// Here it is.
    Found(Deflated),
    /// It is no longer there.
    Gone,
}

impl Dispatcher {
    /// Reads what an event needs and plans it. One that a fault of ours has held up for as long as the log keeps it fails.
    pub(crate) async fn prepare<'a>(
        &self,
        delivery: &QueuedDelivery<'a>,
    ) -> Result<(Fetched, Plan<'a>), InternalError> {
        let prepared = async {
            let fetched = self.fetch(delivery).await?;
            let plan = self.plan(delivery, &fetched).await?;
            Ok((fetched, plan))
        };
        match prepared.await {
            Err(error) if self.is_too_old(delivery) => {
                Ok((Fetched::Unneeded, Plan::Fail(format!("own fault for too long: {error}"))))
            }
            prepared => prepared,
        }
    }

    /// The plan for an event with the body `fetched`.
    async fn plan<'a>(
        &self,
        delivery: &QueuedDelivery<'a>,
        fetched: &Fetched,
    ) -> Result<Plan<'a>, InternalError> {
        let id = delivery.instance_id;
        let (instance, url) = match self.instances.admit(id, recipient).await? {
            Verdict::Admitted(found) => found,
            Verdict::Refused(reason) => return Ok(Plan::Drop(reason)),
        };
        let mut health = self.health.of(id, &url).await?;
        if health.admits() != Admission::Deliver {
            health = self.health.fresh(id, &url).await?;
        }
        match health.admits() {
            Admission::Fail(reason) => return Ok(Plan::Fail(reason)),
            Admission::Wait if self.is_too_old(delivery) => {
                return Ok(Plan::Fail("it waited too long for the callback to recover".to_owned()));
            }
            Admission::Wait if !delivery.handling.probe => return Ok(Plan::Wait),
            Admission::Wait | Admission::Deliver => {}
        }
        let recipient = Recipient { instance, url, health };
        Ok(match text(delivery, fetched) {
            Some(raw) => Plan::Attempt(recipient, raw),
            None => Plan::Fail("the body is no longer stored".to_owned()),
        })
    }

    /// Reads a body that the message does not hold.
    pub(crate) async fn fetch(&self, delivery: &QueuedDelivery<'_>) -> Result<Fetched, InternalError> {
        let Body::Stored(stored) = &delivery.body else { return Ok(Fetched::Unneeded) };
        let found = self.payloads.get(&delivery.event_id, stored).await?;
        Ok(found.map_or(Fetched::Gone, Fetched::Found))
    }

    /// True for an event that has waited for as long as the log will have it.
    pub(crate) fn is_too_old(&self, delivery: &QueuedDelivery<'_>) -> bool {
        let now = self.clock.now();
        now - delivery.since.unwrap_or(now) > self.log.longest_wait()
    }
}

impl Fetched {
    /// The compressed body, if there is one.
    pub(crate) fn found(&self) -> Option<&Deflated> {
        match self {
            Self::Found(deflated) => Some(deflated),
            Self::Unneeded | Self::Gone => None,
        }
    }
}

/// What Close sent, byte for byte; `None` if that cannot be had any more.
fn text<'a>(delivery: &QueuedDelivery<'a>, fetched: &Fetched) -> Option<Cow<'a, RawValue>> {
    match (&delivery.body, fetched) {
        (Body::Raw(raw), _) => Some(Cow::Borrowed(*raw)),
        (Body::Deflated(deflated), _) | (Body::Stored(_), Fetched::Found(deflated)) => {
            deflated.inflate().ok().map(Cow::Owned)
        }
        (Body::Stored(_), Fetched::Unneeded | Fetched::Gone) => None,
    }
}

/// The instance and its callback, if it (still) wants events delivered; why not, otherwise.
pub(crate) fn recipient(
    instance: Option<&Arc<CachedInstance>>,
) -> Result<(Arc<CachedInstance>, CallbackUrl), &'static str> {
    let instance = instance.ok_or("the instance was deleted")?;
    if instance.instance.disabled {
        return Err("the instance is disabled");
    }
    let events = &instance.events;
    match (events.why_unwanted(), &events.callback_url) {
        (None, Some(url)) => Ok((instance.clone(), url.clone())),
        (why, _) => Err(why.unwrap_or_default()),
    }
}
