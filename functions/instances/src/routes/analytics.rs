//! `GET /instances/{id}/events/analytics` and, by its token, `GET /instances/events/analytics`: events by interval.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use chrono::TimeDelta;
use shared::api_error::ApiError;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Addressed;
use crate::events::{Bucket, Interval, buckets, span};
use crate::query::Query;

/// Keys of events that one answer counts; they are read a megabyte at a time.
const MOST_EVENTS: usize = 50_000;

/// Answers 200 with how many events came in each `interval` (`minute`, `hour`, `day`, `week`) between `from` and
/// `to`, the last day when they are not given.
pub(crate) async fn analytics(
    State(state): State<Instances>,
    Addressed(instance): Addressed,
    uri: Uri,
) -> Result<Json<Vec<Bucket>>, Failure> {
    let query = Query::of(&uri);
    let span = span(&query, state.0.clock.now(), Some(TimeDelta::days(1)))?;
    let interval = Interval::parse(query.get("interval"))?;
    // Refuses a span with too many intervals before anything is read.
    buckets(&[], span, interval)?;
    let times = state.0.history.times(instance.id, span, MOST_EVENTS + 1).await?;
    if times.len() > MOST_EVENTS {
        let message = format!("More than {MOST_EVENTS} events came between from and to; ask for less time.");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, message).into());
    }
    Ok(Json(buckets(&times, span, interval)?))
}
