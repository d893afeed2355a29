//! Changes, on their way to the delivery queue.

use chrono::{DateTime, Utc};
use shared::events::bodies::DynamoPayloadStore;
use shared::events::message::{Payload, QueuedDelivery};
use shared::instances::InstanceId;
use shared::platform::aws::AwsError;

use crate::Poller;
use crate::judge::Change;

impl Poller {
    /// Queues changes; all of them are durable when it returns.
    ///
    /// A change has the same event id whenever it is queued, so one that a crash repeats is dropped by the dispatcher.
    pub(crate) async fn enqueue(&self, instance: InstanceId, changes: Vec<Change>) -> Result<(), AwsError> {
        let now = self.clock.now();
        let mut deliveries = Vec::with_capacity(changes.len());
        for change in changes {
            deliveries.push(self.delivery(instance, change, now).await?);
        }
        self.deliveries.send_all(&deliveries).await
    }

    async fn delivery(
        &self,
        instance_id: InstanceId,
        change: Change,
        received_at: DateTime<Utc>,
    ) -> Result<QueuedDelivery, AwsError> {
        let Change { event_id, event, raw, .. } = change;
        let payload = if DynamoPayloadStore::fits_inline(raw.get()) {
            Payload::Inline(raw)
        } else {
            let stored = self.payloads.put(instance_id, &event_id, &raw, received_at, self.retention).await?;
            Payload::Stored(stored)
        };
        let events = vec![event];
        Ok(QueuedDelivery { instance_id, event_id, received_at, round: 0, attempt: 1, events, payload })
    }
}
