//! A double of Close: a small organisation that sends each of its changes to its webhook subscribers.
//!
//! A verb changes the state; today's event and the legacy payload are derived from it, and wait until
//! [`Close::post_pending`] sends them. Unlike Close, it does not delay updates, send `lead.updated` when a contact joins
//! or leaves a lead, or retry by the clock.

#![expect(
    clippy::must_use_candidate,
    reason = "a verb is called for what it does; the id it returns is an extra"
)]

mod event;
mod ids;
mod object;
mod organization;
mod post;
mod rest;
mod subscription;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde_json::{Value, json};
use shared::platform::clock::{ManualClock, SharedClock};

pub use event::Event;
use event::Occurrence;
use organization::Organization;
pub use post::{NO_ANSWER, signature, signature_key};
use post::{Poster, Posting, Subscriber};
pub use rest::{Call, Fault, Limit, Quirks, Rest, Spelling};
use rest::{Cursors, Index};
use subscription::Subscription;

/// A Close organisation; clones share it.
#[derive(Clone)]
pub struct Close {
    state: Arc<Mutex<State>>,
    clock: SharedClock,
    poster: Poster,
}

struct State {
    organization: Organization,
    subscriptions: Vec<Subscription>,
    pending: VecDeque<Posting>,
    posted: Vec<Posting>,
    index: Index,
    index_lag: TimeDelta,
    consolidates: bool,
    cursors: Cursors,
}

impl Close {
    /// An empty organisation whose ids follow from `seed` and whose times are those of `clock`.
    #[must_use]
    pub fn new(seed: u64, clock: SharedClock) -> Self {
        let state = State {
            organization: Organization::new(seed, Arc::clone(&clock)),
            subscriptions: Vec::new(),
            pending: VecDeque::new(),
            posted: Vec::new(),
            index: Index::default(),
            index_lag: TimeDelta::zero(),
            consolidates: true,
            cursors: Cursors::default(),
        };
        Self { state: Arc::new(Mutex::new(state)), clock, poster: Poster::new() }
    }

    /// An empty organisation whose clock begins at `start` and advances a little with each change.
    #[must_use]
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        Self::new(1, Arc::new(ManualClock::starting_at(start)))
    }

    /// Creates a lead and returns its id.
    pub fn create_lead(&self, name: &str) -> String {
        self.create("lead", &json!({"name": name}))
    }

    /// Changes one field of a lead.
    pub fn update_lead(&self, id: &str, field: &str, value: impl Into<Value>) {
        self.update("lead", id, field, value);
    }

    /// Deletes a lead, and with it all that belongs to it.
    pub fn delete_lead(&self, id: &str) {
        self.delete("lead", id);
    }

    /// Merges one lead into another: the source is deleted, and its objects move to the destination.
    ///
    /// Today's webhooks have two events for it (`merged` and `deleted`), legacy ones one.
    pub fn merge_leads(&self, source: &str, destination: &str) {
        self.occur(|organization| ((), organization.merge(source, destination)));
    }

    /// Creates an object of any type (`contact`, `opportunity`, `task.lead`, `activity.note`…) and returns its id.
    ///
    /// `fields` is an object; missing fields get Close's defaults.
    pub fn create(&self, object_type: &str, fields: &Value) -> String {
        self.occur(|organization| organization.create(object_type, fields))
    }

    /// Creates objects at the same time, each with its fields.
    pub fn create_together(&self, object_type: &str, fields: &[Value]) {
        self.occur(|organization| ((), organization.create_together(object_type, fields)));
    }

    /// Changes one field of an object.
    ///
    /// # Panics
    /// When there is no such object; so do all verbs that name one.
    pub fn update(&self, object_type: &str, id: &str, field: &str, value: impl Into<Value>) {
        let value = value.into();
        self.occur(|organization| ((), organization.update(object_type, id, field, value)));
    }

    /// Changes one field again and consolidates: the object's last `updated` event now has both changes, with the same id
    /// and a later `date_updated`, and replaces itself where it is still pending. If the API is served without
    /// consolidation, this is an update like any other.
    ///
    /// # Panics
    /// When the object was not updated before.
    pub fn update_again(&self, object_type: &str, id: &str, field: &str, value: impl Into<Value>) {
        let value = value.into();
        let mut state = self.state();
        if !state.consolidates {
            drop(state);
            return self.update(object_type, id, field, value);
        }
        let occurrences = state.organization.update_again(object_type, id, field, value);
        let consolidated = |event_id: &str| occurrences.iter().any(|it| it.event.id == event_id);
        state.index(self.clock.now());
        state.pending.retain(|posting| !posting.event_id().is_some_and(consolidated));
        state.tell(&occurrences);
    }

    /// True if an event is so young that another change may be consolidated with it.
    #[must_use]
    pub fn is_recent(&self, event: &Event) -> bool {
        let at = close::date::parse(&event.date_updated).unwrap_or_default();
        self.clock.now() - at < TimeDelta::minutes(5)
    }

    /// Deletes an object.
    pub fn delete(&self, object_type: &str, id: &str) {
        self.occur(|organization| ((), organization.delete(object_type, id)));
    }

    /// An object as the API shows it: a lead with its contacts, opportunities and tasks.
    #[must_use]
    pub fn object(&self, id: &str) -> Option<Value> {
        self.state().organization.as_api(id)
    }

    /// An object by its path in the API: `contact`, `activity/note`.
    fn object_at(&self, collection: &str, id: &str) -> Option<Value> {
        self.state().organization.at(collection, id)
    }

    /// Every object with its type, as the API shows it, by id.
    #[must_use]
    pub fn objects(&self) -> std::collections::BTreeMap<String, (String, Value)> {
        self.state().organization.all()
    }

    /// The event feed, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.state().organization.events().to_vec()
    }

    /// Subscribes a URL to all events from now on, signed with a key of hexadecimal digits; returns the
    /// subscription's id.
    pub fn subscribe(&self, url: &str, signature_key_hex: &str) -> String {
        let mut state = self.state();
        let id = state.organization.subscription_id();
        let key = signature_key(signature_key_hex);
        let subscriber = Subscriber::Signed { id: id.clone(), url: url.to_owned(), key };
        state.subscriptions.push(Subscription::to_all(subscriber));
        id
    }

    /// Pauses a subscription, as Close does after too many failures: its pending events are dropped.
    pub fn pause_subscription(&self, id: &str) {
        let mut state = self.state();
        state.subscriptions.iter_mut().filter(|it| it.is(id)).for_each(|it| it.pause("too many failures"));
        state.throw_away(id);
    }

    /// Deletes a subscription, as anybody with access to the API may; true if there was one.
    pub fn end_subscription(&self, id: &str) -> bool {
        let mut state = self.state();
        let before = state.subscriptions.len();
        state.subscriptions.retain(|it| !it.is(id));
        state.throw_away(id);
        state.subscriptions.len() < before
    }

    /// The subscriptions, as the API shows them.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Value> {
        self.state().subscriptions.iter().filter_map(Subscription::shown).collect()
    }

    fn subscription(&self, id: &str) -> Option<Value> {
        self.state().subscriptions.iter().find(|it| it.is(id))?.shown()
    }

    /// Creates a subscription through the API. Only this answer has its key.
    fn make_subscription(&self, request: &Value) -> Value {
        let mut state = self.state();
        let id = state.organization.subscription_id();
        let (made, key) = Subscription::asked_for(id, request);
        let mut shown = made.shown().unwrap_or_default();
        shown["signature_key"] = key.into();
        state.subscriptions.push(made);
        shown
    }

    fn change_subscription(&self, id: &str, request: &Value) -> Option<Value> {
        let mut state = self.state();
        let found = state.subscriptions.iter_mut().find(|it| it.is(id))?;
        found.change(request);
        found.shown()
    }

    /// Subscribes a URL to all legacy payloads from now on; they are not signed.
    pub fn subscribe_legacy(&self, url: &str) {
        let legacy = Subscriber::Legacy { url: url.to_owned() };
        self.state().subscriptions.push(Subscription::to_all(legacy));
    }

    /// How many deliveries wait to be posted.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.state().pending.len()
    }

    /// Posts the pending webhooks, oldest first, and returns the statuses of the answers, or [`NO_ANSWER`].
    ///
    /// A webhook that is not accepted (2xx, for legacy exactly 200) stays pending. Each try is signed anew.
    pub async fn post_pending(&self) -> Vec<StatusCode> {
        let pending = std::mem::take(&mut self.state().pending);
        let mut statuses = Vec::with_capacity(pending.len());
        let mut refused = VecDeque::new();
        for posting in pending {
            let status = self.poster.post(&posting, self.clock.now()).await;
            statuses.push(status);
            if posting.subscriber.accepts(status) {
                self.state().posted.push(posting);
            } else {
                refused.push_back(posting);
            }
        }
        let mut state = self.state();
        refused.append(&mut state.pending);
        state.pending = refused;
        statuses
    }

    /// Posts the last `n` accepted deliveries once more, in their order, as Close may at any time.
    pub async fn repeat_last(&self, n: usize) -> Vec<StatusCode> {
        let postings = {
            let state = self.state();
            state.posted[state.posted.len().saturating_sub(n)..].to_vec()
        };
        let mut statuses = Vec::with_capacity(n);
        for posting in &postings {
            statuses.push(self.poster.post(posting, self.clock.now()).await);
        }
        statuses
    }

    /// Serves the REST API by `clock`, the organisation's own.
    ///
    /// # Panics
    /// When there is no port for it.
    #[expect(clippy::panic, reason = "a story cannot go on without the API")]
    pub async fn serve(&self, clock: &ManualClock, quirks: Quirks) -> Rest {
        let rest = Rest::start(self.clone(), clock.clone(), quirks).await;
        rest.unwrap_or_else(|error| panic!("the API of Close: {error}"))
    }

    /// Sets the lag of the search index and the consolidation of events from now on.
    fn behave(&self, quirks: &Quirks) {
        let mut state = self.state();
        (state.index_lag, state.consolidates) = (quirks.index_lag, quirks.consolidates);
        state.organization.clock_is_ahead(quirks.ahead);
        state.index(self.clock.now());
    }

    fn with_index<T>(&self, read: impl FnOnce(&Index, &mut Cursors) -> T) -> T {
        let mut state = self.state();
        let state = &mut *state;
        read(&state.index, &mut state.cursors)
    }

    /// The objects of a type (`contact`) or of a family of types (`task.`), as the API shows them.
    fn objects_of(&self, object_type: &str) -> Vec<Value> {
        let is_kind =
            |kind: &str| kind == object_type || (object_type.ends_with('.') && kind.starts_with(object_type));
        let objects = self.state().organization.all().into_values();
        objects.filter(|(kind, _)| is_kind(kind)).map(|(_, object)| object).collect()
    }

    fn occur<T>(&self, change: impl FnOnce(&mut Organization) -> (T, Vec<Occurrence>)) -> T {
        let mut state = self.state();
        let (result, occurrences) = change(&mut state.organization);
        state.index(self.clock.now());
        state.tell(&occurrences);
        result
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn index(&mut self, now: DateTime<Utc>) {
        self.index.update(&self.organization.all(), now, self.index_lag);
    }

    fn tell(&mut self, occurrences: &[Occurrence]) {
        for occurrence in occurrences {
            for it in self.subscriptions.iter().filter(|it| it.hears(&occurrence.event)) {
                self.pending.extend(Posting::of(occurrence, &it.subscriber));
            }
        }
    }

    fn throw_away(&mut self, subscription: &str) {
        self.pending
            .retain(|it| !matches!(&*it.subscriber, Subscriber::Signed { id, .. } if id == subscription));
    }
}

/// The bytes of a value on the wire.
#[expect(clippy::expect_used, reason = "these types have no map with other keys than strings")]
fn to_bytes(value: &impl serde::Serialize) -> Bytes {
    serde_json::to_vec(value).expect("plain data becomes JSON").into()
}

#[cfg(test)]
mod tests;
