//! What comes after an attempt: a function of what happened, of the schedule and of the callback's health.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use shared::callbacks::health::Health;
use shared::callbacks::retry::{MAX_INTERVAL, RetrySchedule};

use crate::attempt::AttemptResult;

/// How soon something is tried again that failed for a reason of ours.
const OWN_FAULT_WAIT: Duration = Duration::from_secs(60);

/// What comes after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The receiver has the event.
    Done,
    /// Another attempt is to be made, this long from now.
    RetryAfter(Duration),
    /// This attempt is to be made again, this long from now: the receiver had no part in its failure.
    SameAfter(Duration),
    /// No attempt is left, or none could ever succeed: to the dead-letter queue.
    GiveUp,
}

/// Decides what comes after attempt number `attempt` (from one) of a round, made at `now`.
///
/// While the callback is open, this attempt was its probe, and the next one waits for the next probe.
#[must_use]
pub fn decide(
    attempt: u32,
    result: &AttemptResult,
    schedule: &RetrySchedule,
    health: &Health,
    now: DateTime<Utc>,
) -> Decision {
    let wait = match result {
        AttemptResult::Accepted { .. } => return Decision::Done,
        AttemptResult::OwnFault { .. } => return Decision::SameAfter(OWN_FAULT_WAIT),
        // The receiver says that it is gone for good; an address that is not allowed stays so.
        AttemptResult::Rejected { status: 410, .. } | AttemptResult::Refused { .. } => {
            return Decision::GiveUp;
        }
        AttemptResult::Rejected { status: 429 | 503, retry_after: Some(asked), .. } => *asked,
        // A receiver that is busy, or early, or wrong today may be right in five minutes.
        AttemptResult::Rejected { .. }
        | AttemptResult::TimedOut { .. }
        | AttemptResult::Unreachable { .. } => schedule.interval(),
    };
    if attempt >= schedule.attempts() {
        return Decision::GiveUp;
    }
    let wait = wait.max(health.wait(now).unwrap_or_default());
    Decision::RetryAfter(wait.clamp(schedule.interval(), MAX_INTERVAL))
}

/// How long a `Retry-After` header asks to wait (RFC 9110, section 10.2.3): seconds, or a date.
#[must_use]
pub fn retry_after(header: &str, now: DateTime<Utc>) -> Option<Duration> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are more than anybody waits.
        return Some(Duration::from_secs(header.parse().unwrap_or(u64::MAX)));
    }
    Some((http_date(header)? - now).to_std().unwrap_or_default())
}

/// A date in any of the three forms that a recipient has to accept (RFC 9110, section 5.6.7).
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    const OBSOLETE: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    if let Ok(date) = DateTime::parse_from_rfc2822(text) {
        return Some(date.to_utc());
    }
    let obsolete = OBSOLETE.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    obsolete.map(|date| date.and_utc())
}

#[cfg(test)]
mod tests;
