//! From a body that is Close's to a delivery that is certainly queued.

use std::time::Duration;

use chrono::{DateTime, Utc};
use close::{self, Normalized, Occurrence};
use lambda_http::http::StatusCode;
use shared::events::id::EventId;
use shared::events::message::QueuedDelivery;
use shared::instances::{CachedInstance, EventSettings, EventSource};
use shared::platform::api_error::ApiError;
use shared::platform::aws::AwsError;

use crate::Webhook;

/// What became of a webhook that is answered with 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It will be delivered.
    Queued(EventId),
    /// It was understood and goes no further, for this reason.
    Ignored(String),
}

impl Webhook {
    /// Normalises the body and queues what it says.
    pub(crate) async fn queue_events(
        &self,
        cached: &CachedInstance,
        body: &[u8],
    ) -> Result<Accepted, ApiError> {
        let id = cached.instance.id;
        let received_at = self.clock.now();
        let normalized = close::normalize(&cached.events.objects, body, received_at).map_err(|error| {
            ApiError::new(StatusCode::BAD_REQUEST, format!("Malformed webhook: {error}."))
        })?;
        let occurrence = match (normalized, why_unwanted(&cached.events)) {
            (Normalized::Events(occurrence), None) => occurrence,
            (Normalized::Events(_), Some(reason)) => return Ok(ignored(cached, reason.to_owned())),
            (Normalized::Ignored(reason), _) => return Ok(ignored(cached, reason.to_string())),
        };
        let delivery = self.delivery(cached, occurrence, received_at).await;
        let delivery = match delivery {
            Ok(delivery) => self.queue.send(&delivery, Duration::ZERO).await.map(|()| delivery),
            Err(error) => Err(error),
        };
        let delivery = delivery.map_err(|error| {
            tracing::error!(instance = %id, %error, "webhook not taken");
            ApiError::unavailable()
        })?;
        log(&delivery, body.len());
        Ok(Accepted::Queued(delivery.event_id))
    }

    /// The first attempt at an occurrence; a body too large for the queue is stored beside it first.
    async fn delivery<'a>(
        &self,
        cached: &CachedInstance,
        occurrence: Occurrence<'a>,
        received_at: DateTime<Utc>,
    ) -> Result<QueuedDelivery<'a>, AwsError> {
        let Occurrence { key, events, raw } = occurrence;
        let event_id = EventId::of(cached.instance.id, &key);
        let body = self.payloads.pack(&event_id, raw, received_at + self.retention).await?;
        Ok(QueuedDelivery::first(cached.instance.id, event_id, received_at, events, body))
    }
}

/// Why an instance takes no webhooks at all, if it does not.
fn why_unwanted(events: &EventSettings) -> Option<&'static str> {
    if !events.enabled {
        Some("event.notification.enabled is not true")
    } else if events.callback_url.is_none() {
        Some("event.notification.callback.url is not set")
    } else if events.source == EventSource::Polling {
        Some("event.vendor.type is polling")
    } else {
        None
    }
}

fn ignored(cached: &CachedInstance, reason: String) -> Accepted {
    tracing::info!(instance = %cached.instance.id, reason, "webhook ignored");
    Accepted::Ignored(reason)
}

/// For whoever follows an event as it passes; its one line comes when it ends.
fn log(delivery: &QueuedDelivery<'_>, bytes: usize) {
    let Some(event) = delivery.events.first() else { return };
    tracing::debug!(
        instance = %delivery.instance_id,
        event = %delivery.event_id,
        object_type = event.object_type,
        object = event.object_id,
        event_type = event.event_type.as_str(),
        bytes,
        "webhook received"
    );
}
