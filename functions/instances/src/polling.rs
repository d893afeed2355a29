//! Registers polled instances in the poller's table.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use close::CloseError;
use serde::Serialize;
use shared::callbacks::url::Reach;
use shared::events::timestamp;
use shared::instances::{Configuration, EventSettings, EventSource, Instance, key};
use shared::platform::api_error::ApiError;
use shared::platform::aws::InternalError;
use shared::polling::cursor::Cursor;
use shared::polling::next::Status;
use shared::polling::resource::{Resource, Source};
use shared::polling::schedule::KeyDigest;
use shared::polling::settings::{PollerSettings, SINCE};
use shared::polling::state::{Polling, PollingState};
use shared::polling::store::DynamoPollerStore;

use crate::close_access::{CloseAccess, failed};
use crate::provision::Fault;
use crate::subscription::takes_events;

/// Starts polling an instance if its settings ask for it, also after it was changed or enabled.
///
/// Called before the instance is written: an entry without an instance removes itself, but an instance without an entry
/// would never be polled.
pub(crate) async fn register(
    pollers: &DynamoPollerStore,
    before: Option<&Instance>,
    after: &Instance,
    now: DateTime<Utc>,
) -> Result<(), InternalError> {
    if !is_polled(&after.configuration) {
        return Ok(());
    }
    // Invalid settings were refused before.
    let Ok(settings) = PollerSettings::read(&after.configuration) else { return Ok(()) };
    let key = KeyDigest::of(&after.configuration);
    // With another API key, polling continues where it was with the previous one.
    let old_key = before.map(|it| KeyDigest::of(&it.configuration)).filter(|old| *old != key);
    let moved = match old_key {
        Some(old) => pollers.part::<Polling>(&old, after.id).await?.map(|part| part.value),
        None => None,
    };
    let is_on = takes_events(after);
    let change = |found: Option<Polling>| {
        let mut polling = match found.or_else(|| moved.clone()) {
            Some(mut known) => {
                known.configure(now, &settings);
                known
            }
            None => Polling { off: true, ..Polling::starting_at(now, &settings) },
        };
        polling.off &= !is_on;
        Some(polling)
    };
    let polling = pollers.change(&key, after.id, change).await?;
    match polling.and_then(|polling| polling.due_at(now, &key)).filter(|_| is_on) {
        Some(due_at) => pollers.nudge(&key, due_at.max(now), settings.interval).await,
        None => Ok(()),
    }
}

/// Stops polling a changed instance if its events are no longer wanted, and forgets the API key that it
/// had before.
///
/// Called after the instance is written: a change that fails must not end its polling.
pub(crate) async fn registered(
    pollers: &DynamoPollerStore,
    before: &Instance,
    after: &Instance,
    now: DateTime<Utc>,
) -> Result<(), InternalError> {
    let (old_key, key) = (KeyDigest::of(&before.configuration), KeyDigest::of(&after.configuration));
    if is_polled(&after.configuration) && !takes_events(after) {
        let off = |found: Option<Polling>| found.map(|polling| Polling { off: true, ..polling });
        pollers.change(&key, after.id, off).await?;
    }
    if is_polled(&before.configuration) && old_key != key {
        forget(pollers, before, now).await
    } else {
        Ok(())
    }
}

pub(crate) async fn forget(
    pollers: &DynamoPollerStore,
    instance: &Instance,
    now: DateTime<Utc>,
) -> Result<(), InternalError> {
    // It may have been polled before its events became unwanted.
    if !is_polled(&instance.configuration) && !EventSource::is_unstated(&instance.configuration) {
        return Ok(());
    }
    let key = KeyDigest::of(&instance.configuration);
    pollers.remove::<Polling>(&key, instance.id).await?;
    // The next turn finds out whether another instance still uses the key.
    pollers.nudge(&key, now, TimeDelta::hours(1)).await
}

/// Why polling cannot start at the time that an instance asks for: it is in the future, or Close no longer keeps it.
pub(crate) fn since_fault(configuration: &Configuration, now: DateTime<Utc>) -> Option<Fault> {
    let settings = PollerSettings::read(configuration).ok().filter(|_| is_polled(configuration))?;
    let since = settings.since?;
    let fault = |problem: String| Some(Fault::wrong(format!("configuration.{SINCE}"), problem));
    if since > now {
        let now = timestamp(now);
        return fault(format!("lies in the future; it may be at most now, or left out (for example {now})"));
    }
    let is_feed = |resource: Resource| {
        matches!(resource.source(), Source::EventFeed { .. }) && resource.history().is_none()
    };
    let resource = settings.resources.iter().find(|it| is_feed(it.resource))?;
    if !Cursor::starting_at(since, String::new()).outlasts_event_feed(now) {
        return None;
    }
    let first = (now - TimeDelta::days(29)).format("%Y-%m-%dT00:00:00Z");
    fault(format!(
        "is more than 30 days ago, which is how long Close keeps the events that {:?} asks for (for example {first})",
        resource.name
    ))
}

/// Asks Close whether the API key for polling is valid.
///
/// If Close cannot be reached, the key is accepted: the poller asks again, and shows the result.
///
/// If Close refuses the key, the error has Close's words.
pub(crate) async fn check_key(close: &CloseAccess, configuration: &Configuration) -> Result<(), ApiError> {
    if !is_polled(configuration) {
        return Ok(());
    }
    let checked = match close.account(configuration) {
        Ok(account) => account.check_key().await,
        Err(error) => Err(error),
    };
    match checked {
        Err(
            error @ (CloseError::Unavailable(_) | CloseError::TooMuch(_) | CloseError::RateLimited { .. }),
        ) => {
            tracing::warn!(%error, "API key for polling not verified: Close cannot be reached");
            Ok(())
        }
        outcome => outcome.map_err(failed),
    }
}

/// The same for a change of the API key or of Close's URL.
pub(crate) async fn check_changed_key(
    close: &CloseAccess,
    before: &Configuration,
    after: &Configuration,
) -> Result<(), ApiError> {
    let same = [key::USERNAME, key::BASE_URL].iter().all(|key| before.get(key) == after.get(key));
    if same && is_polled(before) { Ok(()) } else { check_key(close, after).await }
}

pub(crate) fn is_polled(configuration: &Configuration) -> bool {
    let events = EventSettings::read(configuration, Reach::Any);
    events.is_ok_and(|events| events.source == EventSource::Polling)
}

/// The `pollingState` of an instance's representation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PollingView {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    failures: u32,
    bad_records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_bad_record: Option<String>,
    audit_finds: u64,
    resources: BTreeMap<String, ResourceView>,
}

/// How polling of one resource goes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceView {
    status: Status,
    /// Everything that changed before this was enqueued.
    cursor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// When it is polled next; absent while nobody wants its events.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
}

impl PollingView {
    pub(crate) fn of(state: &PollingState) -> Self {
        let resources = state.resources.iter().map(|(name, it)| {
            let view = ResourceView {
                status: it.pace.status,
                cursor: timestamp(it.cursor),
                error: it.pace.error.clone(),
                since: it.pace.since.map(timestamp),
                next_at: it.next_at.map(timestamp),
            };
            (name.clone(), view)
        });
        Self {
            status: state.status,
            error: state.error.clone(),
            since: state.since.map(timestamp),
            failures: state.failures,
            bad_records: state.bad_records,
            last_bad_record: state.last_bad_record.clone(),
            audit_finds: state.audit_finds,
            resources: resources.collect(),
        }
    }
}
