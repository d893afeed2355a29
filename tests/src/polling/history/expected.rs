//! What a receiver must be sent, and what it may be.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::heard::naive;
use super::plan::{InstancePlan, ResourcePlan};
use super::resources::{Found, OBJECT_TYPES, means};
use crate::close::{Call, Close, Event};

/// Entries of the event feed that are older when their resource begins may be gone before it is polled.
const FEED_FLOOR: TimeDelta = TimeDelta::days(20);
/// Dates are compared by their seconds in some places.
const A_SECOND: TimeDelta = TimeDelta::seconds(1);

/// A resource of an instance, from when it was configured so until it was not.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    pub(super) resource: ResourcePlan,
    /// What changed since is told.
    pub(super) required_from: DateTime<Utc>,
    /// What changed before is not.
    pub(super) allowed_from: DateTime<Utc>,
    /// When it was configured.
    pub(super) begun_at: DateTime<Utc>,
    pub(super) alive: bool,
    /// False if it is one of several of its name.
    pub(super) is_only: bool,
    /// True if Close may withhold the objects of entries, so that a condition on them cannot be judged.
    pub(super) is_withheld: bool,
    /// `event.objects`, each with the time from which on it was so.
    pub(super) objects: Vec<(DateTime<Utc>, Option<Vec<&'static str>>)>,
}

/// Whether something is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Yes,
    /// The documents leave it open.
    Maybe,
    No,
}

/// Everything that ever was at Close.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// By id and date, with the type.
    pub(super) versions: BTreeMap<(String, String), (String, Value)>,
    /// By id and date.
    pub(super) entries: BTreeMap<(String, String), Event>,
}

/// What Close showed to an instance in polls that went well: (name, id, date).
pub(super) type Shown = BTreeSet<(String, String, String)>;

impl Past {
    /// Takes over what there is now.
    pub(super) fn record(&mut self, close: &Close) {
        for (id, (object_type, object)) in close.objects() {
            let version = object["date_updated"].as_str().unwrap_or_default().to_owned();
            self.versions.entry((id, version)).or_insert((object_type, object));
        }
        for event in close.events() {
            self.entries.entry((event.id.clone(), event.date_updated.clone())).or_insert(event);
        }
    }
}

pub(super) fn date(text: &str) -> DateTime<Utc> {
    close::date::parse(text).unwrap_or_default()
}

impl Watch {
    pub(super) fn new(
        plan: &InstancePlan,
        resource: &ResourcePlan,
        from: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            is_withheld: plan.is_withheld,
            objects: vec![(DateTime::UNIX_EPOCH, plan.objects.clone())],
            resource: resource.clone(),
            required_from: from,
            allowed_from: from,
            begun_at: now,
            alive: true,
            is_only: true,
        }
    }

    /// True if a condition on the object holds.
    fn keeps(&self, object: &Value) -> bool {
        self.resource.keeps.as_ref().is_none_or(|(column, value)| object[column] == **value)
    }

    /// Whether an object is wanted that came into a state at a time.
    pub(super) fn wants(&self, object_type: &str, object: &Value, at: DateTime<Utc>) -> Wanted {
        if !self.resource.kind().is(object_type) {
            return Wanted::No;
        }
        if !self.keeps(object) {
            return if self.is_withheld { Wanted::Maybe } else { Wanted::No };
        }
        // It may have been judged by what was wanted then, and by what was wanted later.
        let later = self.objects.iter().skip_while(|(from, _)| *from <= at);
        let then = self.objects.iter().rfind(|(from, _)| *from <= at);
        let (mut any, mut all) = (false, true);
        for (_, objects) in then.into_iter().chain(later) {
            let wants = is_among(objects.as_deref(), &self.resource, object_type);
            (any, all) = (any || wants, all && wants);
        }
        match (any, all) {
            (false, _) => Wanted::No,
            (true, false) => Wanted::Maybe,
            (true, true) => Wanted::Yes,
        }
    }

    /// Whether an entry of the event feed is wanted, apart from the time when polling began.
    pub(super) fn wants_entry(&self, event: &Event) -> Wanted {
        let object = event.data.as_ref().unwrap_or(&event.previous_data);
        self.wants(&event.object_type, object, date(&event.date_updated))
    }

    pub(super) fn must(&self, date: DateTime<Utc>) -> bool {
        date >= self.required_from
    }

    pub(super) fn may(&self, date: DateTime<Utc>) -> bool {
        date >= self.allowed_from - A_SECOND
    }

    /// The versions of objects that must have been told by now.
    pub(super) fn last_versions(&self, close: &Close) -> Shown {
        if !self.alive || self.resource.kind().found != Found::Objects {
            return Shown::new();
        }
        let objects = close.objects().into_iter().filter(|(_, (object_type, object))| {
            let changed = date(object["date_updated"].as_str().unwrap_or_default());
            self.must(changed) && self.wants(object_type, object, changed) == Wanted::Yes
        });
        let version = |object: &Value| object["date_updated"].as_str().unwrap_or_default().to_owned();
        objects.map(|(id, (_, object))| (self.resource.name.clone(), id, version(&object))).collect()
    }

    /// The entries of the event feed that must have been told by now.
    pub(super) fn last_entries(&self, close: &Close) -> Shown {
        if !self.alive || self.resource.kind().found == Found::Objects {
            return Shown::new();
        }
        let floor = self.begun_at - FEED_FLOOR;
        let events = close.events().into_iter().filter(|event| {
            let at = date(&event.date_updated);
            self.must(at) && at >= floor && self.wants_entry(event) == Wanted::Yes
        });
        events.map(|event| (self.resource.name.clone(), event.id, event.date_updated)).collect()
    }

    /// Activities of before the event feed, of which the receiver must have heard.
    pub(super) fn older_objects(&self, close: &Close) -> BTreeSet<String> {
        let kind = self.resource.kind();
        if !self.alive || !kind.is_listed {
            return BTreeSet::new();
        }
        let objects = close.objects().into_iter().filter(|(_, (object_type, object))| {
            let created = date(object["date_created"].as_str().unwrap_or_default());
            self.must(created) && self.wants(object_type, object, created) == Wanted::Yes
        });
        objects.map(|(id, _)| id).collect()
    }

    /// What a request of a poll that went well showed and must be told.
    pub(super) fn shown(&self, call: &Call, past: &Past) -> Shown {
        let kind = self.resource.kind();
        let is_bounded = self.resource.clauses.iter().any(|clause| clause.contains("<="))
            || self.resource.settings.contains_key("filterByCurrentDate");
        if !self.alive || call.subject != kind.subject || is_bounded {
            return Shown::new();
        }
        let mut shown = Shown::new();
        for row in &call.shown {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let (id, version) = (text("id"), text("date_updated"));
            let wanted = if kind.found == Found::Objects {
                let known = past.versions.get(&(id.clone(), version.clone()));
                let at = date(&version);
                known.map_or(Wanted::Maybe, |(object_type, object)| self.wants(object_type, object, at))
            } else {
                let known = past.entries.get(&(id.clone(), naive(&version)));
                known.map_or(Wanted::Maybe, |event| self.wants_entry(event))
            };
            if wanted == Wanted::Yes && self.must(date(&version)) {
                let version = if kind.found == Found::Objects { version } else { naive(&version) };
                shown.insert((self.resource.name.clone(), id, version));
            }
        }
        shown
    }

    /// True if nothing that the resource can find is wanted.
    pub(super) fn is_useless(&self) -> bool {
        let kind = self.resource.kind();
        let objects = self.objects.last().and_then(|(_, objects)| objects.as_deref());
        let types = OBJECT_TYPES.into_iter().filter(|it| kind.is(it));
        kind.found != Found::Events && !types.into_iter().any(|it| is_among(objects, &self.resource, it))
    }
}

/// True if `event.objects` has objects of a type that a resource finds.
fn is_among(objects: Option<&[&str]>, resource: &ResourcePlan, object_type: &str) -> bool {
    let named = |wanted: &str| {
        (wanted == resource.name && resource.kind().found != Found::Events) || means(wanted, object_type)
    };
    objects.is_none_or(|objects| objects.iter().any(|wanted| named(wanted)))
}
