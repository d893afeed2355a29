//! The identity of a claim.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};

use super::item::DeliveryState;

/// This many digits of a request id distinguish the calls that get one message, and of a message id the messages of one
/// call.
const DIGITS: usize = 6;

/// The identity of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimId {
    /// The SQS id of the message, or of the one that it replaces: the same when SQS delivers it again, another for a
    /// duplicate event.
    pub holder: String,
    /// When the claiming function has certainly ended, and the claim with it.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub until: DateTime<Utc>,
    /// The function's call and the message in it: two calls that got the same message may end at the same time, and one
    /// call may get a message beside the one that it replaces.
    pub call: String,
}

impl ClaimId {
    /// A claim of `holder` until then, to the millisecond, for this message in the call with this request id.
    pub fn new(holder: String, until: DateTime<Utc>, request_id: &str, message_id: &str) -> Self {
        let digits = |id: &str| id.chars().filter(|it| *it != '-').take(DIGITS).collect::<String>();
        let call = digits(request_id) + &digits(message_id);
        Self { holder, until: until.trunc_subsecs(3), call }
    }

    /// True if an item was last written by this claim.
    pub(super) fn wrote(&self, state: &DeliveryState) -> bool {
        self.holder == state.claimed_by && self.until == state.claimed_until && self.call == state.claimed_in
    }
}
