//! One record of Close's: what identifies it, when it changed, and whether anybody wants to hear of it.

mod entry;

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::ceql::Scope;
use super::configuration::{DateField, ResourceConfiguration};
use super::cursor::Cursor;
use super::reading::Reading;
use super::resource::{DATE_CREATED, DATE_UPDATED};
use crate::events::id::{EventId, hex};
use crate::instances::InstanceId;
use close::event::EventType;
use close::{EventKey, ObjectFilter};
use close::{Malformed, date, json};

pub use entry::object_of;

/// What identifies a record is short at Close.
const MAX_ID: usize = 1024;

/// A record that can be delivered.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its id, by the configured field.
    pub id: String,
    /// Close's own id of the object, which stays the same when another field is configured.
    pub own_id: String,
    /// What its events are called: the resource's name, or for the whole event feed the platform's word for the type.
    pub object_type: String,
    /// Close's type of it (`activity.note`).
    pub closes_type: String,
    /// When it changed, by the configured field.
    pub updated: DateTime<Utc>,
    /// When it was created, by the configured field; when that is not there it does not count as new.
    pub created: Option<DateTime<Utc>>,
    /// When Close says it changed: what windows go by.
    pub changed_at: DateTime<Utc>,
    /// The configured date as it was read.
    reading: Reading,
    version: Version,
    value: Value,
    /// True if Close withholds the object.
    is_partial: bool,
}

/// What tells one change of an object from its others.
#[derive(Debug, Clone)]
enum Version {
    /// The state that the object has now: its date, or a hash of it.
    State(String),
    /// An entry of the event feed, with what it says that happened.
    Entry { key: EventKey, event_type: EventType, of: Feed },
}

/// How much of the event feed a resource has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feed {
    /// All of it: an entry is delivered as its webhook would be.
    Whole,
    /// Objects of some types.
    Objects,
}

/// A record that cannot be delivered. The texts name the field and show no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// It is something else.
    #[error("a record is not an object")]
    NotAnObject,
    /// Its id is absent, or neither a text nor a number.
    #[error("a record has no usable {0:?}")]
    NoId(String),
    /// Its date is absent or unreadable.
    #[error("a record has no usable date in {0:?}")]
    NoDate(String),
    /// An entry of the event feed lacks what identifies it.
    #[error("an entry of the event feed is unusable: {0}")]
    Entry(#[from] Malformed),
}

impl Record {
    /// Reads a record of a list or a search as the configuration says.
    ///
    /// # Errors
    /// When it has not what a notification needs.
    pub fn read(raw: &RawValue, configuration: &ResourceConfiguration) -> Result<Self, BadRecord> {
        let value = parse(raw).ok_or(BadRecord::NotAnObject)?;
        let id_field = &configuration.id_field;
        let id =
            at_path(&value, id_field).and_then(id_of).ok_or_else(|| BadRecord::NoId(id_field.clone()))?;
        let own_id = at_path(&value, "id").and_then(id_of).unwrap_or_else(|| id.clone());
        let updated_field = &configuration.updated;
        let reading = read_date(&value, updated_field);
        let reading = reading.ok_or_else(|| BadRecord::NoDate(updated_field.path.clone()))?;
        let updated = reading.at;
        let own_date = at_path(&value, DATE_UPDATED).and_then(Value::as_str);
        let version = Version::State(match own_date {
            Some(text) => text.to_owned(),
            None => hex(&Sha256::digest(raw.get())),
        });
        let changed_at = own_date.and_then(date::parse).unwrap_or(updated);
        let created = read_date(&value, &configuration.created).map(|reading| reading.at);
        let closes_type = configuration.resource.closes_type(&value);
        let object_type = configuration.name.clone();
        let is_partial = false;
        Ok(Self {
            id,
            own_id,
            object_type,
            closes_type,
            updated,
            created,
            changed_at,
            reading,
            version,
            value,
            is_partial,
        })
    }

    /// The same for every poll that finds this state of the record.
    pub fn event_id(&self, instance: InstanceId, resource: &str) -> EventId {
        let derive = |parts: &[&[u8]]| {
            let head = [b"poll".as_slice(), resource.as_bytes()];
            EventId::derive(&head.into_iter().chain(parts.iter().copied()).collect::<Vec<_>>())
        };
        match &self.version {
            Version::State(version) => {
                derive(&[instance.to_string().as_bytes(), self.own_id.as_bytes(), version.as_bytes()])
            }
            Version::Entry { key, of: Feed::Whole, .. } => EventId::of(instance, key),
            Version::Entry { key, of: Feed::Objects, .. } => {
                derive(&[EventId::of(instance, key).as_str().as_bytes()])
            }
        }
    }

    /// True if it is within the bounds that the configuration sets, `since` and the start of the poll among them.
    pub fn is_wanted(
        &self,
        configuration: &ResourceConfiguration,
        since: DateTime<Utc>,
        scope: &Scope<'_>,
    ) -> bool {
        // A date that is only a day may be any time in it.
        let late = configuration.filter_by_updated_date && !self.reading.may_reach(since);
        let early = configuration.filter_by_current_date && self.updated > scope.times.now;
        let condition = configuration.condition.as_ref();
        let is_new =
            self.changed_at >= since || (self.changed_at == self.updated && self.reading.may_reach(since));
        let scope = Scope { is_partial: self.is_partial, ..*scope };
        is_new && !late && !early && condition.is_none_or(|it| it.holds(&self.value, &scope))
    }

    /// True if `event.objects` has it, in the platform's words or in Close's.
    pub fn is_among(&self, objects: &ObjectFilter) -> bool {
        objects.wants(&self.object_type, &self.closes_type)
    }

    /// What happened to it, as far as this cursor knows.
    ///
    /// An object is new once: when it was created within the window, and was not enqueued yet. Where its dates are less
    /// exact than that, it counts that it was created when it was changed, give or take the tolerance.
    pub fn event_type(&self, configuration: &ResourceConfiguration, cursor: &Cursor) -> EventType {
        let tolerance = configuration.created_tolerance;
        let is_known = cursor.told.knows(&self.own_id);
        match (&self.version, self.created) {
            (Version::Entry { event_type, .. }, _) => *event_type,
            (Version::State(_), Some(created))
                if !is_known
                    && !cursor.has_covered(created)
                    && !cursor.may_have_forgotten(created, self.changed_at, configuration.poll_delay)
                    && (created >= cursor.since || (self.updated - created).abs() <= tolerance) =>
            {
                EventType::Created
            }
            (Version::State(_), _) => EventType::Updated,
        }
    }

    /// Until when a window may show it, as this version or as a new object: it is remembered for so long.
    pub fn shown_until(&self, configuration: &ResourceConfiguration) -> DateTime<Utc> {
        let new_until = self.created.map(|created| created + configuration.created_tolerance);
        new_until.map_or(self.changed_at, |new_until| self.changed_at.max(new_until))
    }
}

/// Where a record stands in a walk: one of its dates, if it can be read.
pub fn position(raw: &RawValue, key: &str) -> Option<DateTime<Utc>> {
    #[derive(serde::Deserialize)]
    struct Dates<'a> {
        #[serde(borrow)]
        date_updated: Option<&'a RawValue>,
        #[serde(borrow)]
        date_created: Option<&'a RawValue>,
    }
    let dates: Dates<'_> = serde_json::from_str(raw.get()).ok()?;
    let text = match key {
        DATE_CREATED => dates.date_created?,
        _ => dates.date_updated?,
    };
    date::parse(&serde_json::from_str::<String>(text.get()).ok()?)
}

/// Close's own id of a record, if it has one.
pub fn own_id(raw: &RawValue) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Identified {
        id: Option<String>,
    }
    serde_json::from_str::<Identified>(raw.get()).ok()?.id
}

/// The value at a dotted path; absent and null are the same.
pub fn at_path<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let whole = value.get(path);
    let found = whole.or_else(|| path.split('.').try_fold(value, |value, name| value.get(name)));
    found.filter(|value| !value.is_null())
}

fn parse(raw: &RawValue) -> Option<Value> {
    if json::is_too_deep(raw.get().as_bytes()) {
        return None;
    }
    serde_json::from_str::<Value>(raw.get()).ok().filter(Value::is_object)
}

/// Receivers get every id as text.
fn id_of(value: &Value) -> Option<String> {
    let id = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (1..=MAX_ID).contains(&id.len()).then_some(id)
}

fn read_date(value: &Value, field: &DateField) -> Option<Reading> {
    field.read(at_path(value, &field.path)?)
}

#[cfg(test)]
mod tests;
