//! Changing an instance despite concurrent changes.

use axum::http::StatusCode;
use shared::instances::{Changed, Instance};
use shared::platform::api_error::ApiError;
use shared::polling::schedule::KeyDigest;
use shared::polling::settings::SINCE;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::no_such_instance;
use crate::close_access::failed;
use crate::polling;
use crate::provision::{Change, Fault};
use crate::subscription;

/// Concurrent changes are rare; this many in a row mean that a client competes with itself.
const TRIES: usize = 5;

impl Instances {
    /// Applies `change` to the stored instance, again after each concurrent change.
    pub(crate) async fn modify(
        &self,
        mut instance: Instance,
        change: impl Fn(Instance) -> Result<Instance, Failure>,
    ) -> Result<Instance, Failure> {
        let id = instance.id;
        for _ in 0..TRIES {
            let mut changed = change(instance.clone())?;
            if changed.configuration != instance.configuration || changed.disabled != instance.disabled {
                let now = self.0.clock.now();
                polling::register(&self.0.pollers, Some(&instance), &changed, now).await?;
                subscription::watch_change(&self.0.pollers, &instance, &changed, now).await?;
            }
            if self.0.instances.change(changed.clone()).await? == Changed::Yes {
                self.settle(&instance, &changed).await;
                changed.revision += 1;
                tracing::info!(instance = %id, revision = changed.revision, "instance changed");
                return Ok(changed);
            }
            instance = self.0.instances.get(id).await?.ok_or_else(no_such_instance)?;
        }
        Err(changing())
    }

    /// Removes polling state that a change made useless. If this fails, the next turn removes it.
    async fn settle(&self, before: &Instance, after: &Instance) {
        let (pollers, now) = (&self.0.pollers, self.0.clock.now());
        let mut settled = polling::registered(pollers, before, after, now).await;
        if KeyDigest::of(&before.configuration) != KeyDigest::of(&after.configuration) {
            settled = settled.and(subscription::unwatch(pollers, before, now).await);
        }
        if let Err(error) = settled {
            tracing::warn!(instance = %after.id, %error, "polling state of a changed instance was not removed");
        }
    }

    /// Deletes an instance, and what this system made for it.
    pub(crate) async fn end(&self, mut instance: Instance) -> Result<(), Failure> {
        let id = instance.id;
        for _ in 0..TRIES {
            subscription::end(&self.0.close, &instance).await.map_err(failed)?;
            if self.0.instances.delete(&instance, &self.0.credentials_table).await? == Changed::Yes {
                self.forget(&instance).await;
                return Ok(());
            }
            // It may have a new subscription, which must be deleted too.
            let Some(changed) = self.0.instances.get(id).await? else { return Ok(()) };
            instance = changed;
        }
        Err(changing())
    }

    /// Removes the state of a deleted instance. Polling and checks that cannot be removed now remove themselves when they
    /// are due.
    async fn forget(&self, instance: &Instance) {
        let (id, now) = (instance.id, self.0.clock.now());
        let checks = subscription::unwatch(&self.0.pollers, instance, now).await;
        let pollers = polling::forget(&self.0.pollers, instance, now).await;
        let health = self.0.endpoints.enable(id).await;
        for error in [checks, pollers, health].into_iter().filter_map(Result::err) {
            tracing::warn!(instance = %id, %error, "state of a deleted instance was not removed");
        }
    }

    /// Applies the change in a request's body.
    pub(crate) async fn apply(
        &self,
        instance: Instance,
        change: Result<Change, Vec<Fault>>,
    ) -> Result<Instance, Failure> {
        let change = change.map_err(refused)?;
        let now = self.0.clock.now();
        let apply = |instance| Ok(change.apply(instance, &self.0.rules, now).map_err(refused)?);
        let asked: Instance = apply(instance.clone())?;
        let since = |instance: &Instance| instance.configuration.get(SINCE).map(str::to_owned);
        if since(&asked) != since(&instance)
            && let Some(fault) = polling::since_fault(&asked.configuration, now)
        {
            return Err(refused(vec![fault]).into());
        }
        polling::check_changed_key(&self.0.close, &instance.configuration, &asked.configuration).await?;
        subscription::change(&self.0.close, &instance.configuration, &asked.configuration).await?;
        self.modify(instance, apply).await
    }
}

/// 409: concurrent changes prevented this one.
fn changing() -> Failure {
    let message = "The instance is being changed by others; try again.";
    ApiError::new(StatusCode::CONFLICT, message).into()
}

/// 400 with everything that is wrong.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(crate) fn refused(faults: Vec<Fault>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, Fault::message(&faults))
}
