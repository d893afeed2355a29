//! `PUT /instances/{id}/events/{eventId}/redeliver`, `PUT /instances/{id}/events/redeliver`, and the same by token:
//! events are sent again.

use std::collections::HashMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::events::log::{DeliveryStatus, Order};
use shared::events::timestamp;
use shared::instances::Instance;
use shared::platform::api_error::ApiError;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Addressed;
use crate::events::{Filter, Resume, Way, redeliver, resend, span, walk};
use crate::page::{self, Page};
use crate::query::Query;

/// Events of one call, unless it says otherwise, and the most that it can say.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 100;
/// Events a second, unless the call says otherwise, and the most that it can say.
const RATE: u32 = 10;
const HIGHEST_RATE: u32 = 100;
/// SQS holds a message back for 15 minutes at most: nothing is planned further ahead than leaves room for a page.
const FURTHEST: TimeDelta = TimeDelta::seconds(800);

/// Answers 200 with the event's id and its new round; 409 while an attempt at it is under way.
pub(crate) async fn one(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Json<Value>, Failure> {
    enabled(&instance)?;
    let entry = super::event::find(&state, instance.id, &path).await?;
    let now = state.0.clock.now();
    if entry.is_under_way(now) {
        let message = "The event is being delivered; see how that ends first.";
        return Err(ApiError::new(StatusCode::CONFLICT, message).into());
    }
    // Whoever asks for an event that waits for its callback wants it sent now.
    let way = if entry.delivery_status == DeliveryStatus::Waiting { Way::Probe } else { Way::Usual };
    if !resend(&state.0.queue, &state.0.history, (&entry, way), (now, Duration::ZERO)).await? {
        return Err(ApiError::new(StatusCode::CONFLICT, "What Close sent for the event is not known.").into());
    }
    Ok(Json(json!({ "id": entry.event_id, "deliveryStatus": "queued", "round": entry.round + 1 })))
}

/// Answers 200 with the ids of the events that are sent again, oldest first, `rate` of them a second, and the way on.
///
/// The events are those that failed or were dropped, unless the query says otherwise.
pub(crate) async fn many(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    uri: Uri,
) -> Result<Response, Failure> {
    enabled(&instance)?;
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
    let (mut found, next) = walk(&state.0.history, instance.id, what, page, now).await?;
    found.retain(|entry| entry.claimed_at <= began_at && !entry.is_under_way(now));
    let done = redeliver(&state.0.queue, &state.0.history, &found, (now, from), rate).await?;
    let until = done.scheduled_until;
    let next = next.map(|place| Resume { place, began_at, scheduled_until: until });
    let headers = page::headers(done.events.len(), next.as_ref());
    let token = headers.get(page::NEXT).and_then(|token| token.to_str().ok());
    let body = json!({
        "redelivered": done.events.len(),
        "eventIds": done.events,
        "lastBegins": timestamp(until),
        "nextPage": token,
    });
    Ok((headers, Json(body)).into_response())
}

fn rate(query: &Query) -> Result<u32, ApiError> {
    match query.get("rate").map(str::parse::<u32>) {
        None => Ok(RATE),
        Some(Ok(rate)) if (1..=HIGHEST_RATE).contains(&rate) => Ok(rate),
        Some(_) => {
            let message = format!("rate is not a number of events a second from 1 to {HIGHEST_RATE}.");
            Err(ApiError::new(StatusCode::BAD_REQUEST, message))
        }
    }
}

/// What was asked for already takes its time: 429 with how long to wait.
fn later(wait: TimeDelta) -> Response {
    let seconds = wait.num_seconds().max(1);
    let message =
        format!("The events asked for so far take their time; go on with the same token in {seconds} s.");
    let mut headers = HeaderMap::new();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    let mut response = Failure::from(ApiError::new(StatusCode::TOO_MANY_REQUESTS, message)).into_response();
    response.headers_mut().extend(headers);
    response
}

/// A disabled instance is answered with 403: its events would only be dropped.
fn enabled(instance: &Instance) -> Result<(), ApiError> {
    if instance.disabled {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "The instance is disabled."));
    }
    Ok(())
}
