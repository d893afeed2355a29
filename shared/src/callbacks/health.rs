//! How a callback URL is doing, and what that means for the events that wait for it.
//!
//! A callback that fails everything for long is *open*, like a circuit: its events wait, and one attempt every few
//! minutes asks whether it is back. The first success makes it healthy. After five days of nothing but failures,
//! or a 410, it is *disabled*: events fail at once, stay in the log and the dead-letter queue, and can be sent
//! again once somebody has enabled it, or has given the instance another URL.
//!
//! Only a change of health is written, so an event that is delivered costs no write here.

mod store;

pub use store::DynamoEndpointStore;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// As long as the platform's competitors wait, and longer than a weekend.
pub const DISABLED_AFTER: TimeDelta = TimeDelta::days(5);
/// How often an open callback is tried.
pub const PROBE_EVERY: TimeDelta = TimeDelta::seconds(300);
/// Failures in a row, seen by one process, that count as a state and not as bad luck.
pub const CONVINCING_RUN: u32 = 5;

/// When a callback counts as open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitPolicy {
    open_after: Option<TimeDelta>,
}

/// A number of minutes that no policy can be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a number of minutes from 1 to 7200, or 0 for never (default 60)")]
pub struct InvalidCircuit;

impl CircuitPolicy {
    /// Opens after so many minutes of nothing but failures; never, if zero.
    ///
    /// # Errors
    /// When it is longer than the five days after which the callback is disabled.
    pub fn of_minutes(minutes: u32) -> Result<Self, InvalidCircuit> {
        let open_after = TimeDelta::minutes(minutes.into());
        if open_after > DISABLED_AFTER {
            return Err(InvalidCircuit);
        }
        Ok(Self { open_after: (minutes > 0).then_some(open_after) })
    }
}

impl Default for CircuitPolicy {
    fn default() -> Self {
        Self { open_after: Some(TimeDelta::minutes(60)) }
    }
}

/// How a callback is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Health {
    /// Nothing is known against it.
    #[default]
    Healthy,
    /// Nothing but failures.
    Unwell(Illness),
}

/// What is known of a callback that fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Illness {
    /// How far it has come.
    pub state: State,
    /// The first failure after the last success, in Unix milliseconds.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub since: DateTime<Utc>,
    /// When an open callback is tried next, in Unix milliseconds.
    #[serde(
        default,
        with = "chrono::serde::ts_milliseconds_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub probe_at: Option<DateTime<Utc>>,
    /// What the failure was that brought it to this state.
    pub reason: String,
}

/// The states of a callback that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Every event is still tried.
    Failing,
    /// Events wait but for a probe now and then.
    Open,
    /// Events fail at once.
    Disabled,
}

/// What may be done with an event now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It is tried.
    Deliver,
    /// It is tried, if no other event is for the probe that was due at this time.
    Probe(DateTime<Utc>),
    /// It waits until then.
    Wait(DateTime<Utc>),
    /// It fails, for this reason.
    Fail(String),
}

/// A failed attempt, as evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The receiver said that it is gone for good.
    pub gone: bool,
    /// An event used up its attempts, or failures came in a row: more than bad luck.
    pub convincing: bool,
    /// The first failure of that row or event.
    pub since: DateTime<Utc>,
    /// What the failure was.
    pub reason: String,
}

impl Health {
    /// What may be done with an event at `now`.
    #[must_use]
    pub fn admits(&self, now: DateTime<Utc>) -> Admission {
        let Self::Unwell(illness) = self else { return Admission::Deliver };
        match (illness.state, illness.probe_at) {
            (State::Failing, _) | (State::Open, None) => Admission::Deliver,
            (State::Open, Some(due)) if due <= now => Admission::Probe(due),
            (State::Open, Some(due)) => Admission::Wait(due),
            (State::Disabled, _) => Admission::Fail(format!("the callback is disabled: {}", illness.reason)),
        }
    }

    /// The health after a success, if that is a change. Only somebody's hand enables what is disabled.
    #[must_use]
    pub fn after_success(&self) -> Option<Self> {
        match self {
            Self::Unwell(Illness { state: State::Failing | State::Open, .. }) => Some(Self::Healthy),
            Self::Unwell(Illness { state: State::Disabled, .. }) | Self::Healthy => None,
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
        let (before, since) = match self {
            Self::Healthy => (None, evidence.since),
            Self::Unwell(illness) => (Some(illness.state), illness.since),
        };
        let lasted = now - since;
        let become_ = |state| {
            let probe_at = (state == State::Open).then_some(now + PROBE_EVERY);
            let reason = evidence.reason.clone();
            Some(Self::Unwell(Illness { state, since, probe_at, reason }))
        };
        match before {
            Some(State::Disabled) => None,
            _ if evidence.gone => become_(State::Disabled),
            None if evidence.convincing => become_(State::Failing),
            Some(State::Failing) => match policy.open_after {
                Some(open_after) if lasted >= open_after => become_(State::Open),
                None if lasted >= DISABLED_AFTER => become_(State::Disabled),
                Some(_) | None => None,
            },
            Some(State::Open) if lasted >= DISABLED_AFTER => become_(State::Disabled),
            None | Some(State::Open) => None,
        }
    }

    /// How long until an open callback is tried again; `None` if it is not open.
    #[must_use]
    pub fn wait(&self, now: DateTime<Utc>) -> Option<Duration> {
        match self {
            Self::Unwell(Illness { state: State::Open, probe_at: Some(due), .. }) => {
                Some((*due - now).to_std().unwrap_or_default())
            }
            Self::Unwell(_) | Self::Healthy => None,
        }
    }
}

#[cfg(test)]
mod tests;
