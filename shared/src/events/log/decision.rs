//! What follows an attempt: what is written about the event, and what is sent.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::claim_id::ClaimId;
use super::item::{AttemptRecord, DeliveryStatus};

/// What is next for an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "decision")]
pub enum Decision {
    /// Nothing: the receiver has it.
    Deliver,
    /// Another attempt.
    Retry {
        /// When.
        #[serde(with = "chrono::serde::ts_milliseconds")]
        due: DateTime<Utc>,
        /// Why the last one failed.
        reason: String,
    },
    /// The same attempt again: a fault of ours prevented it.
    Again {
        /// When.
        #[serde(with = "chrono::serde::ts_milliseconds")]
        due: DateTime<Utc>,
        /// The fault.
        reason: String,
    },
    /// It waits in the log until the callback recovers.
    Wait {
        /// Why.
        reason: String,
    },
    /// The dead-letter queue.
    Fail {
        /// Why.
        reason: String,
    },
    /// Nothing: there is no receiver.
    Drop {
        /// Why.
        reason: String,
    },
}

impl Decision {
    /// The status of the event then.
    pub fn status(&self) -> DeliveryStatus {
        match self {
            Self::Deliver => DeliveryStatus::Delivered,
            Self::Retry { .. } | Self::Again { .. } => DeliveryStatus::Retry,
            Self::Wait { .. } => DeliveryStatus::Waiting,
            Self::Fail { .. } => DeliveryStatus::Failed,
            Self::Drop { .. } => DeliveryStatus::Dropped,
        }
    }

    /// Why the event is not delivered.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Deliver => None,
            Self::Retry { reason, .. }
            | Self::Again { reason, .. }
            | Self::Wait { reason }
            | Self::Fail { reason }
            | Self::Drop { reason } => Some(reason),
        }
    }

    /// True if a scheduled attempt was made. One that a fault of ours prevented does not count, nor does the probe of a
    /// callback that stays open.
    pub fn uses_up_attempt(&self) -> bool {
        !matches!(self, Self::Again { .. } | Self::Wait { .. })
    }

    /// When the next attempt is due, if one is to be queued.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Retry { due, .. } | Self::Again { due, .. } => Some(*due),
            Self::Deliver | Self::Wait { .. } | Self::Fail { .. } | Self::Drop { .. } => None,
        }
    }
}

/// A decision about a claimed attempt: everything that is written about its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// The claim that it settles.
    pub claim: ClaimId,
    /// What is next.
    #[serde(flatten)]
    pub decision: Decision,
    /// The attempts so far, the last one included if it was made.
    pub attempts: Vec<AttemptRecord>,
}
