//! `event.notification.subscription.provisioning: automatic`: the subscription at Close is created and deleted
//! with the instance.

use chrono::{DateTime, Utc};
use close::object_types::{Subscribed, events};
use close::{CloseError, ObjectFilter};
use shared::callbacks::url::Reach;
use shared::instances::{Configuration, EventSettings, Instance, key};
use shared::platform::api_error::ApiError;
use shared::platform::aws::InternalError;
use shared::polling::schedule::KeyDigest;
use shared::polling::store::DynamoPollerStore;
use shared::subscriptions::{CHECK_EVERY, Check};

use crate::close_access::{CloseAccess, failed};

/// The settings that this system manages while provisioning is automatic.
pub(crate) const MANAGED: [&str; 3] =
    [key::SUBSCRIPTION_PROVISIONING, key::SUBSCRIPTION_ID, key::SUBSCRIPTION_SIGNATURE_KEY];

/// Subscribes the URL of a new instance, if that is automatic, and adds id and key to its settings.
///
/// If this fails, the instance must not be created.
pub(crate) async fn begin(
    close: &CloseAccess,
    instance: &mut Instance,
    webhook_url: &str,
) -> Result<(), ApiError> {
    if !instance.configuration.is_automatic() {
        return Ok(());
    }
    let account = close.account(&instance.configuration).map_err(failed)?;
    account.check_key().await.map_err(failed)?;
    let events = wanted(&instance.configuration);
    let subscription = account.subscribe(webhook_url, &events).await.map_err(failed)?;
    let signature_key = subscription.signature_key().to_owned();
    tracing::info!(instance = %instance.id, subscription = subscription.id, "subscribed at Close");
    instance.configuration.set(key::SUBSCRIPTION_ID, Some(subscription.id));
    instance.configuration.set(key::SUBSCRIPTION_SIGNATURE_KEY, Some(signature_key));
    Ok(())
}

/// Applies a change of the settings at Close: verifies a new API key, which is needed to delete the subscription some day,
/// and updates the events of the subscription.
///
/// If this fails, the change must not be made.
pub(crate) async fn change(
    close: &CloseAccess,
    before: &Configuration,
    after: &Configuration,
) -> Result<(), ApiError> {
    if !after.is_automatic() {
        return Ok(());
    }
    let same = [key::USERNAME, key::BASE_URL].iter().all(|key| before.get(key) == after.get(key));
    if !same {
        close.account(after).map_err(failed)?.check_key().await.map_err(failed)?;
    }
    let (events, had) = (wanted(after), wanted(before));
    if events != had {
        let id = after.get(key::SUBSCRIPTION_ID).unwrap_or_default();
        close.account(after).map_err(failed)?.change_events(id, &events).await.map_err(failed)?;
    }
    Ok(())
}

pub(crate) fn wanted(configuration: &Configuration) -> Vec<Subscribed> {
    events(&ObjectFilter::parse(configuration.get(key::OBJECTS).unwrap_or_default()))
}

/// Schedules the checks of a new instance's subscription.
pub(crate) async fn watch(
    pollers: &DynamoPollerStore,
    instance: &Instance,
    webhook_url: &str,
    now: DateTime<Utc>,
) -> Result<(), InternalError> {
    if !instance.configuration.is_automatic() {
        return Ok(());
    }
    let key = KeyDigest::of(&instance.configuration);
    pollers.change(&key, instance.id, |_| Some(Check::starting_at(now, webhook_url, &key))).await?;
    pollers.nudge(&key, Check::regular(now, &key), CHECK_EVERY).await
}

/// Schedules a check of a changed instance's subscription soon, since it may not match the change.
pub(crate) async fn watch_change(
    pollers: &DynamoPollerStore,
    before: &Instance,
    after: &Instance,
    now: DateTime<Utc>,
) -> Result<(), InternalError> {
    if !after.configuration.is_automatic() {
        return Ok(());
    }
    let (old_key, key) = (KeyDigest::of(&before.configuration), KeyDigest::of(&after.configuration));
    let known = pollers.part::<Check>(&old_key, after.id).await?.map(|part| part.value);
    let wanted_from = (!takes_events(before) && takes_events(after)).then_some(now);
    let change = |found: Option<Check>| {
        let mut check = found.or_else(|| known.clone())?;
        (check.due_at, check.wanted_from) = (now, wanted_from.unwrap_or(check.wanted_from));
        Some(check)
    };
    pollers.change(&key, after.id, change).await?;
    pollers.nudge(&key, now, CHECK_EVERY).await
}

/// Removes the checks of an instance's subscription, by the API key that it has or had.
pub(crate) async fn unwatch(
    pollers: &DynamoPollerStore,
    instance: &Instance,
    now: DateTime<Utc>,
) -> Result<(), InternalError> {
    if !instance.configuration.is_automatic() {
        return Ok(());
    }
    let key = KeyDigest::of(&instance.configuration);
    pollers.remove::<Check>(&key, instance.id).await?;
    pollers.nudge(&key, now, CHECK_EVERY).await
}

/// True if the events of an instance are wanted now.
pub(crate) fn takes_events(instance: &Instance) -> bool {
    let events = EventSettings::read(&instance.configuration, Reach::Any);
    !instance.disabled && events.is_ok_and(|events| events.why_unwanted().is_none())
}

/// Deletes the subscription of an instance, if this system made it.
pub(crate) async fn end(close: &CloseAccess, instance: &Instance) -> Result<(), CloseError> {
    if !instance.configuration.is_automatic() {
        return Ok(());
    }
    let id = instance.configuration.get(key::SUBSCRIPTION_ID).unwrap_or_default();
    match close.account(&instance.configuration)?.unsubscribe(id).await {
        // A subscription that the key may no longer change counts as gone.
        Err(error @ (CloseError::Unauthorized(_) | CloseError::Forbidden(_))) => {
            tracing::warn!(subscription = id, %error, "subscription could not be ended at Close");
            Ok(())
        }
        outcome => outcome,
    }
}
