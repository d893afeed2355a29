//! From a record of Close's to the event that it is, if it is one.

use chrono::{DateTime, Utc};
use close::event::Event;
use close::{LoggedEvent, Malformed, ObjectFilter};
use serde::Deserialize;
use serde_json::value::RawValue;
use shared::events::id::EventId;
use shared::instances::InstanceId;
use shared::polling::ceql::Scope;
use shared::polling::configuration::ResourceConfiguration;
use shared::polling::raw;
use shared::polling::record::{BadRecord, Record};
use shared::polling::resource::{Resource, Source};

/// What is judged by.
pub(crate) struct Judge<'a> {
    pub(crate) instance: InstanceId,
    pub(crate) configuration: &'a ResourceConfiguration,
    pub(crate) objects: &'a ObjectFilter,
    /// The window's lower end.
    pub(crate) since: DateTime<Utc>,
    /// Where the event log begins, while what is older is walked: what changed later is left to it.
    pub(crate) history_until: Option<DateTime<Utc>>,
    pub(crate) scope: Scope<'a>,
}

/// A change that somebody wants to hear of.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) event_id: EventId,
    pub(crate) event: Event,
    /// When Close says that it happened.
    pub(crate) changed_at: DateTime<Utc>,
    pub(crate) raw: Box<RawValue>,
}

/// A record that says nothing; it is counted, and stops nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error(transparent)]
    Record(#[from] BadRecord),
    #[error("an entry of the event log is unusable: {0}")]
    LogEntry(#[from] Malformed),
    /// Close shows it to administrators only, an hour after the event.
    #[error("an entry of the event log has no data; the API key may not be an administrator's")]
    NoData,
    /// Not one record, but all that Close does not show.
    #[error("more changed in the second from {0} than Close shows of one search; the rest is not told")]
    Cut(DateTime<Utc>),
}

#[derive(Deserialize)]
struct LogEntryData<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    previous_data: Option<&'a RawValue>,
}

impl Judge<'_> {
    /// The change that a record tells; `None` when it is not wanted, or lies before the window.
    pub(crate) fn judge(&self, record: &RawValue) -> Result<Option<Change>, Unusable> {
        if let Some(until) = self.history_until {
            return Ok(self.record(record)?.filter(|change| change.changed_at < until));
        }
        match self.configuration.resource.source() {
            Source::EventLog { object_type } => self.log_entry(record, object_type),
            Source::Search { .. } | Source::List(_) | Source::WholeList { .. } => self.record(record),
        }
    }

    fn record(&self, record: &RawValue) -> Result<Option<Change>, Unusable> {
        let read = Record::read(record, self.configuration)?;
        let name = &self.configuration.name;
        let wanted = read.is_wanted(self.configuration, self.since, &self.scope);
        if !wanted || !self.objects.wants(name, self.configuration.resource.name()) {
            return Ok(None);
        }
        let event = Event {
            object_type: name.clone(),
            object_id: read.id.clone(),
            event_type: read.event_type(self.configuration),
            date: read.updated,
            poll_date: Some(self.scope.times.now),
        };
        let raw = raw::of_record(self.instance, &event, record);
        let event_id = read.event_id(self.instance, name);
        Ok(Some(Change { event_id, event, changed_at: read.changed_at, raw }))
    }

    /// An entry of the event log: itself for `events`, the object in it for a kind of object.
    fn log_entry(&self, entry: &RawValue, object_type: &str) -> Result<Option<Change>, Unusable> {
        let logged = LoggedEvent::read(entry)?;
        let logged_id = EventId::of(self.instance, &logged.key);
        let changed_at = logged.date_updated;
        if changed_at < self.since || !is_kind(&logged.object_type, object_type) {
            return Ok(None);
        }
        let event = Event { poll_date: Some(self.scope.times.now), ..logged.event };
        let wanted = |event: &Event| self.objects.wants(&event.object_type, &logged.object_type);
        if self.configuration.resource == Resource::Events {
            let raw = raw::of_logged_event(self.instance, &event, entry);
            let wanted = wanted(&event) && self.condition_holds(entry);
            return Ok(wanted.then_some(Change { event_id: logged_id, event, changed_at, raw }));
        }
        let name = &self.configuration.name;
        let event = Event { object_type: name.clone(), ..event };
        let data: LogEntryData<'_> = serde_json::from_str(entry.get()).map_err(|_| Unusable::NoData)?;
        let object = data.data.filter(|raw| raw.get().starts_with('{')).or(data.previous_data);
        let object = object.filter(|raw| raw.get().starts_with('{')).ok_or(Unusable::NoData)?;
        let raw = raw::of_record(self.instance, &event, object);
        let parts = [b"poll".as_slice(), name.as_bytes(), logged_id.as_str().as_bytes()];
        let event_id = EventId::derive(&parts);
        let wanted = wanted(&event) && self.condition_holds(object);
        Ok(wanted.then_some(Change { event_id, event, changed_at, raw }))
    }

    fn condition_holds(&self, record: &RawValue) -> bool {
        let Some(condition) = &self.configuration.condition else { return true };
        serde_json::from_str(record.get()).is_ok_and(|value| condition.holds(&value, &self.scope))
    }
}

/// Whether Close's type is the one asked for: all, a family (`activity.`), or one.
fn is_kind(closes_type: &str, asked: &str) -> bool {
    asked.is_empty() || closes_type == asked || (asked.ends_with('.') && closes_type.starts_with(asked))
}
