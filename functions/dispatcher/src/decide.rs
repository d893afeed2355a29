//! What comes after an attempt: a function of its result, of the schedule and of the callback's health.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use shared::callbacks::health::{Health, State};
use shared::callbacks::retry::{MAX_INTERVAL, RetrySchedule};
use shared::events::log::Decision;

use crate::attempt::AttemptResult;
use crate::callback::ClientError;

/// How soon something is tried again after the first fault of ours in a row; each further one doubles it.
const OWN_FAULT_WAIT: Duration = Duration::from_secs(30);

/// An attempt that was made, or that a fault of ours prevented.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// Its number in its round, from one.
    pub attempt: u32,
    /// Faults of ours before it.
    pub faults: u32,
    /// Its result.
    pub result: &'a AttemptResult,
    /// Where it went.
    pub address: Address,
    /// When it was over.
    pub now: DateTime<Utc>,
}

/// Where an attempt went, by the instance's settings after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// To its callback.
    OfNow,
    /// To a callback that it had before.
    Replaced,
}

/// True if this ends the event: the receiver says that it is gone for good, or its address is not
/// allowed, and stays so.
pub(crate) fn is_final(result: &AttemptResult) -> bool {
    matches!(
        result,
        AttemptResult::Rejected { status: 410, .. } | AttemptResult::Unanswered(ClientError::Refused(_))
    )
}

/// Decides what comes after an attempt.
///
/// While the callback is open the attempt was its probe, which is not a scheduled one: the event waits again.
pub fn decide(made: &Made<'_>, schedule: &RetrySchedule, health: &Health) -> Decision {
    let Some(reason) = made.result.error() else { return Decision::Deliver };
    let wait = match made.result {
        AttemptResult::Unanswered(ClientError::OwnFault(_)) => {
            return Decision::Again { due: made.now + own_fault_wait(made.faults), reason };
        }
        // What another receiver said says nothing of this one.
        result if is_final(result) && made.address == Address::Replaced => {
            return Decision::Again { due: made.now, reason };
        }
        result if is_final(result) => return Decision::Fail { reason },
        AttemptResult::Rejected { status: 429 | 503, retry_after: Some(asked), .. } => *asked,
        // A receiver that is busy, or early, or wrong today may be right in five minutes.
        AttemptResult::Accepted { .. } | AttemptResult::Rejected { .. } | AttemptResult::Unanswered(_) => {
            schedule.interval
        }
    };
    if health.state() == Some(State::Open) {
        return Decision::Wait { reason };
    }
    if made.attempt >= schedule.attempts {
        return Decision::Fail { reason };
    }
    Decision::Retry { due: made.now + wait.clamp(schedule.interval, MAX_INTERVAL), reason }
}

/// How long to wait after a fault of ours, with this many in a row before it.
pub fn own_fault_wait(faults: u32) -> Duration {
    OWN_FAULT_WAIT.saturating_mul(1 << faults.min(10)).min(MAX_INTERVAL)
}

/// How long a `Retry-After` header asks to wait (RFC 9110, section 10.2.3): seconds, or a date.
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
