//! How a callback URL is doing, and what that means for its events.
//!
//! A callback is judged by evidence: the five-minute windows in which an attempt failed, since the last one that
//! succeeded. Time in which nothing was tried is not evidence. With enough of it the callback is *open*, like a
//! circuit: its events wait in the delivery log, and every few minutes the oldest is sent as a probe. The first
//! success makes it *recovering*: fresh events are delivered, and those that wait follow, oldest first. After failing
//! probes for five days, or a 410, it is *disabled*: events fail at once, stay in the log and the dead-letter queue,
//! and can be sent again once somebody has enabled it, or has given the instance another URL.
//!
//! Only a change of health is written, so an event that is delivered costs no write here.

mod recovery;
mod store;

pub use recovery::{Recovery, Turn};
pub use store::DynamoCallbackStore;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How often an open callback is tried.
pub const PROBE_EVERY: TimeDelta = WINDOW;
/// Failures within one window are one piece of evidence, however many events there are.
const WINDOW: TimeDelta = TimeDelta::minutes(5);
/// Longer than a weekend.
pub const DISABLED_AFTER: TimeDelta = TimeDelta::days(5);
/// As many failing windows disable a callback.
const DISABLING: u32 = 5 * 24 * 12;
/// Failures in a row, seen by one process, that count as a state and not as bad luck.
pub const CONVINCING_RUN: u32 = 5;
/// Failing windows after which a callback that was recovering is open again.
const REOPENED_AFTER: u32 = 2;

/// When a callback counts as open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitPolicy {
    open_after: Option<u32>,
}

impl CircuitPolicy {
    /// Opens after so many minutes in five-minute windows of nothing but failures; never, if zero.
    ///
    /// # Errors
    /// When it is longer than the five days after which the callback is disabled.
    pub fn of_minutes(minutes: u32) -> Result<Self, &'static str> {
        let windows = minutes.div_ceil(5);
        if windows > DISABLING {
            return Err("is not a number of minutes from 1 to 7200, or 0 for never (default 60)");
        }
        Ok(Self { open_after: (minutes > 0).then_some(windows) })
    }
}

impl Default for CircuitPolicy {
    fn default() -> Self {
        Self { open_after: Some(12) }
    }
}

/// How a callback is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Health {
    /// Nothing is known against it.
    #[default]
    Healthy,
    /// It failed, or did not long ago.
    Unwell(Illness),
}

/// What is known of a callback that is not healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Illness {
    /// How far it has come.
    pub state: State,
    /// The first failure after the last success, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub since: DateTime<Utc>,
    /// Windows in which attempts failed since the last success.
    pub windows: u32,
    /// The number of the last of them.
    pub last_window: i64,
    /// When an open callback is tried next, in Unix milliseconds.
    #[serde(
        default,
        with = "chrono::serde::ts_milliseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub probe_at: Option<DateTime<Utc>>,
    /// What the last failure was.
    pub reason: String,
}

/// The states of a callback that is not healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Every event is still tried.
    Failing,
    /// Events wait but for a probe now and then.
    Open,
    /// Every event is tried, and those that waited follow.
    Recovering,
    /// Events fail at once.
    Disabled,
}

/// What may be done with an event now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It is tried.
    Deliver,
    /// It waits.
    Wait,
    /// It fails, for this reason.
    Fail(String),
}

/// A failed attempt, as evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// How much it says.
    pub weight: Weight,
    /// The first failure of the row or event.
    pub since: DateTime<Utc>,
    /// What the failure was.
    pub reason: String,
}

/// How much a failed attempt says of its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It may be bad luck.
    Slight,
    /// An event used up its attempts.
    Convincing,
    /// So many failed in a row that the receiver is certainly down.
    Overwhelming,
    /// The receiver said that it is gone for good.
    Gone,
}

impl Health {
    /// What may be done with an event.
    #[must_use]
    pub fn admits(&self) -> Admission {
        let Self::Unwell(illness) = self else { return Admission::Deliver };
        match illness.state {
            State::Failing | State::Recovering => Admission::Deliver,
            State::Open => Admission::Wait,
            State::Disabled => Admission::Fail(format!("the callback is disabled: {}", illness.reason)),
        }
    }

    /// The state, unless it is healthy.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        match self {
            Self::Healthy => None,
            Self::Unwell(illness) => Some(illness.state),
        }
    }

    /// The health after a success, if that is a change. Only somebody's hand enables what is disabled.
    #[must_use]
    pub fn after_success(&self) -> Option<Self> {
        let Self::Unwell(illness) = self else { return None };
        match illness.state {
            State::Failing => Some(Self::Healthy),
            State::Recovering if illness.windows == 0 => None,
            State::Open | State::Recovering => Some(Self::Unwell(Illness {
                state: State::Recovering,
                windows: 0,
                probe_at: None,
                ..illness.clone()
            })),
            State::Disabled => None,
        }
    }

    /// The health after a failure at `now`, if that is a change.
    #[must_use]
    pub fn after_failure(
        &self,
        evidence: &Evidence,
        policy: CircuitPolicy,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let window = now.timestamp().div_euclid(WINDOW.num_seconds());
        let (before, since, windows) = match self {
            Self::Healthy if evidence.weight == Weight::Slight => return None,
            Self::Healthy => (None, evidence.since, 1),
            Self::Unwell(illness) => {
                let new = u32::from(illness.windows == 0 || illness.last_window != window);
                let since = if illness.windows == 0 { evidence.since } else { illness.since };
                (Some(illness), since, illness.windows + new)
            }
        };
        let state = next_state(before.map(|illness| illness.state), evidence.weight, policy, windows)?;
        let is_news = before.is_none_or(|illness| illness.state != state || illness.windows != windows);
        is_news.then(|| {
            let known = before.and_then(|illness| illness.probe_at);
            let probe_at = (state == State::Open).then(|| known.unwrap_or(now + PROBE_EVERY));
            let reason = evidence.reason.clone();
            Self::Unwell(Illness { state, since, windows, last_window: window, probe_at, reason })
        })
    }
}

/// The state after a failure; `None` if nothing can change it.
fn next_state(before: Option<State>, weight: Weight, policy: CircuitPolicy, windows: u32) -> Option<State> {
    let opens = policy.open_after.is_some_and(|after| windows >= after);
    match before {
        Some(State::Disabled) => None,
        _ if weight == Weight::Gone || windows >= DISABLING => Some(State::Disabled),
        Some(State::Open) => Some(State::Open),
        None | Some(State::Failing) if opens => Some(State::Open),
        None | Some(State::Failing) => Some(State::Failing),
        Some(State::Recovering) if policy.open_after.is_none() => Some(State::Failing),
        Some(State::Recovering) => match weight {
            Weight::Overwhelming => Some(State::Open),
            _ if windows >= REOPENED_AFTER => Some(State::Open),
            Weight::Slight | Weight::Convincing | Weight::Gone => Some(State::Recovering),
        },
    }
}

#[cfg(test)]
mod tests;
