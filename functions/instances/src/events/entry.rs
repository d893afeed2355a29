//! An event of the log, as the platform shows it, with what it does not show.

use chrono::{DateTime, SecondsFormat, Utc};
use close::event::Event;
use serde::Serialize;
use shared::events::log::{AttemptRecord, DeliveryStatus, LogEntry};

use super::status::PlatformStatus;

/// An entry of `/instances/{id}/events`: the platform's fields, then ours.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    id: String,
    event_date: String,
    status: PlatformStatus,
    provider_data: String,
    notified_data: Vec<Event>,
    element_instance_id: u64,
    delivery_status: DeliveryStatus,
    round: u32,
    attempts: Vec<Attempt>,
    events: Vec<Event>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    round: u32,
    #[serde(rename = "attempt")]
    number: u32,
    date: String,
    duration_ms: Option<u64>,
    status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    excerpt: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    probe: bool,
}

impl Entry {
    /// The event with `provider_data`: what Close sent, as text.
    pub(crate) fn of(entry: LogEntry, provider_data: String) -> Self {
        let status = PlatformStatus::of(entry.delivery_status);
        let notified = status == PlatformStatus::Notified;
        Self {
            id: entry.event_id.to_string(),
            event_date: date(entry.received_at),
            status,
            provider_data,
            notified_data: if notified { entry.events.clone() } else { Vec::new() },
            element_instance_id: entry.instance_id.get(),
            delivery_status: entry.delivery_status,
            round: entry.round,
            attempts: entry.attempts.into_iter().map(Attempt::of).collect(),
            events: entry.events,
            next_attempt_date: entry.next_attempt_at.map(date),
            reason: entry.reason,
        }
    }
}

impl Attempt {
    fn of(record: AttemptRecord) -> Self {
        Self {
            round: record.round,
            number: record.attempt,
            date: date(record.at),
            duration_ms: record.duration_ms,
            status_code: record.status_code,
            error: record.error,
            excerpt: record.excerpt,
            probe: record.probe,
        }
    }
}

/// An entry of `/instances/{id}/events/dispositions`: the outcome of an event.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Disposition {
    event_id: String,
    element_instance_id: u64,
    status: PlatformStatus,
    delivery_status: DeliveryStatus,
    notification_data: Vec<NotificationData>,
}

/// One attempt, as the platform shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct NotificationData {
    message: String,
    date: String,
    status_code: Option<u16>,
}

impl Disposition {
    pub(crate) fn of(entry: LogEntry) -> Self {
        let of_attempt = |record: AttemptRecord| NotificationData {
            message: match record.error {
                None => "Event delivered".to_owned(),
                Some(error) => format!("Error delivering event: {error}"),
            },
            date: date(record.at),
            status_code: record.status_code,
        };
        Self {
            event_id: entry.event_id.to_string(),
            element_instance_id: entry.instance_id.get(),
            status: PlatformStatus::of(entry.delivery_status),
            delivery_status: entry.delivery_status,
            notification_data: entry.attempts.into_iter().map(of_attempt).collect(),
        }
    }
}

/// To the millisecond, since customers read the order of events from the log.
fn date(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
