//! Whether a webhook is let in: the instance takes webhooks, and the sender is Close.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use close::signature::{self, HASH_HEADER, TIMESTAMP_HEADER};
use lambda_http::http::{HeaderMap, StatusCode};
use shared::instances::CachedInstance;
use shared::instances::InstanceId;
use shared::platform::api_error::ApiError;

use crate::{Webhook, route};

impl Webhook {
    /// The instance, if it is there and switched on.
    pub(crate) async fn admit(&self, id: InstanceId) -> Result<Arc<CachedInstance>, ApiError> {
        let instance = self.instances.get(id).await.map_err(|error| {
            tracing::error!(%error, "webhook not taken");
            ApiError::unavailable()
        })?;
        let instance = instance.ok_or_else(route::no_such_instance)?;
        if instance.instance.disabled {
            return Err(ApiError::new(StatusCode::FORBIDDEN, "The instance is disabled."));
        }
        Ok(instance)
    }
}

/// Checks the signature, if the instance knows the key of its subscription at Close; the key of the subscription
/// before that is good for a while.
pub(crate) fn check_sender(
    instance: &CachedInstance,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let Some(key) = &instance.events.subscription_key else { return Ok(()) };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let verify = |key| signature::verify(key, header(HASH_HEADER), header(TIMESTAMP_HEADER), body);
    let retired = instance.instance.retired_key.as_ref().filter(|retired| retired.until > now);
    let verified = verify(key).or_else(|error| match retired {
        Some(retired) => verify(&retired.key).map_err(|_| error),
        None => Err(error),
    });
    verified.map_err(|error| {
        ApiError::new(StatusCode::UNAUTHORIZED, format!("The webhook is not signed as Close signs: {error}."))
    })
}
