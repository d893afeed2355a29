//! Sending events again: a new round of attempts under the same id.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use shared::events::id::EventId;
use shared::events::log::{DynamoDeliveryHistory, LogEntry, Place};
use shared::events::queue::SqsDeliveryQueue;
use shared::platform::aws::InternalError;

/// Messages that are sent to the queue at the same time.
const TOGETHER: usize = 10;

/// Where a redelivery of many events continues, and how far ahead it has already planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resume {
    pub(crate) place: Place,
    /// When the walk began; events that were attempted since are not sent again by it.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub(crate) began_at: DateTime<Utc>,
    /// Up to when the queue holds messages of this walk back, to keep its rate.
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

/// Queues another round for an event, to begin `delay` after now, and gives its number; `None` when what Close sent is
/// not known.
///
/// Asking twice makes one round: the second message asks for the same round, which the first one has claimed.
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

/// Queues another round for each of `entries`, `rate` a second from `from` on.
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
