//! The instances function's part of polling: an instance that is polled is in the poller's table.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use shared::callbacks::url::Reach;
use shared::events::timestamp;
use shared::instances::InstanceId;
use shared::instances::{Configuration, EventSettings, EventSource, key};
use shared::platform::api_error::ApiError;
use shared::platform::aws::AwsError;
use shared::platform::secret::Secret;
use shared::polling::resource::{Resource, Source};
use shared::polling::schedule::{KeyDigest, next_due};
use shared::polling::settings::{PollerSettings, SINCE};
use shared::polling::state::{PollingState, Status};
use shared::polling::store::DynamoPollerStore;
use shared::polling::window::Cursor;

use crate::close_api::{CloseApi, CloseError};
use crate::provision::Fault;

/// Has an instance polled if its settings ask for it; also again, after it was changed or stopped.
///
/// It is called before the instance is written: a poller without an instance removes itself, while an instance
/// without a poller would wait for ever.
pub(crate) async fn register(
    pollers: &DynamoPollerStore,
    id: InstanceId,
    configuration: &Configuration,
    now: DateTime<Utc>,
) -> Result<(), AwsError> {
    if !is_polled(configuration) {
        return Ok(());
    }
    // What cannot be read was refused before.
    let Ok(settings) = PollerSettings::read(configuration) else { return Ok(()) };
    let key = KeyDigest::of(&Secret::new(configuration.get(key::USERNAME).unwrap_or_default()));
    pollers.register(id, &key, now, next_due(now, settings.interval, &key)).await
}

/// What is wrong with the start of polling that an instance asks for: it lies ahead, or Close no longer has it.
pub(crate) fn since_fault(configuration: &Configuration, now: DateTime<Utc>) -> Option<Fault> {
    let settings = PollerSettings::read(configuration).ok().filter(|_| is_polled(configuration))?;
    let since = settings.since?;
    let fault = |problem: String| Some(Fault::wrong(format!("configuration.{SINCE}"), problem));
    if since > now {
        let now = timestamp(now);
        return fault(format!("lies in the future; it may be at most now, or left out (for example {now})"));
    }
    let is_feed = |resource: Resource| {
        matches!(resource.source(), Source::EventLog { .. }) && resource.history().is_none()
    };
    let resource = settings.resources.iter().find(|it| is_feed(it.resource))?;
    if !Cursor::starting_at(since).outlasts_event_log(now) {
        return None;
    }
    let first = (now - TimeDelta::days(29)).format("%Y-%m-%dT00:00:00Z");
    fault(format!(
        "is more than 30 days ago, which is how long Close keeps the events that {:?} asks for (for example {first})",
        resource.name
    ))
}

/// Asks Close whether the key holds that an instance is to be polled with.
///
/// A Close that cannot be asked now is no reason to refuse: the poller asks it again, and shows what it hears.
///
/// # Errors
/// 400 with Close's words when it refuses.
pub(crate) async fn check_key(configuration: &Configuration) -> Result<(), ApiError> {
    if !is_polled(configuration) {
        return Ok(());
    }
    match CloseApi::of(configuration).check_key().await {
        Err(CloseError::Unavailable(reason)) => {
            tracing::warn!(reason, "the API key of an instance that is to be polled is not verified");
            Ok(())
        }
        outcome => Ok(outcome?),
    }
}

/// The same for a change, if it is one of the account.
///
/// # Errors
/// As [`check_key`].
pub(crate) async fn check_changed_key(before: &Configuration, after: &Configuration) -> Result<(), ApiError> {
    let same = [key::USERNAME, key::BASE_URL].iter().all(|key| before.get(key) == after.get(key));
    if same && is_polled(before) { Ok(()) } else { check_key(after).await }
}

/// Whether an instance of these settings is polled.
pub(crate) fn is_polled(configuration: &Configuration) -> bool {
    let events = EventSettings::read(configuration, Reach::Any);
    events.is_ok_and(|events| events.source == EventSource::Polling)
}

/// The `pollingState` of an instance's representation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Polling {
    status: Status,
    /// What is wrong now.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Since when it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    failures: u32,
    bad_records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_bad_record: Option<String>,
    audit_finds: u64,
}

impl Polling {
    /// What is known of an instance's polling.
    pub(crate) fn of(state: &PollingState) -> Self {
        Self {
            status: state.status,
            error: state.error.clone(),
            since: state.since.map(timestamp),
            failures: state.failures,
            bad_records: state.bad_records,
            last_bad_record: state.last_bad_record.clone(),
            audit_finds: state.audit_finds,
        }
    }
}
