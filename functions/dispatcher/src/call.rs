//! The time that one call of the function has.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lambda_runtime::Context;
use shared::platform::clock::Clock;
use shared::platform::deadline;
use tokio::time::Instant;

/// The default time of a call: the function's time-out in the template.
const ASSUMED_TIME: TimeDelta = TimeDelta::seconds(60);
/// A claim outlives its function by this much, for clocks that disagree.
const CLAIM_MARGIN: TimeDelta = TimeDelta::seconds(5);
/// One call to AWS with its retries at its worst: the operation time-out of the clients.
const AWS_CALL: Duration = Duration::from_secs(8);
/// The answer of a batch takes next to nothing.
const ANSWER: Duration = Duration::from_secs(1);

/// A call of the function, and when it ends.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Tells it from all others.
    pub(crate) request_id: String,
    ends: Instant,
    ends_at: DateTime<Utc>,
}

impl Call {
    /// The call that Lambda made.
    pub(crate) fn of(context: &Context, clock: &dyn Clock) -> Self {
        let now = clock.now();
        let ends_at = deadline::ends_at(context.deadline, now, ASSUMED_TIME);
        let left = (ends_at - now).to_std().unwrap_or_default();
        Self { request_id: context.request_id.clone(), ends: Instant::now() + left, ends_at }
    }

    /// When a claim of this call is void.
    pub(crate) fn claims_until(&self) -> DateTime<Utc> {
        self.ends_at + CLAIM_MARGIN
    }

    /// When the batch has to be answered.
    pub(crate) fn answer_by(&self) -> Instant {
        self.ends - ANSWER
    }

    /// Until when the outcome of an attempt may be written: a message still has to be sent after that.
    pub(crate) fn write_by(&self) -> Instant {
        self.ends - ANSWER - AWS_CALL
    }

    /// True if an attempt fits that takes so long: its claim, its outcome, and the message that follows from it.
    pub(crate) fn has_time_for(&self, attempt: Duration) -> bool {
        Instant::now() + 3 * AWS_CALL + attempt + ANSWER <= self.ends
    }

    /// True if a call to AWS that begins after `pause` ends before an outcome is written too late.
    pub(crate) fn can_write_again(by: Instant, pause: Duration) -> bool {
        Instant::now() + pause + AWS_CALL <= by
    }
}
