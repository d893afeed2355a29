//! An entry of Close's event feed as a record: the object in it, with what the feed says about it.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{BadRecord, Feed, Record, Version, at_path, id_of, parse, read_date};
use crate::polling::configuration::{DateField, ResourceConfiguration};
use crate::polling::reading::Reading;
use crate::polling::resource::{DATE_UPDATED, Resource};
use close::{LoggedEvent, date};

/// The object in an entry: as it became, or as it was before it was deleted.
///
/// Close withholds it from API keys that are not an administrator's an hour after the event.
pub fn object_of(entry: &RawValue) -> Option<&RawValue> {
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        data: Option<&'a RawValue>,
        #[serde(borrow)]
        previous_data: Option<&'a RawValue>,
    }
    let is_object = |raw: &&RawValue| raw.get().starts_with('{') && raw.get() != "{}";
    let found: Data<'_> = serde_json::from_str(entry.get()).ok()?;
    found.data.filter(is_object).or(found.previous_data.filter(is_object))
}

impl Record {
    /// Reads an entry of the event feed as the configuration says; `object` is [`object_of`] it, or the object as
    /// Close has it now.
    ///
    /// Id and dates are the object's by the configured fields; what it does not have is the entry's.
    ///
    /// # Errors
    /// When the entry lacks what identifies it, or its date.
    pub fn of_entry(
        entry: &RawValue,
        object: Option<&RawValue>,
        configuration: &ResourceConfiguration,
    ) -> Result<Self, BadRecord> {
        let logged = LoggedEvent::read(entry)?;
        let is_partial = object.is_none();
        let mut object = object.and_then(parse).unwrap_or_else(|| Value::Object(Map::new()));
        // The state before a deletion has the date of the change before it.
        let own = at_path(&object, DATE_UPDATED).and_then(Value::as_str).and_then(date::parse);
        if own.is_none_or(|own| own < logged.date_updated) {
            object[DATE_UPDATED] = Value::String(logged.date_updated.to_rfc3339());
        }
        let whole = configuration.resource == Resource::Events;
        let entry = if whole { parse(entry).ok_or(BadRecord::NotAnObject)? } else { Value::Null };
        let date = |field: &DateField| read_date(&object, field).or_else(|| read_date(&entry, field));
        let reading = match &*configuration.updated.path {
            DATE_UPDATED => None,
            _ => date(&configuration.updated),
        };
        let reading = reading.unwrap_or(Reading::exact(logged.date_updated));
        let id = match &*configuration.id_field {
            "id" => None,
            path => at_path(&object, path).or_else(|| at_path(&entry, path)).and_then(id_of),
        };
        let created = date(&configuration.created).map(|reading| reading.at);
        let (object_type, of, value) = if whole {
            (logged.event.object_type, Feed::Whole, entry)
        } else {
            (configuration.name.clone(), Feed::Objects, object)
        };
        Ok(Self {
            id: id.unwrap_or_else(|| logged.event.object_id.clone()),
            own_id: logged.event.object_id,
            object_type,
            closes_type: logged.object_type,
            updated: reading.at,
            created,
            changed_at: logged.date_updated,
            reading,
            version: Version::Entry { key: logged.key, event_type: logged.event.event_type, of },
            value,
            is_partial,
        })
    }
}
