//! What tells one claim from all others.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};

use super::item::DeliveryState;

/// So many digits of a request id tell the calls apart that get one message.
const CALL_DIGITS: usize = 8;

/// What tells one claim from all others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimId {
    /// The SQS id of the message, or of the one that it stands for: the same when SQS delivers it again, another for
    /// a duplicate event.
    pub holder: String,
    /// When the function that claims is certainly over, and the claim with it.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub until: DateTime<Utc>,
    /// The call of the function that claims: two that got the same message may end at the same time.
    pub call: String,
}

impl ClaimId {
    /// A claim of `holder` until then, to the millisecond, in a call of the function that has this request id.
    #[must_use]
    pub fn new(holder: String, until: DateTime<Utc>, request_id: &str) -> Self {
        let call = request_id.chars().filter(|it| *it != '-').take(CALL_DIGITS).collect();
        Self { holder, until: until.trunc_subsecs(3), call }
    }

    /// True if this is the claim that an item was last written by.
    pub(super) fn wrote(&self, state: &DeliveryState) -> bool {
        self.holder == state.claimed_by && self.until == state.claimed_until && self.call == state.claimed_in
    }
}
