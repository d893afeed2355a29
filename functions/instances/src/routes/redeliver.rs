//! `PUT /instances/{id}/events/{eventId}/redeliver`, `PUT /instances/{id}/events/redeliver`, and the same by token or of
//! the whole account: events are sent again.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::events::log::{DeliveryStatus, LogEntry, Order};
use shared::events::timestamp;
use shared::instances::InstanceId;
use shared::platform::api_error::ApiError;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::{Scope, no_such_instance};
use crate::events::redelivery::{FURTHEST, LARGEST_PAGE, PAGE, Resume, Way, rate, redeliver, resend};
use crate::events::{Filter, find, span};
use crate::page::{self, Page};
use crate::query::Query;

/// Answers 200 with the event's id and its new round; 409 while an attempt at it is under way.
pub(crate) async fn one(
    State(state): State<Instances>,
    scope: Scope,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Json<Value>, Failure> {
    check_enabled(&scope)?;
    let entry = super::event::find(&state, &scope, &path).await?;
    if let Scope::Account(_) = scope {
        let instance = state.0.instances.get(entry.instance_id).await?.ok_or_else(no_such_instance)?;
        check_enabled(&Scope::Instance(Box::new(instance)))?;
    }
    let now = state.0.clock.now();
    if entry.is_under_way(now) {
        let message = "The event is being delivered; see how that ends first.";
        return Err(ApiError::new(StatusCode::CONFLICT, message).into());
    }
    // Who asks for a waiting event wants it sent now.
    let way = if entry.delivery_status == DeliveryStatus::Waiting { Way::Probe } else { Way::Usual };
    let sent = resend(&state.0.queue, &state.0.history, (&entry, way), (now, Duration::ZERO)).await?;
    let unknown = || ApiError::new(StatusCode::CONFLICT, "What Close sent for the event is not known.");
    let round = sent.ok_or_else(unknown)?;
    Ok(Json(json!({ "id": entry.event_id, "deliveryStatus": "queued", "round": round })))
}

/// Answers 200 with the ids of the events that are sent again, oldest first, `rate` a second, and the token to continue.
///
/// The events are those that failed or were dropped, unless the query says otherwise. Of an account, those of instances
/// that are switched off are left out.
pub(crate) async fn many(
    State(state): State<Instances>,
    scope: Scope,
    uri: Uri,
) -> Result<Response, Failure> {
    check_enabled(&scope)?;
    let query = Query::of(&uri);
    let now = state.0.clock.now();
    let (span, filter) = (span(&query, now, None)?, Filter::of_what_failed(&query)?);
    let rate = rate(&query)?;
    let Page { size, after } = Page::<Resume>::of(&query, PAGE, LARGEST_PAGE)?;
    let (began_at, from) = after.as_ref().map_or((now, now), |it| (it.began_at, it.scheduled_until));
    if from - now > FURTHEST {
        return Ok(later(from - now - FURTHEST));
    }
    let page = Page { size, after: after.map(|resume| resume.place) };
    let what = (span, Order::OldestFirst, &filter);
    let ((mut found, next), bound) = find(&state, &scope, what, &page, now).await?;
    found.retain(|entry| entry.claimed_at <= began_at && !entry.is_under_way(now));
    if let Scope::Account(_) = scope {
        leave_out_disabled(&state, &mut found).await?;
    }
    let done = redeliver(&state.0.queue, &state.0.history, &found, (now, from), rate).await?;
    let until = done.scheduled_until;
    let next = next.map(|place| Resume { place, began_at, scheduled_until: until });
    let mut headers = page::headers(done.events.len(), next.as_ref(), None);
    headers.extend(bound);
    let token = headers.get(page::NEXT).and_then(|token| token.to_str().ok());
    let body = json!({
        "redelivered": done.events.len(),
        "eventIds": done.events,
        "lastBegins": timestamp(until),
        "nextPage": token,
    });
    Ok((headers, Json(body)).into_response())
}

/// 429 with how long to wait: earlier redeliveries are not finished.
fn later(wait: TimeDelta) -> Response {
    let seconds = wait.num_seconds().max(1);
    let message =
        format!("Too many redeliveries are under way; continue with the same token in {seconds} s.");
    let mut headers = HeaderMap::new();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    let mut response = Failure::from(ApiError::new(StatusCode::TOO_MANY_REQUESTS, message)).into_response();
    response.headers_mut().extend(headers);
    response
}

/// 403 for a disabled instance: its events would only be dropped.
fn check_enabled(scope: &Scope) -> Result<(), ApiError> {
    match scope {
        Scope::Instance(instance) if instance.disabled => {
            Err(ApiError::new(StatusCode::FORBIDDEN, "The instance is disabled."))
        }
        Scope::Instance(_) | Scope::Account(_) => Ok(()),
    }
}

/// Leaves out the events of instances that are switched off or deleted.
async fn leave_out_disabled(state: &Instances, found: &mut Vec<LogEntry>) -> Result<(), Failure> {
    let of: HashSet<InstanceId> = found.iter().map(|entry| entry.instance_id).collect();
    let mut enabled = HashSet::new();
    for id in of {
        let instance = state.0.instances.get(id).await?;
        enabled.extend(instance.filter(|instance| !instance.disabled).map(|instance| instance.id));
    }
    found.retain(|entry| enabled.contains(&entry.instance_id));
    Ok(())
}
