//! From a webhook to a delivery that is safely queued.

use std::time::Duration;

use chrono::{DateTime, Utc};
use close::Occurrence;
use lambda_http::http::StatusCode;
use shared::events::id::EventId;
use shared::events::message::QueuedDelivery;
use shared::instances::{InstanceId, Verdict};
use shared::platform::api_error::ApiError;
use shared::platform::aws::InternalError;

use crate::Webhook;
use crate::admission::{self, Received};

/// The outcome of a webhook that is answered with 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It will be delivered.
    Queued(EventId),
    /// It is ignored, for this reason.
    Ignored(String),
}

impl Webhook {
    /// Enqueues the event of a webhook, if the instance accepts it.
    pub(crate) async fn accept(&self, id: InstanceId, webhook: &Received<'_>) -> Result<Accepted, ApiError> {
        let unavailable = |error: InternalError| {
            tracing::error!(instance = %id, %error, "webhook not enqueued");
            ApiError::unavailable()
        };
        let judged = self.instances.admit(id, |instance| admission::judge(instance, webhook)).await;
        let admitted = match judged.map_err(unavailable)? {
            Verdict::Admitted(admitted) => admitted,
            Verdict::Refused(turned_away) => {
                let reason = turned_away.answer()?;
                tracing::info!(instance = %id, reason, "webhook ignored");
                return Ok(Accepted::Ignored(reason));
            }
        };
        let occurrence = admitted.occurrence.map_err(|error| {
            ApiError::new(StatusCode::BAD_REQUEST, format!("Malformed webhook: {error}."))
        })?;
        let id = admitted.instance.instance.id;
        let delivery = self.delivery(id, occurrence, webhook.at).await.map_err(unavailable)?;
        self.queue.send(&delivery, Duration::ZERO).await.map_err(unavailable)?;
        log(&delivery, webhook.body.len());
        Ok(Accepted::Queued(delivery.event_id))
    }

    /// The first attempt at an occurrence; a body too large for the queue is stored beside it first.
    async fn delivery<'a>(
        &self,
        instance_id: InstanceId,
        occurrence: Occurrence<'a>,
        received_at: DateTime<Utc>,
    ) -> Result<QueuedDelivery<'a>, InternalError> {
        let Occurrence { key, events, raw } = occurrence;
        let event_id = EventId::of(instance_id, &key);
        let body = self.payloads.pack(&event_id, raw, received_at + self.retention).await?;
        Ok(QueuedDelivery::first(instance_id, event_id, received_at, events, body))
    }
}

/// Logs an event for those who debug; the one line at `INFO` comes when the event ends.
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
