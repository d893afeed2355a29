//! Turns what Close sends into normalised events.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::wire::{self, Body, LegacyEvent, LegacyIds, Malformed, ModernEvent};
use super::{date, object_types};
use crate::event::{Event, EventKey, EventType};

/// Actions of today's events that change an object without creating or deleting it.
const LIFE_CYCLE_ACTIONS: &[&str] = &[
    "updated",
    "merged",
    "completed",
    "sent",
    "answered",
    "scheduled",
    "started",
    "canceled",
    "activated",
    "deactivated",
    "paused",
    "reverting",
    "reverted",
];

/// The outcome of reading a webhook.
#[derive(Debug)]
pub enum Normalized<'a> {
    /// Something to deliver.
    Events(Occurrence<'a>),
    /// Understood but not wanted.
    Ignored(IgnoredReason),
}

/// One thing that happened at Close, as one notification to the receiver.
#[derive(Debug)]
pub struct Occurrence<'a> {
    /// The same for every delivery of the same occurrence.
    pub key: EventKey,
    /// One event, or two for a legacy merge.
    pub events: Vec<Event>,
    /// The body, byte for byte.
    pub raw: &'a RawValue,
}

/// Why a webhook is not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IgnoredReason {
    /// `event.objects` does not name its type.
    #[error("{0} is not among the instance's event.objects")]
    ObjectType(String),
}

/// The object types that an instance wants: all of them, or those of `event.objects`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectFilter(Option<Vec<String>>);

impl ObjectFilter {
    /// Reads a comma list of object types; an empty one wants everything.
    ///
    /// A type may be the platform's (`activities`) or Close's (`activity.note`), in any case.
    pub fn parse(list: &str) -> Self {
        let names = list.split(',').map(object_types::normal).filter(|name| !name.is_empty());
        Self(Some(names.collect::<Vec<_>>()).filter(|names| !names.is_empty()))
    }

    /// The names, in lower case; empty if everything is wanted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flatten().map(String::as_str)
    }

    /// True if a name of the list fulfils `condition`. False for an empty list.
    pub(crate) fn is_any(&self, condition: impl Fn(&str) -> bool) -> bool {
        self.names().any(condition)
    }

    /// True if an object is wanted, by the type in its events or by Close's type.
    pub fn wants(&self, object_type: &str, closes_type: &str) -> bool {
        let object_type = object_types::normal(object_type);
        self.0.is_none() || self.is_any(|name| name == object_type || object_types::means(name, closes_type))
    }

    /// True if objects of a kind may be wanted: of one of Close's types, a family (`activity.`), or all (empty).
    /// Their events are called `object_type`.
    pub fn wants_any(&self, object_type: &str, kind: &str) -> bool {
        let of_kind = |name: &str| {
            let known = object_types::TYPES.iter().filter(|it| object_types::is_of(it.name, kind));
            object_types::is_of(name, kind) || known.into_iter().any(|it| object_types::means(name, it.name))
        };
        self.wants(object_type, kind.trim_end_matches('.')) || self.is_any(of_kind)
    }
}

/// Reads a webhook of either kind.
///
/// `received_at` replaces a time that Close does not give: of a legacy deletion or merge.
pub fn normalize<'a>(
    filter: &ObjectFilter,
    body: &'a [u8],
    received_at: DateTime<Utc>,
) -> Result<Normalized<'a>, Malformed> {
    let raw = wire::raw(body)?;
    let body = wire::parse(raw)?;
    let closes_type = match &body {
        Body::Modern(event) => &event.object_type,
        Body::Legacy(event) => &event.model,
    };
    let object_type = platform_type(closes_type);
    if !filter.wants(object_type, closes_type) {
        return Ok(Normalized::Ignored(IgnoredReason::ObjectType(object_type.to_owned())));
    }
    let (key, events) = match &body {
        Body::Modern(event) => (modern_key(event), vec![modern_event(event, received_at)]),
        Body::Legacy(event) => (legacy_key(event, raw), legacy_events(event, received_at)),
    };
    Ok(Normalized::Events(Occurrence { key, events, raw }))
}

/// An event of Close's event feed.
#[derive(Debug)]
pub struct LoggedEvent {
    /// Equal to that of the webhook about the same change.
    pub key: EventKey,
    /// What happened.
    pub event: Event,
    /// Close's type of the object (`activity.note`).
    pub object_type: String,
    /// Close's word for what happened (`created`).
    pub action: String,
    /// When it was last consolidated.
    pub date_updated: DateTime<Utc>,
}

impl LoggedEvent {
    /// Reads an entry of the event feed, which is what a webhook carries in `event`.
    pub fn read(raw: &RawValue) -> Result<Self, Malformed> {
        let event = wire::log_entry(raw)?;
        let date_updated = event.date_updated.as_deref().and_then(date::parse);
        let date_updated = date_updated.ok_or(Malformed::Missing("event.date_updated"))?;
        Ok(Self {
            key: modern_key(&event),
            object_type: event.object_type.clone().into_owned(),
            action: event.action.clone().into_owned(),
            event: modern_event(&event, date_updated),
            date_updated,
        })
    }
}

/// The platform's name for Close's type up to its first dot; a type without one stays as it is.
pub(super) fn platform_type(closes_type: &str) -> &str {
    match closes_type.split('.').next().unwrap_or_default() {
        "lead" => "accounts",
        "contact" => "contacts",
        "opportunity" => "opportunities",
        "task" => "tasks",
        "activity" => "activities",
        "user" => "users",
        _ => closes_type,
    }
}

/// The version is the time, not its text: the event feed and a webhook may spell one time differently.
fn modern_key(event: &ModernEvent<'_>) -> EventKey {
    let spelled = event.date_updated.as_deref().unwrap_or_default();
    let version = date::parse(spelled).map_or_else(|| spelled.to_owned(), date::naive);
    EventKey::new("event", &[event.id.as_bytes(), version.as_bytes()])
}

fn modern_event(event: &ModernEvent<'_>, received_at: DateTime<Utc>) -> Event {
    let event_type = match &*event.action {
        "created" => EventType::Created,
        "deleted" => EventType::Deleted,
        action if LIFE_CYCLE_ACTIONS.contains(&action) => EventType::Updated,
        _ => EventType::Unknown,
    };
    Event {
        object_type: platform_type(&event.object_type).to_owned(),
        object_id: event.object_id.clone().into_owned(),
        event_type,
        date: event.date_updated.as_deref().and_then(date::parse).unwrap_or(received_at),
        poll_date: None,
    }
}

/// A legacy webhook has no id: its version is the object's, or else the whole body.
fn legacy_key(event: &LegacyEvent<'_>, raw: &RawValue) -> EventKey {
    let (id, other_id) = match &event.ids {
        LegacyIds::One(id) => (id, ""),
        LegacyIds::Merge { source, destination } => (source, &**destination),
    };
    let version = match event.date_updated.as_deref() {
        Some(date) => date.as_bytes().to_vec(),
        None => Sha256::digest(raw.get()).to_vec(),
    };
    let parts = [&*event.model, &*event.event, &**id, other_id].map(str::as_bytes);
    EventKey::new("legacy", &[&parts[..], &[&version]].concat())
}

fn legacy_events(event: &LegacyEvent<'_>, received_at: DateTime<Utc>) -> Vec<Event> {
    let date = event.date_updated.as_deref().and_then(date::parse).unwrap_or(received_at);
    let one = |object_id: &str, event_type| Event {
        object_type: platform_type(&event.model).to_owned(),
        object_id: object_id.to_owned(),
        event_type,
        date,
        poll_date: None,
    };
    match &event.ids {
        LegacyIds::Merge { source, destination } => {
            vec![one(destination, EventType::Updated), one(source, EventType::Deleted)]
        }
        LegacyIds::One(id) => vec![one(
            id,
            match &*event.event {
                "create" => EventType::Created,
                "update" => EventType::Updated,
                "delete" => EventType::Deleted,
                _ => EventType::Unknown,
            },
        )],
    }
}

#[cfg(test)]
mod tests;
