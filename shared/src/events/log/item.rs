//! How far an event has come, as its log item has it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// Another round of attempts was asked for and is queued.
    Queued,
    /// An attempt is under way, or was when its function died.
    Delivering,
    /// The last attempt failed and another one is queued.
    Retry,
    /// A receiver took it.
    Delivered,
    /// No attempt is left; it is in the dead-letter queue.
    Failed,
    /// There was nobody to deliver it to.
    Dropped,
}

impl DeliveryStatus {
    /// The word in the table and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivering => "delivering",
            Self::Retry => "retry",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// The part of an item that claims are decided by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryState {
    /// Where the event stands.
    pub delivery_status: DeliveryStatus,
    /// The round of the last claim.
    pub round: u32,
    /// The attempt of the last claim.
    pub attempt: u32,
    /// The queue message that made the last claim.
    pub claimed_by: String,
    /// When the last claim was made, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub claimed_at: DateTime<Utc>,
    /// When the last claim is void, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub claimed_until: DateTime<Utc>,
    /// When the next attempt is due, while one is queued.
    #[serde(
        default,
        with = "chrono::serde::ts_milliseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why the last attempt was the last, or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The attempts so far, oldest first.
    #[serde(default)]
    pub attempts: Vec<AttemptRecord>,
}

/// One attempt, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// Its round.
    pub round: u32,
    /// Its number in the round.
    pub attempt: u32,
    /// When it began, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The receiver's status code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// Why it failed; absent for a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The beginning of the receiver's answer, for a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}
