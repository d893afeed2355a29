//! What a receiver must be sent, and what it may be.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::heard::naive;
use super::plan::{InstancePlan, ResourcePlan};
use super::resources::{Found, platforms_name};
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
    pub(super) fn new(resource: &ResourcePlan, from: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self {
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

    /// Whether an object in a state is wanted, apart from its date.
    pub(super) fn wants(&self, plan: &InstancePlan, object_type: &str, object: &Value) -> Wanted {
        if !self.resource.kind().is(object_type) || !self.keeps(object) {
            return Wanted::No;
        }
        wants(plan, &self.resource, object_type)
    }

    /// Whether an entry of the event feed is wanted, apart from its date.
    pub(super) fn wants_entry(&self, plan: &InstancePlan, event: &Event) -> Wanted {
        let object = event.data.as_ref().unwrap_or(&event.previous_data);
        self.wants(plan, &event.object_type, object)
    }

    pub(super) fn must(&self, date: DateTime<Utc>) -> bool {
        date >= self.required_from
    }

    pub(super) fn may(&self, date: DateTime<Utc>) -> bool {
        date >= self.allowed_from - A_SECOND
    }

    /// The versions of objects that must have been told by now.
    pub(super) fn last_versions(&self, plan: &InstancePlan, close: &Close) -> Shown {
        if !self.alive || self.resource.kind().found != Found::Objects {
            return Shown::new();
        }
        let objects = close.objects().into_iter().filter(|(_, (object_type, object))| {
            let changed = object["date_updated"].as_str().unwrap_or_default();
            self.must(date(changed)) && self.wants(plan, object_type, object) == Wanted::Yes
        });
        let version = |object: &Value| object["date_updated"].as_str().unwrap_or_default().to_owned();
        objects.map(|(id, (_, object))| (self.resource.name.clone(), id, version(&object))).collect()
    }

    /// The entries of the event feed that must have been told by now.
    pub(super) fn last_entries(&self, plan: &InstancePlan, close: &Close) -> Shown {
        if !self.alive || self.resource.kind().found == Found::Objects {
            return Shown::new();
        }
        let floor = self.begun_at - FEED_FLOOR;
        let events = close.events().into_iter().filter(|event| {
            let at = date(&event.date_updated);
            self.must(at) && at >= floor && self.wants_entry(plan, event) == Wanted::Yes
        });
        events.map(|event| (self.resource.name.clone(), event.id, event.date_updated)).collect()
    }

    /// Activities of before the event feed, of which the receiver must have heard.
    pub(super) fn older_objects(&self, plan: &InstancePlan, close: &Close) -> BTreeSet<String> {
        let kind = self.resource.kind();
        if !self.alive || kind.found != Found::Entries {
            return BTreeSet::new();
        }
        let objects = close.objects().into_iter().filter(|(_, (object_type, object))| {
            let created = object["date_created"].as_str().unwrap_or_default();
            self.must(date(created)) && self.wants(plan, object_type, object) == Wanted::Yes
        });
        objects.map(|(id, _)| id).collect()
    }

    /// What a request of a poll that went well showed and must be told.
    pub(super) fn shown(&self, plan: &InstancePlan, call: &Call, past: &Past) -> Shown {
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
                known.map_or(Wanted::Maybe, |(object_type, object)| self.wants(plan, object_type, object))
            } else {
                let known = past.entries.get(&(id.clone(), naive(&version)));
                known.map_or(Wanted::Maybe, |event| self.wants_entry(plan, event))
            };
            if wanted == Wanted::Yes && self.must(date(&version)) {
                let version = if kind.found == Found::Objects { version } else { naive(&version) };
                shown.insert((self.resource.name.clone(), id, version));
            }
        }
        shown
    }

    /// True if nothing that the resource can find is wanted.
    pub(super) fn is_useless(&self, plan: &InstancePlan) -> bool {
        let kind = self.resource.kind();
        plan.objects.as_ref().is_some_and(|objects| {
            objects.iter().all(|wanted| {
                *wanted != self.resource.name
                    && *wanted != kind.name
                    && *wanted != platforms_name(kind.object_type)
                    && !kind.is(wanted)
                    && !kind.object_type.is_empty()
            })
        })
    }
}

/// Whether `event.objects` has objects of a type that a resource finds.
fn wants(plan: &InstancePlan, resource: &ResourcePlan, object_type: &str) -> Wanted {
    let Some(objects) = &plan.objects else { return Wanted::Yes };
    let (kind, platforms) = (resource.kind(), platforms_name(object_type));
    if objects.iter().any(|wanted| *wanted == resource.name || *wanted == object_type) {
        Wanted::Yes
    } else if objects.contains(&platforms) {
        if kind.found == Found::Events { Wanted::Yes } else { Wanted::Maybe }
    } else if objects.contains(&kind.name) {
        Wanted::Maybe
    } else {
        Wanted::No
    }
}
