//! How an instance's callback is doing, for its owner.

use serde::Serialize;
use shared::callbacks::health::{Health, Illness, State};
use shared::events::timestamp;

/// The `callback` of an instance's representation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallbackHealth {
    /// `failing`, `open` (events wait), `recovering` (those that waited follow) or `disabled` (events fail).
    state: State,
    /// The first failure after the last success.
    failing_since: String,
    /// What the last failure was.
    reason: String,
    /// When an open callback is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt: Option<String>,
}

impl CallbackHealth {
    /// `None` for a healthy one: the instance then looks as the platform shows it.
    pub(crate) fn of(health: &Health) -> Option<Self> {
        let Health::Unwell(Illness { state, since, probe_at, reason, .. }) = health else { return None };
        let (failing_since, reason) = (timestamp(*since), reason.clone());
        Some(Self { state: *state, failing_since, reason, next_attempt: probe_at.map(timestamp) })
    }
}
