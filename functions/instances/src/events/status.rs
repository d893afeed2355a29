//! The platform's status of an event, by ours.

use serde::{Deserialize, Serialize};
use shared::events::log::DeliveryStatus;

/// The platform's words for the status of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum PlatformStatus {
    /// The platform's status of an event not seen yet; no event has it here.
    New,
    /// It was received, but not sent yet.
    Received,
    /// It was sent at least once.
    Dispatched,
    /// The platform's word for an event that a formula used; no event here has it.
    Consumed,
    /// A receiver accepted it.
    Notified,
}

impl PlatformStatus {
    /// The platform's word for ours.
    pub(crate) fn of(status: DeliveryStatus) -> Self {
        match status {
            DeliveryStatus::Queued | DeliveryStatus::Waiting | DeliveryStatus::Dropped => Self::Received,
            DeliveryStatus::Delivering | DeliveryStatus::Retry | DeliveryStatus::Failed => Self::Dispatched,
            DeliveryStatus::Delivered => Self::Notified,
        }
    }
}
