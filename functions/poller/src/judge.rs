//! From a record of Close's to the event that it is, if it is one.

use chrono::{DateTime, Utc};
use close::event::{Event, EventType};
use close::object_types::is_of;
use close::{LoggedEvent, ObjectFilter};
use serde_json::value::RawValue;
use shared::events::id::EventId;
use shared::instances::InstanceId;
use shared::polling::ceql::Scope;
use shared::polling::configuration::ResourceConfiguration;
use shared::polling::cursor::{Cursor, Object};
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
    /// Where the event feed begins, while what is older is walked: what changed later is left to it.
    pub(crate) history_until: Option<DateTime<Utc>>,
    pub(crate) scope: Scope<'a>,
}

/// A change that somebody wants to hear of.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) event_id: EventId,
    pub(crate) event: Event,
    /// What changed.
    pub(crate) object: Object,
    /// When Close says that it happened.
    pub(crate) changed_at: DateTime<Utc>,
    /// Until when a window may show it.
    pub(crate) shown_until: DateTime<Utc>,
    pub(crate) raw: Box<RawValue>,
}

/// A record that says nothing; it is counted, and stops nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error(transparent)]
    Record(#[from] BadRecord),
    /// Not one record, but all that Close does not show.
    #[error("more changed in the second from {0} than Close shows of one search; the rest is not delivered")]
    Cut(DateTime<Utc>),
}

/// What an entry of the event feed is about, when Close withholds the object from this API key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Withheld {
    pub(crate) object_type: String,
    pub(crate) object_id: String,
}

impl Judge<'_> {
    /// The change that a record is; `None` when it is not wanted, or lies before the window. `found` is the object of an
    /// entry that has none, as Close has it now.
    pub(crate) fn judge(
        &self,
        record: &RawValue,
        found: Option<&RawValue>,
        cursor: &Cursor,
    ) -> Result<Option<Change>, Unusable> {
        if let Some(until) = self.history_until {
            return Ok(self.record(record, cursor)?.filter(|change| change.changed_at < until));
        }
        match self.configuration.resource.source() {
            Source::EventFeed { object_type } => self.entry(record, found, object_type, cursor),
            Source::Search { .. } | Source::List(_) | Source::WholeList { .. } => self.record(record, cursor),
        }
    }

    /// The object of an entry that has none, if that is wanted and may still be there.
    pub(crate) fn withheld(&self, entry: &RawValue) -> Option<Withheld> {
        let Source::EventFeed { object_type: kind } = self.configuration.resource.source() else {
            return None;
        };
        if self.history_until.is_some()
            || self.configuration.resource == Resource::Events
            || object_of(entry).is_some()
        {
            return None;
        }
        let logged = LoggedEvent::read(entry).ok()?;
        let wanted = logged.date_updated >= self.since
            && is_of(&logged.object_type, kind)
            && logged.event.event_type != EventType::Deleted
            && self.objects.wants(&self.configuration.name, &logged.object_type);
        wanted.then_some(Withheld { object_type: logged.object_type, object_id: logged.event.object_id })
    }

    fn record(&self, record: &RawValue, cursor: &Cursor) -> Result<Option<Change>, Unusable> {
        let read = Record::read(record, self.configuration)?;
        Ok(self.change(&read, cursor, |event| raw::of_record(self.instance, event, record)))
    }

    /// An entry of the event feed: itself for `events`, the object in it for a kind of object.
    fn entry(
        &self,
        entry: &RawValue,
        found: Option<&RawValue>,
        kind: &str,
        cursor: &Cursor,
    ) -> Result<Option<Change>, Unusable> {
        let object = object_of(entry).or(found);
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
        Ok(self.change(&read, cursor, raw))
    }

    /// The change that a record is, if it is wanted.
    fn change(
        &self,
        read: &Record,
        cursor: &Cursor,
        raw: impl Fn(&Event) -> Box<RawValue>,
    ) -> Option<Change> {
        let wanted = read.is_wanted(self.configuration, self.since, &self.scope);
        if !wanted || !read.is_among(self.objects) {
            return None;
        }
        let event = Event {
            object_type: read.object_type.clone(),
            object_id: read.id.clone(),
            event_type: read.event_type(self.configuration, cursor),
            date: read.updated,
            poll_date: Some(self.scope.times.now),
        };
        let raw = raw(&event);
        let event_id = read.event_id(self.instance, &self.configuration.name);
        let (changed_at, shown_until) = (read.changed_at, read.shown_until(self.configuration));
        let object = Object::of(&read.own_id);
        Some(Change { event_id, event, object, changed_at, shown_until, raw })
    }
}
