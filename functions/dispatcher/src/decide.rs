//! What comes after an attempt: a function of what happened and of the schedule.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::retry::{MAX_INTERVAL, RetrySchedule};

use crate::attempt::AttemptResult;

/// What comes after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The receiver has the event.
    Done,
    /// Another attempt is to be made, this long from now.
    RetryAfter(Duration),
    /// No attempt is left, or none could ever succeed: to the dead-letter queue.
    GiveUp,
}

/// Decides what comes after attempt number `attempt` (from one) of a round.
#[must_use]
pub fn decide(attempt: u32, result: &AttemptResult, schedule: &RetrySchedule) -> Decision {
    let wait = match result {
        AttemptResult::Accepted { .. } => return Decision::Done,
        // The receiver says that it is gone for good; an address that is not allowed stays so.
        AttemptResult::Rejected { status: 410, .. } | AttemptResult::Refused { .. } => {
            return Decision::GiveUp;
        }
        AttemptResult::Rejected { status: 429 | 503, retry_after: Some(asked), .. } => {
            (*asked).clamp(schedule.interval(), MAX_INTERVAL)
        }
        AttemptResult::Rejected { .. }
        | AttemptResult::TimedOut { .. }
        | AttemptResult::Unreachable { .. } => schedule.interval(),
    };
    if attempt >= schedule.attempts() { Decision::GiveUp } else { Decision::RetryAfter(wait) }
}

/// How long a `Retry-After` header asks to wait (RFC 9110, section 10.2.3): seconds, or a date.
#[must_use]
pub fn retry_after(header: &str, now: DateTime<Utc>) -> Option<Duration> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are more than anybody waits.
        return Some(Duration::from_secs(header.parse().unwrap_or(u64::MAX)));
    }
    let date = DateTime::parse_from_rfc2822(header).ok()?;
    Some((date.with_timezone(&Utc) - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests;
