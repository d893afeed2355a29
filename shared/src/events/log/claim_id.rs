//! The identity of a claim.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};

use super::item::DeliveryState;

/// This many digits of a request id distinguish the calls that get one message.
const CALL_DIGITS: usize = 8;

/// The identity of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimId {
    /// The SQS id of the message, or of the one that it replaces: the same when SQS delivers it again, another for a
    /// duplicate event.
    pub holder: String,
    /// When the claiming function has certainly ended, and the claim with it.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub until: DateTime<Utc>,
    /// The function's call: two that got the same message may end at the same time.
    pub call: String,
}

impl ClaimId {
    /// A claim of `holder` until then, to the millisecond, in the call with this request id.
    pub fn new(holder: String, until: DateTime<Utc>, request_id: &str) -> Self {
        let call = request_id.chars().filter(|it| *it != '-').take(CALL_DIGITS).collect();
        Self { holder, until: until.trunc_subsecs(3), call }
    }

    /// True if an item was last written by this claim.
    pub(super) fn wrote(&self, state: &DeliveryState) -> bool {
        self.holder == state.claimed_by && self.until == state.claimed_until && self.call == state.claimed_in
    }
}
