//! The check of the subscriptions at Close that this system made: one that Close paused is resumed, one that is gone
//! is made again, and what was not sent meanwhile is enqueued from Close's event feed.
//!
//! `look` asks Close, `mend` repairs what it finds, `fill` enqueues missing events.

mod fill;
mod look;
mod mend;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use close::object_types::{self, Subscribed};
use shared::instances::{CachedInstance, EventSource, key};
use shared::platform::aws::InternalError;
use shared::polling::store::Versioned;
use shared::subscriptions::{Check, RecordedError, SubscriptionStatus};

use crate::Poller;
use close::{CloseAccount, CloseError};

/// One look at one subscription.
struct Look {
    instance: Arc<CachedInstance>,
    account: CloseAccount,
    check: Versioned<Check>,
    /// Close's id of the subscription.
    id: String,
    events: Vec<Subscribed>,
    ends_at: DateTime<Utc>,
}

/// Why a look ends early.
enum Stop {
    /// Close does not do what it is asked.
    Close(CloseError),
    /// Somebody else has taken over, or the time is up.
    Elsewhere,
    /// A table or queue of ours.
    Own(InternalError),
}

impl From<CloseError> for Stop {
    fn from(error: CloseError) -> Self {
        Self::Close(error)
    }
}

impl From<InternalError> for Stop {
    fn from(error: InternalError) -> Self {
        Self::Own(error)
    }
}

impl Look {
    fn new(
        instance: Arc<CachedInstance>,
        account: CloseAccount,
        check: Versioned<Check>,
        id: String,
        ends_at: DateTime<Utc>,
    ) -> Self {
        let events = object_types::events(&instance.events.objects);
        Self { instance, account, check, id, events, ends_at }
    }

    /// True if the instance's events are not wanted now.
    fn is_unwanted(&self) -> bool {
        self.instance.instance.disabled || self.instance.events.why_unwanted().is_some()
    }

    /// When it is looked at next, if nothing is out of order.
    fn regular(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        Check::regular(now, &self.check.key)
    }

    /// Notes that Close did not do what it was asked, and says when to ask again.
    fn failed(&mut self, error: &CloseError, now: DateTime<Utc>) -> DateTime<Utc> {
        let problem = RecordedError { at: now, message: error.to_string() };
        let check = &mut self.check.value;
        match error {
            CloseError::RateLimited { wait } => now + *wait,
            CloseError::Unavailable(_) | CloseError::TooMuch(_) => {
                now + check.failed(SubscriptionStatus::Failing, problem)
            }
            CloseError::Unauthorized(_) | CloseError::Forbidden(_) => {
                check.failed(SubscriptionStatus::Refused, problem);
                self.regular(now)
            }
            CloseError::Invalid { .. } | CloseError::NotAllowed(_) => {
                check.failed(SubscriptionStatus::Failing, problem);
                self.regular(now)
            }
        }
    }
}

/// Close's id of the subscription that this system made for an instance, if it did.
fn managed(instance: &CachedInstance) -> Option<String> {
    let configuration = &instance.instance.configuration;
    let is_managed = configuration.is_automatic() && instance.events.source == EventSource::Webhook;
    configuration.get(key::SUBSCRIPTION_ID).filter(|_| is_managed).map(str::to_owned)
}

impl Poller {
    /// Writes what a look has found so far.
    async fn note(&self, look: &mut Look) -> Result<(), Stop> {
        if !self.pollers.write(&mut look.check).await? {
            return Err(Stop::Elsewhere);
        }
        Ok(())
    }
}
