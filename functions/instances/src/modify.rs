//! Changing an instance while others may be changing it too.

use axum::http::StatusCode;
use shared::instances::InstanceId;
use shared::instances::{Changed, Instance};
use shared::platform::api_error::ApiError;
use shared::polling::settings::SINCE;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::no_such_instance;
use crate::polling;
use crate::provision::{Change, Fault};
use crate::subscription;

/// Somebody else's change in between is rare; that many in a row are a client at odds with itself.
const TRIES: usize = 5;

impl Instances {
    /// Makes `change` of an instance as it is stored, and again of what came in between.
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
                polling::register(&self.0.pollers, id, &changed.configuration, now).await?;
                subscription::watch_change(&self.0.checks, &instance, &changed, now).await?;
            }
            if self.0.instances.change(changed.clone()).await? == Changed::Yes {
                changed.revision += 1;
                tracing::info!(instance = %id, revision = changed.revision, "instance changed");
                return Ok(changed);
            }
            instance = self.0.instances.get(id).await?.ok_or_else(no_such_instance)?;
        }
        Err(changing())
    }

    /// Ends an instance as it is stored, and what this system made for it.
    pub(crate) async fn end(&self, mut instance: Instance) -> Result<(), Failure> {
        let id = instance.id;
        for _ in 0..TRIES {
            subscription::end(&instance).await.map_err(ApiError::from)?;
            if self.0.instances.delete(&instance, &self.0.credentials_table).await? == Changed::Yes {
                self.forget(id).await;
                return Ok(());
            }
            // It may have another subscription by now, which is to end as well.
            let Some(changed) = self.0.instances.get(id).await? else { return Ok(()) };
            instance = changed;
        }
        Err(changing())
    }

    /// Removes what is known about an instance that is gone. A poller and a check that stay for now remove
    /// themselves when they are due.
    async fn forget(&self, id: InstanceId) {
        let checks = self.0.checks.remove(id).await;
        let pollers = self.0.pollers.remove(id).await;
        let health = self.0.endpoints.enable(id).await;
        for error in [checks, pollers, health].into_iter().filter_map(Result::err) {
            tracing::warn!(instance = %id, %error, "something is left of a deleted instance");
        }
    }

    /// Makes the change that a body asks for.
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
        polling::check_changed_key(&instance.configuration, &asked.configuration).await?;
        subscription::change(&instance.configuration, &asked.configuration).await?;
        self.modify(instance, apply).await
    }
}

/// 409: nobody gets anywhere.
fn changing() -> Failure {
    let message = "The instance is being changed by others; try again.";
    ApiError::new(StatusCode::CONFLICT, message).into()
}

/// 400 with everything that is wrong.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(crate) fn refused(faults: Vec<Fault>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, Fault::message(&faults))
}
