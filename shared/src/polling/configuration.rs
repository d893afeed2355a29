//! `event.poller.configuration`: what is polled, and how its records are read.
//!
//! An object or a JSON string of an object, keyed by resource; also the older `event.poller.urls`, and a
//! default. All mistakes are reported together, each with its place and an example.

mod dates;
mod entry;
mod legacy;
mod url;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use serde_json::Value;

use super::ceql::Condition;
use super::pattern::{DatePattern, Unit};
use super::reading::Reading;
use super::resource::{DATE_CREATED, DATE_UPDATED, Resource};
use super::zone::Zone;

pub use legacy::read as read_legacy;

/// One resource of an instance's poller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceConfiguration {
    /// The key in the configuration: the `objectType` of its events.
    pub name: String,
    /// What is polled.
    pub resource: Resource,
    /// The `where` of the URL.
    pub condition: Option<Condition>,
    /// The path of a record's id.
    pub id_field: String,
    /// Where and how a record says when it changed.
    pub updated: DateField,
    /// Where and how a record says when it was created.
    pub created: DateField,
    /// How far apart the two may be for a record to be new.
    pub created_tolerance: TimeDelta,
    /// Drops records that changed before the window, by the configured date.
    pub filter_by_updated_date: bool,
    /// Leaves records that changed after the poll began to the next one.
    pub filter_by_current_date: bool,
    /// Records a page.
    pub page_size: u32,
    /// How much further back every poll looks.
    pub poll_delay: TimeDelta,
}

impl ResourceConfiguration {
    /// The fields of a record that the settings name, by the first part of their paths.
    pub fn fields(&self) -> BTreeSet<&str> {
        let paths = [&*self.id_field, &self.updated.path, &self.created.path];
        let columns = self.condition.iter().flat_map(Condition::columns);
        columns.chain(paths).filter_map(|path| path.split('.').next()).collect()
    }
}

/// A date of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateField {
    /// Its path.
    pub path: String,
    format: Option<DateFormat>,
    zone: Zone,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum DateFormat {
    Pattern(DatePattern),
    Milliseconds,
}

impl DateField {
    /// A date of Close's own, in any of its spellings.
    fn own(path: &str) -> Self {
        Self { path: path.to_owned(), format: None, zone: super::zone::GMT }
    }

    /// Reads the date as the configuration has it, else as Close writes dates.
    pub fn read(&self, value: &Value) -> Option<Reading> {
        let millis = || match value {
            Value::String(text) => text.trim().parse().ok(),
            Value::Number(number) => number.as_i64(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let counted = (self.format == Some(DateFormat::Milliseconds)).then(millis).flatten();
        let counted = counted.and_then(DateTime::from_timestamp_millis);
        let counted = counted.map(|at| Reading::of_unit(at, Unit::Fraction(3)));
        counted.or_else(|| Reading::of(&self.path, value, self.pattern()))
    }

    /// The pattern and its zone, if there is one.
    pub fn pattern(&self) -> Option<(&DatePattern, Zone)> {
        match self.format.as_ref()? {
            DateFormat::Pattern(pattern) => Some((pattern, self.zone)),
            DateFormat::Milliseconds => None,
        }
    }
}

/// An entry of a polling configuration that cannot be used; it reads on from the setting's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EntryFault(pub(super) String);

/// An entry that works, for the messages.
const EXAMPLE: &str = r#"{"contacts": {"url": "/hubs/crm/contacts?where=date_updated>'${gmtDate:yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX}'", "idField": "id"}}"#;

/// Reads a configuration; an empty one is the default.
pub fn read(text: &str) -> Result<Vec<ResourceConfiguration>, Vec<EntryFault>> {
    let configuration: Value = serde_json::from_str(text).map_err(|error| {
        let place = format!("at line {} column {}", error.line(), error.column());
        vec![EntryFault(format!("is not a JSON object (a syntax error {place}); an example: {EXAMPLE}"))]
    })?;
    let entries = match &configuration {
        // What the platform's clients send for the default.
        Value::Null => return Ok(default()),
        Value::String(text) if text.trim().is_empty() => return Ok(default()),
        Value::Object(entries) if entries.is_empty() => return Ok(default()),
        // A JSON string of a JSON string, as some exports have it.
        Value::String(text) if !text.trim_start().starts_with('"') => return read(text),
        Value::Object(entries) => entries,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(vec![EntryFault(format!(
                "is not a JSON object of resources; an example: {EXAMPLE}"
            ))]);
        }
    };
    let (mut resources, mut faults) = (Vec::new(), Vec::new());
    for (name, value) in entries {
        match entry::read(name, value) {
            Ok(resource) => resources.push(resource),
            Err(wrong) => faults.extend(wrong),
        }
    }
    if faults.is_empty() { Ok(resources) } else { Err(faults) }
}

/// The default resources.
pub fn default() -> Vec<ResourceConfiguration> {
    [Resource::Accounts, Resource::Contacts, Resource::Opportunities, Resource::Tasks]
        .map(of_resource)
        .to_vec()
}

/// A resource with nothing said about it.
pub fn of_resource(resource: Resource) -> ResourceConfiguration {
    ResourceConfiguration {
        name: resource.name().to_owned(),
        resource,
        condition: None,
        id_field: "id".to_owned(),
        updated: DateField::own(DATE_UPDATED),
        created: DateField::own(DATE_CREATED),
        created_tolerance: TimeDelta::seconds(10),
        filter_by_updated_date: true,
        filter_by_current_date: false,
        page_size: resource.source().page_limit().min(100),
        poll_delay: TimeDelta::zero(),
    }
}

#[cfg(test)]
mod tests;
