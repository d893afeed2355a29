//! Changes, on their way to the delivery queue.

use shared::events::message::QueuedDelivery;
use shared::instances::InstanceId;
use shared::platform::aws::InternalError;

use crate::Poller;
use crate::judge::Change;

impl Poller {
    /// Queues changes; all of them are durable when it returns.
    ///
    /// A change has the same event id whenever it is queued, so one that a crash repeats is dropped by the dispatcher.
    pub(crate) async fn enqueue(
        &self,
        instance: InstanceId,
        changes: Vec<Change>,
    ) -> Result<(), InternalError> {
        let now = self.clock.now();
        let mut deliveries = Vec::with_capacity(changes.len());
        for Change { event_id, event, raw, .. } in &changes {
            let body = self.payloads.pack(event_id, raw, now + self.retention).await?;
            deliveries.push(QueuedDelivery::first(
                instance,
                event_id.clone(),
                now,
                vec![event.clone()],
                body,
            ));
        }
        self.deliveries.send_all(&deliveries).await
    }
}
