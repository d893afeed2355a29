//! `event.notification.subscription.provisioning: automatic`: the subscription at Close comes and goes with the
//! instance.

use chrono::{DateTime, Utc};
use close::ObjectFilter;
use close::object_types::{Subscribed, events};
use shared::callbacks::url::Reach;
use shared::instances::{Configuration, EventSettings, Instance, key};
use shared::platform::api_error::ApiError;
use shared::platform::aws::AwsError;
use shared::platform::secret::Secret;
use shared::polling::schedule::KeyDigest;
use shared::subscriptions::Check;
use shared::subscriptions::store::DynamoCheckStore;

use crate::close_api::{CloseApi, CloseError};

/// The settings that this system writes while provisioning is automatic.
pub(crate) const MANAGED: [&str; 3] =
    [key::SUBSCRIPTION_PROVISIONING, key::SUBSCRIPTION_ID, key::SUBSCRIPTION_SIGNATURE_KEY];

/// Whether a configuration asks for a subscription, or has one.
pub(crate) fn is_automatic(configuration: &Configuration) -> bool {
    let how = configuration.get(key::SUBSCRIPTION_PROVISIONING);
    how.is_some_and(|how| how.eq_ignore_ascii_case("automatic"))
}

/// Subscribes the URL of a new instance, if it asks for that, and keeps the id and the key among its settings.
///
/// # Errors
/// 400 with Close's words when it refuses, 502 when it cannot be asked: the instance is then not to be created.
pub(crate) async fn begin(instance: &mut Instance, webhook_url: &str) -> Result<(), ApiError> {
    if !is_automatic(&instance.configuration) {
        return Ok(());
    }
    let close = CloseApi::of(&instance.configuration);
    close.check_key().await?;
    let subscription = close.subscribe(webhook_url, &wanted(&instance.configuration)).await?;
    tracing::info!(instance = %instance.id, subscription = subscription.id, "subscribed at Close");
    instance.configuration.set(key::SUBSCRIPTION_ID, Some(subscription.id));
    instance.configuration.set(key::SUBSCRIPTION_SIGNATURE_KEY, Some(subscription.signature_key));
    Ok(())
}

/// Makes at Close what a change of the settings asks for: asks whether a new key holds, which this system needs to
/// end the subscription some day, and has the subscription send what is wanted now.
///
/// # Errors
/// As [`begin`]; the change is then not to be made.
pub(crate) async fn change(before: &Configuration, after: &Configuration) -> Result<(), ApiError> {
    if !is_automatic(after) {
        return Ok(());
    }
    let same = [key::USERNAME, key::BASE_URL].iter().all(|key| before.get(key) == after.get(key));
    if !same {
        CloseApi::of(after).check_key().await?;
    }
    let (events, had) = (wanted(after), wanted(before));
    if events != had {
        let id = after.get(key::SUBSCRIPTION_ID).unwrap_or_default();
        CloseApi::of(after).change_events(id, &events).await?;
    }
    Ok(())
}

/// The events that a subscription of these settings has.
pub(crate) fn wanted(configuration: &Configuration) -> Vec<Subscribed> {
    events(&ObjectFilter::parse(configuration.get(key::OBJECTS).unwrap_or_default()))
}

/// Has the subscription of a new instance checked from now on.
pub(crate) async fn watch(
    checks: &DynamoCheckStore,
    instance: &Instance,
    webhook_url: &str,
    now: DateTime<Utc>,
) -> Result<(), AwsError> {
    if !is_automatic(&instance.configuration) {
        return Ok(());
    }
    let key = key_digest(&instance.configuration);
    checks.register(instance.id, webhook_url, &key, now, Check::regular(now, &key)).await
}

/// Has the subscription of a changed instance checked soon: what the change needs of it may not be so at Close.
pub(crate) async fn watch_change(
    checks: &DynamoCheckStore,
    before: &Instance,
    after: &Instance,
    now: DateTime<Utc>,
) -> Result<(), AwsError> {
    if !is_automatic(&after.configuration) {
        return Ok(());
    }
    let wanted_from = (!takes_events(before) && takes_events(after)).then_some(now);
    checks.hasten(after.id, &key_digest(&after.configuration), now, wanted_from).await
}

/// Whether somebody wants the events of an instance now.
fn takes_events(instance: &Instance) -> bool {
    let events = EventSettings::read(&instance.configuration, Reach::Any);
    !instance.disabled && events.is_ok_and(|events| events.enabled && events.callback_url.is_some())
}

fn key_digest(configuration: &Configuration) -> KeyDigest {
    KeyDigest::of(&Secret::new(configuration.get(key::USERNAME).unwrap_or_default()))
}

/// Ends the subscription of an instance that is to go, if this system made it.
///
/// # Errors
/// When Close cannot be asked.
pub(crate) async fn end(instance: &Instance) -> Result<(), CloseError> {
    if !is_automatic(&instance.configuration) {
        return Ok(());
    }
    let id = instance.configuration.get(key::SUBSCRIPTION_ID).unwrap_or_default();
    CloseApi::of(&instance.configuration).unsubscribe(id).await
}
