//! From a record of Close's to the event that it is, if it is one.

use chrono::{DateTime, Utc};
use close::ObjectFilter;
use close::event::Event;
use close::object_types::is_of;
use serde_json::value::RawValue;
use shared::events::id::EventId;
use shared::instances::InstanceId;
use shared::polling::ceql::Scope;
use shared::polling::configuration::ResourceConfiguration;
use shared::polling::raw;
use shared::polling::record::{BadRecord, Record, object_of};
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
    /// Not one record, but all that Close does not show.
    #[error("more changed in the second from {0} than Close shows of one search; the rest is not told")]
    Cut(DateTime<Utc>),
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
        Ok(self.change(&read, |event| raw::of_record(self.instance, event, record)))
    }

    /// An entry of the event feed: itself for `events`, the object in it for a kind of object.
    fn log_entry(&self, entry: &RawValue, kind: &str) -> Result<Option<Change>, Unusable> {
        let object = object_of(entry);
        let read = Record::of_entry(entry, object, self.configuration)?;
        if !is_of(&read.closes_type, kind) {
            return Ok(None);
        }
        let raw = |event: &Event| match object {
            _ if self.configuration.resource == Resource::Events => {
                raw::of_logged_event(self.instance, event, entry)
            }
            Some(object) => raw::of_record(self.instance, event, object),
            None => raw::of_id(self.instance, event),
        };
        Ok(self.change(&read, raw))
    }

    /// The change that a record is, if it is wanted.
    fn change(&self, read: &Record, raw: impl Fn(&Event) -> Box<RawValue>) -> Option<Change> {
        let wanted = read.is_wanted(self.configuration, self.since, &self.scope);
        if !wanted || !read.is_among(self.objects) {
            return None;
        }
        let event = Event {
            object_type: read.object_type.clone(),
            object_id: read.id.clone(),
            event_type: read.event_type(self.configuration),
            date: read.updated,
            poll_date: Some(self.scope.times.now),
        };
        let raw = raw(&event);
        let event_id = read.event_id(self.instance, &self.configuration.name);
        Some(Change { event_id, event, changed_at: read.changed_at, raw })
    }
}
