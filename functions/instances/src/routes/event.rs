//! `GET /instances/{id}/events/{eventId}` and `GET /instances/events/{eventId}`: one event.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::json;
use shared::events::log::LogEntry;
use shared::events::message::Payload;
use shared::platform::api_error::ApiError;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Scope;
use crate::events::{Entry, Members};

/// Lambda answers with 6 MB; in the answer a raw event is JSON in JSON.
const LARGEST: usize = 2 * 1024 * 1024;

/// Answers 200 with the event, 404 when the instance or the account has no such event.
pub(crate) async fn event(
    State(state): State<Instances>,
    scope: Scope,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Json<Entry>, Failure> {
    let entry = find(&state, &scope, &path).await?;
    let stored = match &entry.stored {
        None => None,
        Some(stored) if stored.bytes > LARGEST => Some(elsewhere(stored.bytes)),
        Some(stored) => {
            let raw = state.0.payloads.fetch(&Payload::Stored(stored.clone())).await?;
            Some(raw.get().to_owned())
        }
    };
    Ok(Json(Entry::of(entry, stored)))
}

/// The event that a path names.
pub(super) async fn find(
    state: &Instances,
    scope: &Scope,
    path: &HashMap<String, String>,
) -> Result<LogEntry, Failure> {
    let id = path.get("event").cloned().unwrap_or_default();
    let history = &state.0.history;
    // A longer key than DynamoDB takes names no event.
    let found = match scope {
        _ if id.is_empty() || id.len() > 1024 => None,
        Scope::Instance(instance) => history.find(instance.id, &id.into()).await?,
        Scope::Account(account) => Members::of(state, *account).await?.find(history, &id.into()).await?,
    };
    let now = state.0.clock.now().timestamp();
    let found = found.filter(|entry| entry.expires_at > now);
    Ok(found.ok_or_else(|| ApiError::not_found("There is no event with this ID."))?)
}

/// What stands for a raw event that does not fit the answer: still text of JSON, as clients parse it.
pub(super) fn elsewhere(bytes: usize) -> String {
    json!({ "omitted": format!("{bytes} bytes: too large for this answer") }).to_string()
}
