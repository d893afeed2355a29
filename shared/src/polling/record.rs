//! One record of Close's: what identifies it, when it changed, and whether anybody wants to hear of it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::ceql::Scope;
use super::configuration::{DateField, ResourceConfiguration};
use super::resource::{DATE_CREATED, DATE_UPDATED};
use crate::events::id::{EventId, hex};
use crate::instances::InstanceId;
use close::date;
use close::event::EventType;
use close::json;

/// What identifies a record is short at Close.
const MAX_ID: usize = 1024;

/// A record that can be told.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its id, by the configured field.
    pub id: String,
    /// When it changed, by the configured field.
    pub updated: DateTime<Utc>,
    /// When it was created, by the configured field; when that is not there it does not count as new.
    pub created: Option<DateTime<Utc>>,
    /// When Close says it changed: what windows go by.
    pub changed_at: DateTime<Utc>,
    /// What tells this state of it from its other states.
    version: String,
    value: Value,
}

/// A record that cannot be told. The texts name the field and show no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// It is something else.
    #[error("a record is not an object")]
    NotAnObject,
    /// Its id is absent, or no text and no number.
    #[error("a record has no usable {0:?}")]
    NoId(String),
    /// Its date is absent, or none that can be read.
    #[error("a record has no usable date in {0:?}")]
    NoDate(String),
}

impl Record {
    /// Reads a record as the configuration says.
    ///
    /// # Errors
    /// When it has not what a notification needs.
    pub fn read(raw: &RawValue, configuration: &ResourceConfiguration) -> Result<Self, BadRecord> {
        let value = parse(raw).ok_or(BadRecord::NotAnObject)?;
        let id_field = &configuration.id_field;
        let id =
            at_path(&value, id_field).and_then(id_of).ok_or_else(|| BadRecord::NoId(id_field.clone()))?;
        let updated_field = &configuration.updated;
        let updated = read_date(&value, updated_field);
        let updated = updated.ok_or_else(|| BadRecord::NoDate(updated_field.path.clone()))?;
        let own_date = at_path(&value, DATE_UPDATED).and_then(Value::as_str);
        let version = match own_date {
            Some(text) => text.to_owned(),
            None => hex(&Sha256::digest(raw.get())),
        };
        let changed_at = own_date.and_then(date::parse).unwrap_or(updated);
        let created = read_date(&value, &configuration.created);
        Ok(Self { id, updated, created, changed_at, version, value })
    }

    /// The same for every poll that finds this state of the record.
    #[must_use]
    pub fn event_id(&self, instance: InstanceId, resource: &str) -> EventId {
        let instance = instance.to_string();
        EventId::derive(&[
            b"poll",
            instance.as_bytes(),
            resource.as_bytes(),
            self.id.as_bytes(),
            self.version.as_bytes(),
        ])
    }

    /// Whether it is within the bounds that the configuration sets, `since` and the start of the poll among them.
    #[must_use]
    pub fn is_wanted(
        &self,
        configuration: &ResourceConfiguration,
        since: DateTime<Utc>,
        scope: &Scope<'_>,
    ) -> bool {
        let late = configuration.filter_by_updated_date && self.updated < since;
        let early = configuration.filter_by_current_date && self.updated > scope.times.now;
        let condition = configuration.condition.as_ref();
        self.changed_at >= since && !late && !early && condition.is_none_or(|it| it.holds(&self.value, scope))
    }

    /// New when it was created when it was changed, give or take the tolerance.
    #[must_use]
    pub fn event_type(&self, configuration: &ResourceConfiguration) -> EventType {
        match self.created {
            Some(created) if (self.updated - created).abs() <= configuration.created_tolerance => {
                EventType::Created
            }
            _ => EventType::Updated,
        }
    }
}

/// Where in a walk a record stands: one of its dates, if it can be read.
#[must_use]
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
#[must_use]
pub fn own_id(raw: &RawValue) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Identified {
        id: Option<String>,
    }
    serde_json::from_str::<Identified>(raw.get()).ok()?.id
}

/// The value at a dotted path; absent and null are the same.
#[must_use]
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

fn read_date(value: &Value, field: &DateField) -> Option<DateTime<Utc>> {
    match at_path(value, &field.path)? {
        // Close leaves the fraction out where it is zero, and a pattern does not foresee that.
        Value::String(text) => field.parse(text).or_else(|| date::parse(text)),
        Value::Number(millis) => DateTime::from_timestamp_millis(millis.as_i64()?),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
