//! The check of the subscriptions at Close that this system made: one that Close paused is resumed, one that is gone
//! is made again, and what was not sent meanwhile is told from Close's event log.
//!
//! `plan` finds the checks that are due, `look` asks Close, `mend` puts right what it finds, `fill` tells what is
//! missing.

mod fill;
mod look;
mod mend;
mod plan;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use close::object_types::{self, Subscribed};
use shared::instances::{CachedInstance, EventSource, key};
use shared::platform::aws::AwsError;
use shared::polling::schedule::KeyDigest;
use shared::subscriptions::{Check, Problem, Status};

use crate::Poller;
use crate::account::key_digest;
use close::{Account, CloseError};

/// One look at one subscription.
struct Look {
    instance: Arc<CachedInstance>,
    account: Account,
    check: Check,
    /// Close's id of the subscription.
    id: String,
    events: Vec<Subscribed>,
    key: KeyDigest,
    ends_at: DateTime<Utc>,
}

/// Why a look ends early.
enum Stop {
    /// Close does not do what it is asked.
    Close(CloseError),
    /// Somebody else has taken over, or the time is up.
    Elsewhere,
    /// A table or queue of ours.
    Own(AwsError),
}

impl From<CloseError> for Stop {
    fn from(error: CloseError) -> Self {
        Self::Close(error)
    }
}

impl From<AwsError> for Stop {
    fn from(error: AwsError) -> Self {
        Self::Own(error)
    }
}

impl Look {
    fn new(
        instance: Arc<CachedInstance>,
        account: Account,
        check: Check,
        id: String,
        ends_at: DateTime<Utc>,
    ) -> Self {
        let events = object_types::events(&instance.events.objects);
        let key = key_digest(&instance.instance);
        Self { instance, account, check, id, events, key, ends_at }
    }

    /// Whether nobody wants the instance's events now.
    fn is_unwanted(&self) -> bool {
        let events = &self.instance.events;
        self.instance.instance.disabled || !events.enabled || events.callback_url.is_none()
    }

    /// Notes that Close did not do what it was asked, and says when to ask again.
    fn failed(&mut self, error: &CloseError, now: DateTime<Utc>) -> DateTime<Utc> {
        let problem = Problem { at: now, message: error.to_string() };
        match error {
            CloseError::RateLimited { wait } => now + *wait,
            CloseError::Unavailable(_) => now + self.check.failed(Status::Failing, problem),
            CloseError::Refused { .. } => {
                self.check.failed(Status::Refused, problem);
                Check::regular(now, &self.key)
            }
            CloseError::Invalid { .. } | CloseError::NotAllowed(_) => {
                self.check.failed(Status::Failing, problem);
                Check::regular(now, &self.key)
            }
        }
    }
}

/// Close's id of the subscription that this system made for an instance, if it did.
fn managed(instance: &CachedInstance) -> Option<String> {
    let configuration = &instance.instance.configuration;
    let automatic = configuration.get(key::SUBSCRIPTION_PROVISIONING);
    let automatic = automatic.is_some_and(|how| how.eq_ignore_ascii_case("automatic"));
    let is_webhook = instance.events.source == EventSource::Webhook;
    configuration.get(key::SUBSCRIPTION_ID).filter(|_| automatic && is_webhook).map(str::to_owned)
}

impl Poller {
    /// Writes what a look came to; the look holds the check until `next` then.
    async fn note(&self, look: &mut Look, next: DateTime<Utc>) -> Result<(), Stop> {
        if !self.checks.write(&look.check, next).await? {
            return Err(Stop::Elsewhere);
        }
        look.check.due_at = next;
        Ok(())
    }
}
