//! What this process knows of the callbacks' health, and when it is worth writing down.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use shared::callbacks::health::{
    CONVINCING_RUN, CircuitPolicy, DynamoCallbackStore, Evidence, Health, Illness, State, Weight,
};
use shared::callbacks::url::CallbackUrl;
use shared::events::log::Decision;
use shared::instances::InstanceId;
use shared::platform::aws::InternalError;
use shared::platform::clock::SharedClock;

use crate::Dispatcher;
use crate::attempt::AttemptResult;
use crate::plan::Recipient;

/// Health is read once in this time and process, so that an event costs no read.
const KEPT: TimeDelta = TimeDelta::seconds(10);
/// How often a recovery is requested again.
const TOUCHED: TimeDelta = TimeDelta::seconds(60);
/// Instances that one process knows of; with more it begins anew.
const CAPACITY: usize = 10_000;
/// A change that others keep coming before is left to them.
const TRIES: usize = 3;

/// The health of the callbacks, as far as this process has met them.
pub(crate) struct HealthCache {
    store: DynamoCallbackStore,
    clock: SharedClock,
    known: Mutex<HashMap<InstanceId, Known>>,
    runs: Mutex<HashMap<InstanceId, Run>>,
    touched: Mutex<HashMap<InstanceId, DateTime<Utc>>>,
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

impl Dispatcher {
    /// Weighs what an attempt says of its receiver. The event is safe by now, so a failure here is logged and no
    /// more.
    pub(crate) async fn weigh(&self, recipient: &Recipient, result: &AttemptResult, decision: &Decision) {
        // It says nothing of the receiver, or of another one.
        if matches!(decision, Decision::Again { .. }) {
            return;
        }
        let Recipient { instance, url, health } = recipient;
        let id = instance.instance.id;
        let gave_up = matches!(decision, Decision::Fail { .. });
        let weight = match result {
            AttemptResult::Accepted { .. } => None,
            AttemptResult::Rejected { status: 410, .. } => Some(Weight::Gone),
            AttemptResult::Rejected { .. } | AttemptResult::Unanswered(_) if gave_up => {
                Some(Weight::Convincing)
            }
            AttemptResult::Rejected { .. } | AttemptResult::Unanswered(_) => Some(Weight::Slight),
        };
        let noted = match weight {
            None => self.health.succeeded(id, url, health).await,
            Some(weight) => {
                let reason = result.error().unwrap_or_default();
                self.health.failed(id, url, (weight, reason), instance.events.circuit).await
            }
        };
        if let Err(error) = noted {
            tracing::warn!(instance = %id, %error, "callback health not recorded");
        }
    }
}

impl HealthCache {
    pub(crate) fn new(store: DynamoCallbackStore, clock: SharedClock) -> Self {
        let (known, runs, touched) = Default::default();
        Self { store, clock, known, runs, touched }
    }

    /// The health of a callback, as it was a few seconds ago at most.
    pub(crate) async fn of(&self, instance: InstanceId, url: &CallbackUrl) -> Result<Health, InternalError> {
        match self.kept(instance, url) {
            Some(health) => Ok(health),
            None => self.fresh(instance, url).await,
        }
    }

    /// The health of a callback as it is now.
    pub(crate) async fn fresh(
        &self,
        instance: InstanceId,
        url: &CallbackUrl,
    ) -> Result<Health, InternalError> {
        let health = self.store.get(instance, url).await?;
        self.know(instance, url, health.clone());
        Ok(health)
    }

    /// Has the schedule look after an instance's events that wait.
    pub(crate) async fn have_looked_after(&self, instance: InstanceId) -> Result<(), InternalError> {
        let now = self.clock.now();
        if lock(&self.touched).get(&instance).is_some_and(|touched| now - *touched < TOUCHED) {
            return Ok(());
        }
        self.store.touch_recovery(instance, now).await?;
        remember(&self.touched, instance, now);
        Ok(())
    }

    async fn succeeded(
        &self,
        instance: InstanceId,
        url: &CallbackUrl,
        before: &Health,
    ) -> Result<(), InternalError> {
        lock(&self.runs).remove(&instance);
        if before.after_success().is_none() {
            return Ok(());
        }
        self.change(instance, url, Health::after_success).await
    }

    async fn failed(
        &self,
        instance: InstanceId,
        url: &CallbackUrl,
        (weight, reason): (Weight, String),
        policy: CircuitPolicy,
    ) -> Result<(), InternalError> {
        let now = self.clock.now();
        let run = self.lengthen_run(instance, now);
        let overwhelms = run.failures >= CONVINCING_RUN && weight != Weight::Gone;
        let weight = if overwhelms { Weight::Overwhelming } else { weight };
        let evidence = Evidence { weight, since: run.since, reason };
        self.change(instance, url, |before| before.after_failure(&evidence, policy, now)).await
    }

    /// Changes a callback's health, if it does change: from what this process knows, or from what others wrote.
    async fn change(
        &self,
        instance: InstanceId,
        url: &CallbackUrl,
        becomes: impl Fn(&Health) -> Option<Health>,
    ) -> Result<(), InternalError> {
        let mut before = self.of(instance, url).await?;
        for _ in 0..TRIES {
            let Some(after) = becomes(&before) else { return Ok(()) };
            if after.state() == Some(State::Recovering) {
                self.have_looked_after(instance).await?;
            }
            if self.store.change(instance, url, (&before, &after)).await? {
                if after.state() != before.state() {
                    log_change(instance, &after);
                }
                self.know(instance, url, after);
                return Ok(());
            }
            before = self.fresh(instance, url).await?;
        }
        Ok(())
    }

    fn kept(&self, instance: InstanceId, url: &CallbackUrl) -> Option<Health> {
        let known = lock(&self.known);
        let known = known.get(&instance)?;
        (known.until > self.clock.now() && known.url == *url).then(|| known.health.clone())
    }

    fn know(&self, instance: InstanceId, url: &CallbackUrl, health: Health) {
        let until = self.clock.now() + KEPT;
        remember(&self.known, instance, Known { until, url: url.clone(), health });
    }

    fn lengthen_run(&self, instance: InstanceId, now: DateTime<Utc>) -> Run {
        let before = lock(&self.runs).get(&instance).copied().unwrap_or(Run { failures: 0, since: now });
        let run = Run { failures: before.failures.saturating_add(1), ..before };
        remember(&self.runs, instance, run);
        run
    }
}

fn log_change(instance: InstanceId, health: &Health) {
    match health {
        Health::Healthy => tracing::info!(%instance, "callback healthy again"),
        Health::Unwell(Illness { state, since, reason, .. }) => match state {
            State::Failing => tracing::warn!(%instance, reason, "callback failing"),
            State::Open => tracing::warn!(%instance, %since, reason, "callback open: its events wait"),
            State::Recovering => {
                tracing::info!(%instance, "callback recovering: waiting events follow");
            }
            State::Disabled => {
                tracing::error!(%instance, %since, reason, "callback disabled: its events fail");
            }
        },
    }
}

fn remember<T>(map: &Mutex<HashMap<InstanceId, T>>, instance: InstanceId, value: T) {
    let mut map = lock(map);
    if map.len() >= CAPACITY {
        map.clear();
    }
    map.insert(instance, value);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
