//! The health of an instance's callback, as its owner sees it.

use serde::Serialize;
use shared::callbacks::health::{Health, Illness, State};
use shared::events::timestamp;
use shared::instances::{Configuration, key};

/// The `callback` of an instance's representation.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Callback {
    /// Events are enabled, but no callback URL is set.
    Missing(Missing),
    /// It fails.
    Unwell(CallbackHealth),
}

#[derive(Debug, Serialize)]
pub(crate) struct Missing {
    state: &'static str,
    reason: String,
}

impl Callback {
    /// `None` if it is healthy: the instance is then shown exactly as on the platform.
    pub(crate) fn of(configuration: &Configuration, health: &Health) -> Option<Self> {
        if configuration.is(key::ENABLED, "true") && configuration.get(key::CALLBACK_URL).is_none() {
            let reason = format!("{} is not set: the instance accepts no events", key::CALLBACK_URL);
            return Some(Self::Missing(Missing { state: "missing", reason }));
        }
        CallbackHealth::of(health).map(Self::Unwell)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallbackHealth {
    /// `failing`, `open` (events wait), `recovering` (those that waited follow) or `disabled` (events fail).
    state: State,
    /// The first failure after the last success.
    failing_since: String,
    reason: String,
    /// When an open callback is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt: Option<String>,
}

impl CallbackHealth {
    fn of(health: &Health) -> Option<Self> {
        let Health::Unwell(Illness { state, since, probe_at, reason, .. }) = health else { return None };
        let (failing_since, reason) = (timestamp(*since), reason.clone());
        Some(Self { state: *state, failing_since, reason, next_attempt: probe_at.map(timestamp) })
    }
}
