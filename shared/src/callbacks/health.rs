//! The health of a callback URL, and what it means for events.
//!
//! A callback is judged by the five-minute windows in which an attempt failed since the last success. Time without
//! attempts does not count. After enough of them the callback is *open*, like a circuit: its events wait in the
//! delivery log, and every few minutes the oldest is sent as a probe. The first success makes it *recovering*: fresh
//! events are delivered, and waiting ones follow, oldest first. After failing probes for five days, or a 410, it is
//! *disabled*: events fail at once and are dead-lettered, until somebody enables it or gives the instance another URL.
//!
//! Only a change of health is written, so delivering an event costs no write here.

mod recovery;
mod store;

pub use recovery::{Recovery, Turn};
pub use store::DynamoCallbackStore;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The time between two probes of an open callback.
pub const PROBE_EVERY: TimeDelta = WINDOW;
/// All failures within one window count once.
const WINDOW: TimeDelta = TimeDelta::minutes(5);
/// A callback that fails this long is disabled: longer than a weekend.
pub const DISABLED_AFTER: TimeDelta = TimeDelta::days(5);
/// Failing windows that disable a callback.
const DISABLING: u32 = 5 * 24 * 12;
/// Failures in a row, seen by one process, that make a callback failing.
pub const CONVINCING_RUN: u32 = 5;
/// Failing windows that open a recovering callback again.
const REOPENED_AFTER: u32 = 2;

/// When a callback counts as open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitPolicy {
    open_after: Option<u32>,
}

impl CircuitPolicy {
    /// Opens after this many minutes of five-minute windows with only failures; zero for never.
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

/// The health of a callback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Health {
    /// It has no recent failures.
    #[default]
    Healthy,
    /// It fails, or did recently.
    Unwell(Illness),
}

/// What is known of a callback that is not healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Illness {
    /// The state.
    pub state: State,
    /// The first failure after the last success, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub since: DateTime<Utc>,
    /// Windows in which attempts failed since the last success.
    pub windows: u32,
    /// The number of the last of them.
    pub last_window: i64,
    /// When an open callback is probed next, in Unix milliseconds.
    #[serde(
        default,
        with = "chrono::serde::ts_milliseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub probe_at: Option<DateTime<Utc>>,
    /// The last failure.
    pub reason: String,
}

/// The states of a callback that is not healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Every event is still sent.
    Failing,
    /// Events wait, except for probes.
    Open,
    /// Every event is sent, and waiting ones follow.
    Recovering,
    /// Events fail at once.
    Disabled,
}

/// What to do with an event now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Send it.
    Deliver,
    /// Let it wait.
    Wait,
    /// Fail it, for this reason.
    Fail(String),
}

/// A failed attempt, as evidence against the callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Its weight.
    pub weight: Weight,
    /// The first failure in the row, or of the event.
    pub since: DateTime<Utc>,
    /// The failure.
    pub reason: String,
}

/// How much a failed attempt says about its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It may be chance.
    Slight,
    /// An event used up its attempts.
    Convincing,
    /// Enough failed in a row: the receiver is down.
    Overwhelming,
    /// The receiver answered that it is gone for good.
    Gone,
}

impl Health {
    /// What to do with an event.
    pub fn admits(&self) -> Admission {
        let Self::Unwell(illness) = self else { return Admission::Deliver };
        match illness.state {
            State::Failing | State::Recovering => Admission::Deliver,
            State::Open => Admission::Wait,
            State::Disabled => Admission::Fail(format!("the callback is disabled: {}", illness.reason)),
        }
    }

    /// The state, unless it is healthy.
    pub fn state(&self) -> Option<State> {
        match self {
            Self::Healthy => None,
            Self::Unwell(illness) => Some(illness.state),
        }
    }

    /// The health after a success, if it changes. A disabled callback stays disabled until somebody enables it.
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

    /// The health after a failure at `now`, if it changes.
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

/// The state after a failure; `None` if it cannot change.
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
