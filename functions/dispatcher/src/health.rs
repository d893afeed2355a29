//! What this process knows of the callbacks' health, and when it is worth writing down.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use shared::callbacks::health::{
    Admission, CONVINCING_RUN, CircuitPolicy, DynamoEndpointStore, Evidence, Health, Illness, PROBE_EVERY,
    State,
};
use shared::callbacks::url::CallbackUrl;
use shared::instances::InstanceId;
use shared::platform::aws::AwsError;
use shared::platform::clock::SharedClock;

/// Health is read once in this time and process, so that an event costs no read.
const KEPT: TimeDelta = TimeDelta::seconds(60);
/// Instances that one process knows of; with more it begins anew.
const CAPACITY: usize = 10_000;

/// The health of the callbacks, as far as this process has met them.
pub(crate) struct HealthBook {
    store: DynamoEndpointStore,
    clock: SharedClock,
    known: Mutex<HashMap<InstanceId, Known>>,
    runs: Mutex<HashMap<InstanceId, Run>>,
}

struct Known {
    until: DateTime<Utc>,
    url: CallbackUrl,
    health: Health,
}

/// Failures in a row.
#[derive(Clone, Copy)]
struct Run {
    failures: u32,
    since: DateTime<Utc>,
}

/// A failed attempt, before it is weighed.
pub(crate) struct Failure {
    pub(crate) gone: bool,
    pub(crate) gave_up: bool,
    pub(crate) reason: String,
}

impl HealthBook {
    pub(crate) fn new(store: DynamoEndpointStore, clock: SharedClock) -> Self {
        Self { store, clock, known: Mutex::default(), runs: Mutex::default() }
    }

    /// What may be done with an event of `instance` now, and the health behind it. A probe that is due is taken
    /// by this: of all who ask, one gets it.
    pub(crate) async fn admit(
        &self,
        instance: InstanceId,
        url: &CallbackUrl,
    ) -> Result<(Admission, Health), AwsError> {
        let health = self.of(instance, url).await?;
        let now = self.clock.now();
        let Admission::Probe(due) = health.admits(now) else { return Ok((health.admits(now), health)) };
        if self.store.take_probe(instance, due, now).await? {
            let next = Some(now + PROBE_EVERY);
            let health = match health {
                Health::Unwell(illness) => Health::Unwell(Illness { probe_at: next, ..illness }),
                Health::Healthy => Health::Healthy,
            };
            self.know(instance, url, health.clone());
            return Ok((Admission::Deliver, health));
        }
        self.forget(instance);
        let health = self.of(instance, url).await?;
        let admission = match health.admits(now) {
            // Taken by somebody else and due again already: the next one to ask may have it.
            Admission::Probe(due) => Admission::Wait(due),
            settled @ (Admission::Deliver | Admission::Wait(_) | Admission::Fail(_)) => settled,
        };
        Ok((admission, health))
    }

    /// A callback was accepted.
    pub(crate) async fn succeeded(
        &self,
        instance: InstanceId,
        url: &CallbackUrl,
        before: &Health,
    ) -> Result<(), AwsError> {
        lock(&self.runs).remove(&instance);
        match before.after_success() {
            Some(after) => self.write(instance, url, after).await,
            None => Ok(()),
        }
    }

    /// A callback failed, and not by a fault of ours.
    pub(crate) async fn failed(
        &self,
        instance: InstanceId,
        url: &CallbackUrl,
        before: &Health,
        failure: Failure,
        policy: CircuitPolicy,
    ) -> Result<(), AwsError> {
        let now = self.clock.now();
        let run = self.lengthen_run(instance, now);
        let evidence = Evidence {
            gone: failure.gone,
            convincing: failure.gave_up || run.failures >= CONVINCING_RUN,
            since: run.since,
            reason: failure.reason,
        };
        // Others of the same batch may have written since this attempt began.
        let before = self.kept(instance, url).unwrap_or_else(|| before.clone());
        match before.after_failure(&evidence, policy, now) {
            Some(after) => self.write(instance, url, after).await,
            None => Ok(()),
        }
    }

    async fn of(&self, instance: InstanceId, url: &CallbackUrl) -> Result<Health, AwsError> {
        if let Some(health) = self.kept(instance, url) {
            return Ok(health);
        }
        let health = self.store.get(instance, url).await?;
        self.know(instance, url, health.clone());
        Ok(health)
    }

    async fn write(&self, instance: InstanceId, url: &CallbackUrl, after: Health) -> Result<(), AwsError> {
        // A change that is refused means that there is newer knowledge than ours.
        if !self.store.put(instance, url, &after).await? {
            self.forget(instance);
            return Ok(());
        }
        match &after {
            Health::Healthy => tracing::info!(%instance, "the callback is healthy again"),
            Health::Unwell(Illness { state: State::Failing, reason, .. }) => {
                tracing::warn!(%instance, reason, "the callback fails");
            }
            Health::Unwell(Illness { state: State::Open, since, reason, .. }) => {
                tracing::warn!(%instance, %since, reason, "the callback is open: its events wait");
            }
            Health::Unwell(Illness { state: State::Disabled, since, reason, .. }) => {
                tracing::error!(%instance, %since, reason, "the callback is disabled: its events fail");
            }
        }
        self.know(instance, url, after);
        Ok(())
    }

    fn kept(&self, instance: InstanceId, url: &CallbackUrl) -> Option<Health> {
        let known = lock(&self.known);
        let known = known.get(&instance)?;
        (known.until > self.clock.now() && known.url == *url).then(|| known.health.clone())
    }

    fn know(&self, instance: InstanceId, url: &CallbackUrl, health: Health) {
        let mut known = lock(&self.known);
        if known.len() >= CAPACITY {
            known.clear();
        }
        let until = self.clock.now() + KEPT;
        known.insert(instance, Known { until, url: url.clone(), health });
    }

    fn forget(&self, instance: InstanceId) {
        lock(&self.known).remove(&instance);
    }

    fn lengthen_run(&self, instance: InstanceId, now: DateTime<Utc>) -> Run {
        let mut runs = lock(&self.runs);
        if runs.len() >= CAPACITY {
            runs.clear();
        }
        let run = runs.entry(instance).or_insert(Run { failures: 0, since: now });
        run.failures = run.failures.saturating_add(1);
        *run
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
