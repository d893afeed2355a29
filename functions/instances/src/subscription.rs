//! `event.notification.subscription.provisioning: automatic`: the subscription at Close comes and goes with the
//! instance.

use shared::api_error::ApiError;
use shared::instance::{Configuration, Instance, key};

use crate::close::{CloseApi, CloseError};

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
    let close = api(&instance.configuration);
    close.check_key().await?;
    let subscription = close.subscribe(webhook_url).await?;
    tracing::info!(instance = %instance.id, subscription = subscription.id, "subscribed at Close");
    instance.configuration.set(key::SUBSCRIPTION_ID, Some(subscription.id));
    instance.configuration.set(key::SUBSCRIPTION_SIGNATURE_KEY, Some(subscription.signature_key));
    Ok(())
}

/// Asks Close whether the key still holds, where a change is about to replace it and this system needs it to end
/// the subscription some day.
///
/// # Errors
/// As [`begin`].
pub(crate) async fn check_change(before: &Configuration, after: &Configuration) -> Result<(), ApiError> {
    let same = [key::USERNAME, key::BASE_URL].iter().all(|key| before.get(key) == after.get(key));
    if same || !is_automatic(after) {
        return Ok(());
    }
    Ok(api(after).check_key().await?)
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
    api(&instance.configuration).unsubscribe(id).await
}

fn api(configuration: &Configuration) -> CloseApi {
    let of = |key: &str| configuration.get(key).unwrap_or_default();
    CloseApi::new(of(key::BASE_URL), of(key::USERNAME))
}
