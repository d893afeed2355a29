//! `GET /instances/{id}/events/analytics` and, by its token, `GET /instances/events/analytics`: events by interval.
//! Without a token the latter is about all instances of the caller's account.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use chrono::{DateTime, TimeDelta, Utc};
use shared::events::log::Span;
use shared::instances::InstanceId;
use shared::platform::api_error::ApiError;

use super::account_analytics::{check_account, instances_of};
use crate::Instances;
use crate::answer::Failure;
use crate::caller::Scope;
use crate::events::{Bucket, Interval, buckets, span};
use crate::query::Query;

/// Keys of events that one answer counts; they are read a megabyte at a time.
const MOST_EVENTS: usize = 50_000;

/// Answers 200 with how many events came in each `interval` (`minute`, `hour`, `day`, `week`) between `from` and
/// `to`, the last day when they are not given.
pub(crate) async fn analytics(
    State(state): State<Instances>,
    scope: Scope,
    uri: Uri,
) -> Result<Json<Vec<Bucket>>, Failure> {
    check_account(&uri, scope.account_id())?;
    let asked = Asked::of(&uri, state.0.clock.now())?;
    let instances = match scope {
        Scope::Instance(instance) => vec![instance.id],
        Scope::Account(account) => instances_of(&state, account).await?,
    };
    count(&state, &instances, asked).await
}

/// The time that a query is about, in a bounded number of intervals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) span: Span,
    pub(super) interval: Interval,
}

impl Asked {
    pub(super) fn of(uri: &Uri, now: DateTime<Utc>) -> Result<Self, ApiError> {
        let query = Query::of(uri);
        let span = span(&query, now, Some(TimeDelta::days(1)))?;
        let interval = Interval::parse(query.get("interval"))?;
        // Refuses a span with too many intervals before anything is read.
        buckets(&[], span, interval)?;
        Ok(Self { span, interval })
    }
}

async fn count(
    state: &Instances,
    instances: &[InstanceId],
    Asked { span, interval }: Asked,
) -> Result<Json<Vec<Bucket>>, Failure> {
    let mut times = Vec::new();
    for instance in instances {
        let most = MOST_EVENTS + 1 - times.len();
        times.extend(state.0.history.times(*instance, span, most).await?);
        if times.len() > MOST_EVENTS {
            return Err(too_many(MOST_EVENTS).into());
        }
    }
    Ok(Json(buckets(&times, span, interval)?))
}

/// 400: the time has more events than one answer counts.
pub(super) fn too_many(most: usize) -> ApiError {
    let message = format!("More than {most} events came between from and to; ask for less time.");
    ApiError::new(StatusCode::BAD_REQUEST, message)
}
