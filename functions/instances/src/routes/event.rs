//! `GET /instances/{id}/events/{eventId}` and, by its token, `GET /instances/events/{eventId}`: one event.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use shared::events::log::LogEntry;
use shared::instances::InstanceId;
use shared::platform::api_error::ApiError;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Addressed;
use crate::events::{Entry, provider_data};

/// Answers 200 with the event, 404 when the log has no such event of this instance.
pub(crate) async fn event(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Json<Entry>, Failure> {
    let entry = find(&state, instance.id, &path).await?;
    let provider_data = provider_data::of_one(&state.0.payloads, &entry).await?;
    Ok(Json(Entry::of(entry, provider_data)))
}

/// The event that a path names.
pub(super) async fn find(
    state: &Instances,
    instance: InstanceId,
    path: &HashMap<String, String>,
) -> Result<LogEntry, Failure> {
    let id = path.get("event").cloned().unwrap_or_default();
    // A longer key than DynamoDB takes names no event.
    let found = if id.is_empty() || id.len() > 1024 {
        None
    } else {
        state.0.history.find(instance, &id.into()).await?
    };
    let now = state.0.clock.now().timestamp();
    let found = found.filter(|entry| entry.expires_at > now);
    Ok(found.ok_or_else(|| ApiError::not_found("The instance has no event with this ID."))?)
}
