//! What is wrong with what a receiver was sent.

use std::collections::BTreeMap;

use super::expected::{Past, Shown, Wanted, Watch, date};
use super::heard::Ears;
use super::resources::Found;
use crate::close::{Close, Event};

/// One instance and all that is known of it.
pub(super) struct Evidence<'a> {
    pub(super) watches: &'a [Watch],
    pub(super) ears: &'a Ears,
    /// What Close showed in polls that went well.
    pub(super) shown: &'a Shown,
    pub(super) past: &'a Past,
    pub(super) close: &'a Close,
}

/// The platform's word for what happened.
fn event_type(event: &Event) -> &'static str {
    match event.action.as_str() {
        "created" => "CREATED",
        "deleted" => "DELETED",
        _ => "UPDATED",
    }
}

impl Evidence<'_> {
    /// What should have been sent and was not.
    pub(super) fn missing(&self) -> Vec<String> {
        let mut required = self.shown.clone();
        for watch in self.watches {
            required.extend(watch.last_versions(self.close));
            required.extend(watch.last_entries(self.close));
        }
        let (versions, entries, changes) = (self.ears.versions(), self.ears.entries(), self.ears.changes());
        let mut missing = Vec::new();
        let mut counted: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
        for (name, id, version) in &required {
            match self.found(name) {
                Found::Objects if !versions.contains_key(&(name.as_str(), id.as_str(), version.as_str())) => {
                    missing.push(format!("{name} {id} of {version} was not told"));
                }
                Found::Events if !entries.contains_key(&(id.clone(), version.clone())) => {
                    let event = self.past.entries.get(&(id.clone(), version.clone()));
                    let what = event.map(|event| format!("{} {}", event.object_type, event.action));
                    missing.push(format!("the entry {id} of {version} was not told: {what:?}"));
                }
                Found::Entries => {
                    if let Some(event) = self.past.entries.get(&(id.clone(), version.clone())) {
                        *counted.entry((name, event.object_id.as_str(), event_type(event))).or_default() += 1;
                    }
                }
                Found::Objects | Found::Events => {}
            }
        }
        for ((name, id, kind), expected) in counted {
            let told = changes.get(&(name, id, kind)).copied().unwrap_or_default();
            if told < expected {
                missing.push(format!(
                    "{name} {id} {kind}: told {told} times, and {expected} entries were shown"
                ));
            }
        }
        for watch in self.watches {
            let name = watch.resource.name.as_str();
            for id in watch.older_objects(self.close) {
                if !changes.keys().any(|(other, told, _)| *other == name && *told == id) {
                    missing.push(format!("nothing was told of {name} {id}"));
                }
            }
        }
        missing
    }

    /// What should not have been sent, or not so often, or as something else.
    pub(super) fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for id in self.ears.repeated() {
            wrong.push(format!("the notification {id} was delivered twice"));
        }
        for ((name, id, version), count) in self.ears.versions() {
            if self.found(name) != Found::Objects {
                continue;
            }
            if count > 1 {
                wrong.push(format!("{name} {id} of {version} was told {count} times"));
            }
            let known = self.past.versions.get(&(id.to_owned(), version.to_owned()));
            let may = known.is_some_and(|(object_type, object)| {
                self.named(name).any(|watch| {
                    let at = date(version);
                    watch.may(at) && watch.wants(object_type, object, at) != Wanted::No
                })
            });
            if !may {
                wrong.push(format!("{name} {id} of {version} was told, and nobody wants it: {known:?}"));
            }
        }
        for (entry, count) in self.ears.entries() {
            if count > 1 {
                wrong.push(format!("the entry {entry:?} was told {count} times"));
            }
            let known = self.past.entries.get(entry);
            let may = known.is_some_and(|event| {
                self.watches.iter().any(|watch| {
                    watch.resource.kind().found == Found::Events
                        && watch.may(date(&event.date_updated))
                        && watch.wants_entry(event) != Wanted::No
                })
            });
            if !may {
                wrong.push(format!("the entry {entry:?} was told, and nobody wants it"));
            }
        }
        for it in &self.ears.heard {
            let own = self.named(&it.name).all(|watch| watch.resource.settings.contains_key("idField"));
            let number = it.number.filter(|_| own && self.named(&it.name).next().is_some());
            if number.is_some_and(|number| number.to_string() != it.told_id) {
                wrong.push(format!("{} {} was told as {}", it.name, it.id, it.told_id));
            }
        }
        wrong.extend(self.too_many_changes());
        wrong.extend(self.creations());
        wrong
    }

    /// Changes of the event feed that were told more often than they happened.
    fn too_many_changes(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for ((name, id, kind), count) in self.ears.changes() {
            if self.found(name) != Found::Entries {
                continue;
            }
            let happened = self.past.entries.values().filter(|event| {
                event.object_id == id
                    && event_type(event) == kind
                    && self.named(name).any(|watch| {
                        watch.may(date(&event.date_updated)) && watch.wants_entry(event) != Wanted::No
                    })
            });
            // Of what is older than the event feed the last state is told.
            let old = self.named(name).any(|watch| {
                let created = self.past.versions.iter().find(|((it, _), _)| it == id);
                let created = created.and_then(|(_, (_, object))| object["date_created"].as_str());
                watch.begun_at - watch.allowed_from > chrono::TimeDelta::days(28)
                    && created.is_some_and(|created| watch.may(date(created)))
            });
            let happened = happened.count() + usize::from(old);
            if count > happened {
                wrong.push(format!("{name} {id} {kind}: told {count} times, and happened {happened} times"));
            }
        }
        wrong
    }

    /// Objects of lists that are created not once.
    fn creations(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut told: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
        for it in self.ears.heard.iter().filter(|it| it.entry.is_none()) {
            let count = told.entry((&it.name, &it.id)).or_default();
            count.0 += 1;
            count.1 += usize::from(it.event_type == "CREATED");
        }
        for ((name, id), (all, created)) in told {
            if self.found(name) != Found::Objects {
                continue;
            }
            let object = self.past.versions.iter().find(|((it, _), _)| it == id);
            let at = object.and_then(|(_, (_, object))| object["date_created"].as_str()).map(date);
            let Some(at) = at else { continue };
            if created > 1 {
                wrong.push(format!("{name} {id} was created {created} times, of {all}"));
            }
            let Some(watch) = self.named(name).next().filter(|watch| watch.is_only) else { continue };
            if created == 0 && at >= watch.begun_at && watch.resource.keeps.is_none() {
                wrong.push(format!(
                    "{name} {id} was created while it was polled, and told {all} times, never as created"
                ));
            }
            if created > 0 && at < watch.allowed_from - chrono::TimeDelta::seconds(62) {
                wrong.push(format!("{name} {id} is of before polling, and was told as created"));
            }
        }
        wrong
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Watch> {
        self.watches.iter().filter(move |watch| watch.resource.name == name)
    }

    /// How the resource of a name is found; a name that is no resource's is an object type of the event feed.
    fn found(&self, name: &str) -> Found {
        self.named(name).next().map_or(Found::Events, |watch| watch.resource.kind().found)
    }
}
