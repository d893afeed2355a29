//! The state of the organisation and the events of its changes. No network here.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use shared::platform::clock::SharedClock;

use super::event::{Event, Legacy, Occurrence};
use super::ids::Ids;
use super::object::{Fields, Object, Owner, collection, prefix};

/// The least time between two changes, even if the clock stands still.
const STEP: TimeDelta = TimeDelta::milliseconds(10);

/// An event is written this much after the object was.
const EVENT_LAG: TimeDelta = TimeDelta::milliseconds(5);

/// The leads, contacts and so on of one customer of Close, and its event feed.
pub(super) struct Organization {
    clock: SharedClock,
    ahead: TimeDelta,
    last_change: DateTime<Utc>,
    ids: Ids,
    owner: Owner,
    api_key_id: String,
    objects: BTreeMap<String, Object>,
    events: Vec<Event>,
}

impl Organization {
    pub(super) fn new(seed: u64, clock: SharedClock) -> Self {
        let mut ids = Ids::new(seed);
        let owner =
            Owner { organization: ids.object("orga"), user: ids.object("user"), status: ids.object("stat") };
        let api_key_id = ids.short("api");
        let (last_change, objects) = (DateTime::UNIX_EPOCH, BTreeMap::new());
        let ahead = TimeDelta::zero();
        Self { clock, ahead, last_change, ids, owner, api_key_id, objects, events: Vec::new() }
    }

    pub(super) fn subscription_id(&mut self) -> String {
        self.ids.short("whsub")
    }

    /// Changes are dated by a clock that is so much ahead from now on.
    pub(super) fn clock_is_ahead(&mut self, by: TimeDelta) {
        self.ahead = by;
    }

    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    pub(super) fn create(&mut self, object_type: &str, fields: &Value) -> (String, Vec<Occurrence>) {
        let now = self.tick();
        let id = self.ids.object(prefix(object_type));
        let object = Object::new(object_type, &id, &now, &self.owner, fields);
        self.objects.insert(id.clone(), object);
        self.touch_lead(&id, &now);
        let meta = json!({"request_method": "POST", "request_path": collection(object_type)});
        let event = Event { data: self.as_event(&id), ..self.event("created", &id, meta) };
        (id, vec![self.log(event)])
    }

    /// Many objects, all at the same time.
    pub(super) fn create_together(&mut self, object_type: &str, fields: &[Value]) -> Vec<Occurrence> {
        let before = self.last_change;
        let one = |fields| {
            self.last_change = before;
            self.create(object_type, fields).1
        };
        fields.iter().flat_map(one).collect()
    }

    pub(super) fn update(
        &mut self,
        object_type: &str,
        id: &str,
        field: &str,
        value: Value,
    ) -> Vec<Occurrence> {
        let previous = self.change(object_type, id, field, value);
        let meta = json!({"request_method": "PUT", "request_path": one(object_type, id)});
        let mut event = Event { data: self.as_event(id), ..self.event("updated", id, meta) };
        event.changed_fields = previous.keys().cloned().collect();
        event.changed_fields.sort();
        event.previous_data = previous.into();
        vec![self.log(event)]
    }

    #[expect(clippy::expect_used, reason = "a test that consolidates what was not updated is wrong")]
    pub(super) fn update_again(
        &mut self,
        object_type: &str,
        id: &str,
        field: &str,
        value: Value,
    ) -> Vec<Occurrence> {
        let is_last = |event: &Event| event.object_id == id && event.action == "updated";
        let place = self.events.iter().rposition(is_last).expect("only an update can be consolidated");
        let mut previous = self.change(object_type, id, field, value);
        let mut event = self.events.remove(place);
        if let Value::Object(earlier) = event.previous_data {
            previous.extend(earlier);
        }
        event.date_updated = naive(self.last_change + EVENT_LAG);
        event.changed_fields = previous.keys().cloned().collect();
        event.changed_fields.sort();
        event.previous_data = previous.into();
        event.data = self.as_event(id);
        vec![self.log(event)]
    }

    pub(super) fn delete(&mut self, object_type: &str, id: &str) -> Vec<Occurrence> {
        let meta = json!({"request_method": "DELETE", "request_path": one(object_type, id)});
        self.existing(object_type, id);
        let gone = std::iter::once(id.to_owned()).chain(self.children(id));
        let gone: Vec<_> = gone.map(|id| (self.as_event(&id), id)).collect();
        gone.into_iter().map(|(previous, id)| self.remove(&id, previous, meta.clone())).collect()
    }

    pub(super) fn merge(&mut self, source: &str, destination: &str) -> Vec<Occurrence> {
        self.existing("lead", source);
        self.existing("lead", destination);
        let meta = json!({
            "request_method": "POST",
            "request_path": "/api/v1/lead/merge/",
            "merge_source_lead_id": source,
            "merge_destination_lead_id": destination,
        });
        let previous = self.as_event(source);
        for child in self.children(source) {
            if let Some(child) = self.objects.get_mut(&child) {
                child.fields.insert("lead_id".to_owned(), destination.into());
            }
        }
        self.tick();
        let merged =
            Event { data: self.as_event(destination), ..self.event("merged", destination, meta.clone()) };
        vec![self.log(merged), self.remove(source, previous, meta)]
    }

    /// The object as the API shows it.
    pub(super) fn as_api(&self, id: &str) -> Option<Value> {
        let object = self.objects.get(id)?;
        let mut fields = object.fields.clone();
        if object.object_type == "lead" {
            for (field, object_type) in
                [("contacts", "contact"), ("opportunities", "opportunity"), ("tasks", "task.lead")]
            {
                let children = self.children(id).into_iter().map(|child| &self.objects[&child]);
                let children = children.filter(|child| child.object_type == object_type);
                fields.insert(field.to_owned(), children.map(|child| child.fields.clone()).collect());
            }
        }
        Some(fields.into())
    }

    /// The object at a path of the API.
    pub(super) fn at(&self, path: &str, id: &str) -> Option<Value> {
        let object = self.objects.get(id)?;
        let is_there = collection(&object.object_type).trim_matches('/') == format!("api/v1/{path}");
        self.as_api(id).filter(|_| is_there)
    }

    /// Every object with its type, as the API shows it.
    pub(super) fn all(&self) -> BTreeMap<String, (String, Value)> {
        let shown = |id: &String| self.as_api(id).unwrap_or_default();
        self.objects
            .iter()
            .map(|(id, object)| (id.clone(), (object.object_type.clone(), shown(id))))
            .collect()
    }

    /// The object as an event shows it: a lead only names its contacts.
    fn as_event(&self, id: &str) -> Option<Value> {
        let object = self.objects.get(id)?;
        let mut fields = object.fields.clone();
        if object.object_type == "lead" {
            let contacts =
                self.children(id).into_iter().filter(|child| self.objects[child].object_type == "contact");
            fields.insert("contact_ids".to_owned(), contacts.collect());
        }
        Some(fields.into())
    }

    fn children(&self, lead: &str) -> Vec<String> {
        let belongs =
            |(id, object): &(&String, &Object)| id.as_str() != lead && object.lead_id() == Some(lead);
        self.objects.iter().filter(belongs).map(|(id, _)| id.clone()).collect()
    }

    /// Sets a field and those that depend on it; returns the previous values.
    fn change(&mut self, object_type: &str, id: &str, field: &str, value: Value) -> Fields {
        let now = self.tick();
        let object = self.existing(object_type, id);
        let mut changes = vec![("date_updated", now.clone().into()), (field, value.clone())];
        if field == "name" && object.fields.contains_key("display_name") {
            changes.push(("display_name", value));
        }
        let previous = changes.into_iter().map(|(name, value)| {
            (name.to_owned(), object.fields.insert(name.to_owned(), value).unwrap_or_default())
        });
        let previous = previous.collect();
        self.touch_lead(id, &now);
        previous
    }

    /// A change of a child moves the date of its lead, without an event.
    fn touch_lead(&mut self, id: &str, now: &str) {
        let lead = self.objects.get(id).and_then(Object::lead_id).map(str::to_owned);
        if let Some(lead) = lead.and_then(|lead| self.objects.get_mut(&lead)) {
            lead.fields.insert("date_updated".to_owned(), now.into());
        }
    }

    fn remove(&mut self, id: &str, previous: Option<Value>, meta: Value) -> Occurrence {
        let now = self.tick();
        self.touch_lead(id, &now);
        let event = Event { previous_data: previous.unwrap_or_default(), ..self.event("deleted", id, meta) };
        self.objects.remove(id);
        self.log(event)
    }

    fn event(&mut self, action: &str, id: &str, meta: Value) -> Event {
        let now = naive(self.last_change + EVENT_LAG);
        let object = &self.objects[id];
        Event {
            id: self.ids.short("ev"),
            date_created: now.clone(),
            date_updated: now,
            organization_id: self.owner.organization.clone(),
            user_id: self.owner.user.clone(),
            request_id: self.ids.short("req"),
            api_key_id: self.api_key_id.clone(),
            oauth_client_id: None,
            oauth_scope: None,
            object_type: object.object_type.clone(),
            object_id: id.to_owned(),
            lead_id: object.lead_id().map(str::to_owned),
            action: action.to_owned(),
            changed_fields: Vec::new(),
            meta,
            data: None,
            previous_data: json!({}),
        }
    }

    fn log(&mut self, event: Event) -> Occurrence {
        self.events.push(event.clone());
        let legacy = Legacy::of(&event, self.as_api(&event.object_id));
        Occurrence { event, legacy }
    }

    /// The time of the next change, as objects show it.
    fn tick(&mut self) -> String {
        self.last_change = (self.clock.now() + self.ahead).max(self.last_change + STEP);
        format!("{}+00:00", naive(self.last_change))
    }

    #[expect(clippy::panic, reason = "a test that names an object which is not there is wrong")]
    fn existing(&mut self, object_type: &str, id: &str) -> &mut Object {
        let object = self.objects.get_mut(id).filter(|object| object.object_type == object_type);
        object.unwrap_or_else(|| panic!("the organisation has no {object_type} {id}"))
    }
}

/// The path of one object in the API.
fn one(object_type: &str, id: &str) -> String {
    format!("{}{id}/", collection(object_type))
}

/// Microseconds and no zone, as events show times.
fn naive(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}
