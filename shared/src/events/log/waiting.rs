//! The events that wait for their callback, oldest first.

use super::history::{DynamoDeliveryHistory, LogEntry, Order, Span};
use super::item::DeliveryStatus;
use super::place::Place;
use super::shards::{Index, Range};
use crate::instances::InstanceId;
use crate::platform::aws::AwsError;

/// Some events that wait.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The events. One that was released meanwhile is not among them.
    pub events: Vec<LogEntry>,
    /// The place of the last one that was looked at; `None` when there were no more.
    pub next: Option<Place>,
}

impl DynamoDeliveryHistory {
    /// The first events of an instance that wait, received in `span`, after a place; at most `most`.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn waiting(
        &self,
        instance: InstanceId,
        span: Span,
        after: Option<&Place>,
        most: usize,
    ) -> Result<Waiting, AwsError> {
        let range = Range::of(span, Order::OldestFirst).after(after);
        let places = self.places(Index::ByWaiting, instance, &range, most).await?;
        let next = (places.len() == most).then(|| places.last().cloned()).flatten();
        let mut events = self.entries(&places).await?;
        events.retain(|entry| entry.delivery_status == DeliveryStatus::Waiting);
        Ok(Waiting { events, next })
    }
}
