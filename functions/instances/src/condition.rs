//! The condition of an instance: why events may not arrive.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::callbacks::health::Health;
use shared::callbacks::url::{CallbackUrl, Reach};
use shared::events::log::{Fate, Span};
use shared::events::timestamp;
use shared::instances::InstanceId;
use shared::instances::{Instance, key};
use shared::platform::aws::InternalError;
use shared::polling::schedule::KeyDigest;
use shared::polling::state::PollingState;
use shared::subscriptions::{Check, RecordedError};

use crate::{Instances, polling};

/// How many of the latest events tell about deliveries: they cost one query and one batch read.
const LATEST: usize = 25;

#[derive(Debug, Default)]
pub(crate) struct Condition {
    pub(crate) callback: Health,
    pub(crate) polling: Option<PollingState>,
    pub(crate) check: Option<Check>,
    deliveries: Vec<Fate>,
}

/// One value for each stage at which an event can get lost.
#[derive(Debug, Serialize)]
pub(crate) struct Last<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    polling: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<T>,
}

/// An error and its time.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Mishap {
    date: String,
    message: String,
}

impl Condition {
    pub(crate) fn last_success(&self) -> Last<String> {
        let attempts = self.deliveries.iter().flat_map(|fate| &fate.attempts);
        let delivered = attempts.filter(|attempt| attempt.error.is_none() && attempt.status_code.is_some());
        Last {
            delivery: delivered.map(|attempt| attempt.at).max().map(timestamp),
            polling: self.polling.as_ref().and_then(|state| state.last_success).map(timestamp),
            subscription: self.check.as_ref().map(|check| timestamp(check.good_at())),
        }
    }

    /// The last error of each stage, fixed since or not.
    pub(crate) fn last_error(&self) -> Last<Mishap> {
        let attempts = self.deliveries.iter().flat_map(|fate| &fate.attempts);
        let failed = attempts.filter_map(|attempt| Some((attempt.at, attempt.error.as_deref()?)));
        let known = |problem: &RecordedError| Mishap::of(problem.at, &problem.message);
        Last {
            delivery: failed.max_by_key(|(at, _)| *at).map(|(at, error)| Mishap::of(at, error)),
            polling: self.polling.as_ref().and_then(|state| state.last_error.as_ref()).map(known),
            subscription: self.check.as_ref().and_then(|it| it.findings.last_error.as_ref()).map(known),
        }
    }
}

impl Mishap {
    fn of(at: DateTime<Utc>, message: &str) -> Self {
        Self { date: timestamp(at), message: message.to_owned() }
    }
}

impl Instances {
    /// The condition of one instance, its latest deliveries included.
    pub(crate) async fn condition(&self, instance: &Instance) -> Result<Condition, InternalError> {
        let span = Span { from: DateTime::UNIX_EPOCH, to: self.0.clock.now() };
        let mut found = tokio::try_join!(
            Box::pin(self.conditions(std::slice::from_ref(instance))),
            Box::pin(self.0.history.fates(instance.id, span, LATEST)),
        )?;
        let condition = found.0.remove(&instance.id).unwrap_or_default();
        Ok(Condition { deliveries: found.1, ..condition })
    }

    /// The condition of some instances, without their deliveries: at most two batch reads for a hundred of them,
    /// whatever their state.
    pub(crate) async fn conditions(
        &self,
        instances: &[Instance],
    ) -> Result<HashMap<InstanceId, Condition>, InternalError> {
        let callbacks: Vec<_> =
            instances.iter().filter_map(|instance| Some((instance.id, callback(instance)?))).collect();
        let at_the_poller = |instance: &&Instance| {
            polling::is_polled(&instance.configuration) || instance.configuration.is_automatic()
        };
        let named = |instance: &Instance| (KeyDigest::of(&instance.configuration), instance.id);
        let polled: Vec<_> = instances.iter().filter(at_the_poller).map(named).collect();
        let (mut callbacks, mut pollers) = tokio::try_join!(
            Box::pin(self.0.endpoints.get_all(&callbacks)),
            Box::pin(self.0.pollers.states(&polled)),
        )?;
        let condition = |instance: &Instance| {
            let callback = callbacks.remove(&instance.id).unwrap_or_default();
            let (polling, check) = pollers.remove(&instance.id).unwrap_or_default();
            let polling = polling.filter(|_| polling::is_polled(&instance.configuration));
            (instance.id, Condition { callback, polling, check, deliveries: Vec::new() })
        };
        Ok(instances.iter().map(condition).collect())
    }
}

/// The callback of an instance, if it is usable.
fn callback(instance: &Instance) -> Option<CallbackUrl> {
    CallbackUrl::parse(instance.configuration.get(key::CALLBACK_URL)?, Reach::Any).ok()
}

#[cfg(test)]
mod tests {
    use shared::events::log::{AttemptRecord, DeliveryStatus};

    use super::*;

    fn attempt(seconds: i64, error: Option<&str>) -> AttemptRecord {
        AttemptRecord {
            round: 0,
            attempt: 1,
            at: DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(seconds),
            duration_ms: Some(1),
            status_code: Some(if error.is_some() { 500 } else { 200 }),
            error: error.map(str::to_owned),
            excerpt: None,
            probe: false,
        }
    }

    #[test]
    fn the_latest_attempt_of_each_kind_counts() {
        let fate = |attempts| Fate {
            received_at: DateTime::UNIX_EPOCH,
            delivery_status: DeliveryStatus::Delivered,
            attempts,
        };
        let deliveries = vec![
            fate(vec![attempt(1, Some("one")), attempt(9, Some("nine"))]),
            fate(vec![attempt(2, Some("two")), attempt(5, None)]),
            fate(vec![attempt(4, None)]),
        ];
        let condition = Condition { deliveries, ..Condition::default() };
        assert_eq!(condition.last_success().delivery.as_deref(), Some("1970-01-01T00:00:05Z"));
        let error = condition.last_error().delivery.unwrap();
        assert_eq!((&*error.date, &*error.message), ("1970-01-01T00:00:09Z", "nine"));
        assert!(Condition::default().last_success().delivery.is_none());
    }
}
