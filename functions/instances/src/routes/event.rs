//! `GET /instances/{id}/events/{eventId}` and `GET /instances/events/{eventId}`: one event.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use shared::accounts::Account;
use shared::events::id::EventId;
use shared::events::log::LogEntry;
use shared::platform::api_error::ApiError;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Scope;
use crate::events::{Entry, provider_data};

/// Answers 200 with the event, or 404.
pub(crate) async fn event(
    State(state): State<Instances>,
    scope: Scope,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Json<Entry>, Failure> {
    let entry = find(&state, &scope, &path).await?;
    let provider_data = provider_data::of_one(&state.0.payloads, &entry).await?;
    Ok(Json(Entry::of(entry, provider_data)))
}

pub(super) async fn find(
    state: &Instances,
    scope: &Scope,
    path: &HashMap<String, String>,
) -> Result<LogEntry, Failure> {
    let id = path.get("event").cloned().unwrap_or_default();
    // A longer key than DynamoDB takes names no event.
    let found = match scope {
        _ if id.is_empty() || id.len() > 1024 => None,
        Scope::Instance(instance) => state.0.history.find(instance.id, &id.into()).await?,
        Scope::Account(account) => of_account(state, *account, &id.into()).await?,
    };
    let now = state.0.clock.now().timestamp();
    let found = found.filter(|entry| entry.expires_at > now);
    Ok(found.ok_or_else(|| ApiError::not_found("There is no event with this ID."))?)
}

async fn of_account(
    state: &Instances,
    account: Account,
    event: &EventId,
) -> Result<Option<LogEntry>, Failure> {
    let Some(entry) = state.0.history.find_of_any(event).await? else { return Ok(None) };
    let instance = state.0.instances.get(entry.instance_id).await?;
    let is_theirs = instance.is_some_and(|instance| instance.account.account_id == account.account_id);
    Ok(Some(entry).filter(|_| is_theirs))
}
