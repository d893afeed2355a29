//! Sending events again: a new round of attempts under the same id.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use shared::events::id::EventId;
use shared::events::log::{DynamoDeliveryHistory, LogEntry, Place};
use shared::events::queue::SqsDeliveryQueue;
use shared::platform::api_error::ApiError;
use shared::platform::aws::InternalError;

use super::bad;
use crate::query::Query;

/// Events of one call by default, and at most.
pub(crate) const PAGE: usize = 50;
pub(crate) const LARGEST_PAGE: usize = 100;
/// Events a second by default, and at most.
const RATE: u32 = 10;
const HIGHEST_RATE: u32 = 100;
/// How far ahead messages are planned: SQS delays a message by 15 minutes at most, and a page must still fit.
pub(crate) const FURTHEST: TimeDelta = TimeDelta::seconds(800);
/// Messages that are sent to the queue at the same time.
const TOGETHER: usize = 10;

/// Where a redelivery of many events continues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resume {
    pub(crate) place: Place,
    /// When the walk began; it does not send events again that were attempted since.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub(crate) began_at: DateTime<Utc>,
    /// Until when messages of this walk are delayed in the queue, to keep its rate.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub(crate) scheduled_until: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redelivered {
    pub(crate) events: Vec<EventId>,
    pub(crate) scheduled_until: DateTime<Utc>,
}

/// How a redelivery treats an open callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The event waits if its callback is open.
    Usual,
    /// The event is sent even if its callback is open.
    Probe,
}

/// The events a second that a query asks for.
pub(crate) fn rate(query: &Query) -> Result<u32, ApiError> {
    match query.get("rate").map(str::parse::<u32>) {
        None => Ok(RATE),
        Some(Ok(rate)) if (1..=HIGHEST_RATE).contains(&rate) => Ok(rate),
        Some(_) => {
            let message = format!("rate is not a number of events a second from 1 to {HIGHEST_RATE}.");
            Err(bad(message))
        }
    }
}

/// Queues another round for an event, which begins after `delay`, and returns its number; `None` if what Close sent is not
/// known.
///
/// Asking twice makes one round: the second message asks for a round that the first one has claimed.
pub(crate) async fn resend(
    queue: &SqsDeliveryQueue,
    history: &DynamoDeliveryHistory,
    (entry, way): (&LogEntry, Way),
    (now, delay): (DateTime<Utc>, Duration),
) -> Result<Option<u32>, InternalError> {
    let Some(mut delivery) = entry.next_round(now) else { return Ok(None) };
    delivery.handling.probe = way == Way::Probe;
    queue.send(&delivery, delay).await?;
    let round = delivery.round;
    history.note_queued(entry, round).await?;
    tracing::info!(instance = %entry.instance_id, event = %entry.event_id, round, "queued again");
    Ok(Some(round))
}

/// Queues another round for each of `entries`, `rate` a second, beginning at `from`.
pub(crate) async fn redeliver(
    queue: &SqsDeliveryQueue,
    history: &DynamoDeliveryHistory,
    entries: &[LogEntry],
    (now, from): (DateTime<Utc>, DateTime<Utc>),
    rate: u32,
) -> Result<Redelivered, InternalError> {
    let mut at = from.max(now);
    let step = TimeDelta::microseconds(1_000_000 / i64::from(rate.max(1)));
    let mut planned = Vec::with_capacity(entries.len());
    for entry in entries {
        planned.push((entry, (at - now).to_std().unwrap_or_default()));
        at += step;
    }
    let mut events = Vec::with_capacity(entries.len());
    for chunk in planned.chunks(TOGETHER) {
        let sends =
            chunk.iter().map(|(entry, delay)| resend(queue, history, (entry, Way::Usual), (now, *delay)));
        let sent = try_join_all(sends).await?;
        let queued = chunk.iter().zip(sent).filter(|(_, sent)| sent.is_some());
        events.extend(queued.map(|((entry, _), _)| entry.event_id.clone()));
    }
    Ok(Redelivered { events, scheduled_until: at })
}
