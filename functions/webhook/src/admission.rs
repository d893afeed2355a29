//! Which webhooks are admitted: the instance takes webhooks, the sender is Close, and the event is wanted.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use close::signature::{self, HASH_HEADER, SignatureError, TIMESTAMP_HEADER};
use close::{Malformed, Normalized, Occurrence};
use lambda_http::http::{HeaderMap, StatusCode};
use shared::instances::{CachedInstance, EventSettings, EventSource};
use shared::platform::api_error::ApiError;

use crate::route;

/// A webhook, as it came.
pub(crate) struct Received<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) at: DateTime<Utc>,
}

/// A webhook that its instance accepts.
pub(crate) struct Admitted<'a> {
    pub(crate) instance: Arc<CachedInstance>,
    /// What happened. A malformed body stays malformed, whatever the settings of the instance are.
    pub(crate) occurrence: Result<Occurrence<'a>, Malformed>,
}

/// Why an instance does not accept a webhook, with its present settings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TurnedAway {
    Absent,
    Disabled,
    NotSigned(SignatureError),
    Ignored(String),
}

/// Decides whether the instance accepts a webhook.
pub(crate) fn judge<'a>(
    instance: Option<&Arc<CachedInstance>>,
    webhook: &Received<'a>,
) -> Result<Admitted<'a>, TurnedAway> {
    let instance = instance.ok_or(TurnedAway::Absent)?;
    if instance.instance.disabled {
        return Err(TurnedAway::Disabled);
    }
    check_sender(instance, webhook).map_err(TurnedAway::NotSigned)?;
    let occurrence = match close::normalize(&instance.events.objects, webhook.body, webhook.at) {
        Ok(Normalized::Events(occurrence)) => match why_unwanted(&instance.events) {
            Some(reason) => return Err(TurnedAway::Ignored(reason.to_owned())),
            None => Ok(occurrence),
        },
        Ok(Normalized::Ignored(reason)) => return Err(TurnedAway::Ignored(reason.to_string())),
        Err(malformed) => Err(malformed),
    };
    Ok(Admitted { instance: instance.clone(), occurrence })
}

/// Checks the signature, if the instance knows the key of its subscription at Close; the previous key is accepted for
/// a while.
fn check_sender(instance: &CachedInstance, webhook: &Received<'_>) -> Result<(), SignatureError> {
    let Some(key) = &instance.events.subscription_key else { return Ok(()) };
    let header = |name: &str| webhook.headers.get(name).and_then(|value| value.to_str().ok());
    let verify = |key| signature::verify(key, header(HASH_HEADER), header(TIMESTAMP_HEADER), webhook.body);
    let previous = instance.instance.retired_key.as_ref().filter(|previous| previous.until > webhook.at);
    verify(key).or_else(|error| match previous {
        Some(previous) => verify(&previous.key).map_err(|_| error),
        None => Err(error),
    })
}

/// Why an instance accepts no webhooks at all; `None` if it accepts them.
fn why_unwanted(events: &EventSettings) -> Option<&'static str> {
    let is_polled = events.source == EventSource::Polling;
    events.why_unwanted().or(is_polled.then_some("event.vendor.type is polling"))
}

impl TurnedAway {
    /// The answer to the sender; `Ok` with the reason if the webhook is ignored.
    pub(crate) fn answer(self) -> Result<String, ApiError> {
        Err(match self {
            Self::Ignored(reason) => return Ok(reason),
            Self::Absent => route::no_such_instance(),
            Self::Disabled => ApiError::new(StatusCode::FORBIDDEN, "The instance is disabled."),
            Self::NotSigned(error) => {
                let message = format!("The webhook is not signed as Close signs: {error}.");
                ApiError::new(StatusCode::UNAUTHORIZED, message)
            }
        })
    }
}
