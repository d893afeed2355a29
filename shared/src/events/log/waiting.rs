//! Waiting events, oldest first.

use super::history::{DynamoDeliveryHistory, LogEntry, Order, Span};
use super::item::DeliveryStatus;
use super::place::Place;
use super::shards::{Index, Range};
use crate::instances::InstanceId;
use crate::platform::aws::InternalError;

/// A page of waiting events.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The events, without those released meanwhile.
    pub events: Vec<LogEntry>,
    /// The last place that was read; `None` at the end.
    pub next: Option<Place>,
}

impl DynamoDeliveryHistory {
    /// The first waiting events of an instance after a place, received in `span`; at most `most`.
    pub async fn waiting(
        &self,
        instance: InstanceId,
        span: Span,
        after: Option<&Place>,
        most: usize,
    ) -> Result<Waiting, InternalError> {
        let range = Range::of(span, Order::OldestFirst).after(after);
        let places = self.places(Index::ByWaiting, instance, &range, most).await?;
        let next = (places.len() == most).then(|| places.last().cloned()).flatten();
        let mut events = self.entries(&places).await?;
        events.retain(|entry| entry.delivery_status == DeliveryStatus::Waiting);
        Ok(Waiting { events, next })
    }
}
