//! The webhook subscriptions of the organisation.

use std::sync::Arc;

use serde_json::{Value, json};

use super::event::Event;
use super::post::{Subscriber, signature, signature_key};

/// A webhook subscription, made through the API or by a story.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    pub(super) subscriber: Arc<Subscriber>,
    paused: Option<String>,
    /// The events that it covers; `None` for all.
    events: Option<Vec<Value>>,
}

impl Subscription {
    /// One to everything.
    pub(super) fn to_all(subscriber: Subscriber) -> Self {
        Self { subscriber: Arc::new(subscriber), paused: None, events: None }
    }

    /// One as the API is asked for it, with the key that is shown this once.
    pub(super) fn asked_for(id: String, request: &Value) -> (Self, String) {
        let key = signature(b"what only Close knows", "", id.as_bytes());
        let url = request["url"].as_str().unwrap_or_default().to_owned();
        let mut made = Self::to_all(Subscriber::Signed { id, url, key: signature_key(&key) });
        made.change(request);
        (made, key)
    }

    pub(super) fn is(&self, id: &str) -> bool {
        self.id() == Some(id)
    }

    pub(super) fn pause(&mut self, reason: &str) {
        self.paused = Some(reason.to_owned());
    }

    /// Changes the given fields; the key stays.
    pub(super) fn change(&mut self, request: &Value) {
        if let Some(events) = request["events"].as_array() {
            self.events = Some(events.clone());
        }
        match request["status"].as_str() {
            Some("active") => self.paused = None,
            Some(_) => self.pause("paused through the API"),
            None => {}
        }
        if let (Some(to), Subscriber::Signed { id, key, .. }) = (request["url"].as_str(), &*self.subscriber) {
            let (id, url, key) = (id.clone(), to.to_owned(), key.clone());
            self.subscriber = Arc::new(Subscriber::Signed { id, url, key });
        }
    }

    /// True if it covers an event.
    pub(super) fn hears(&self, event: &Event) -> bool {
        let is_it = |it: &Value| it["object_type"] == event.object_type && it["action"] == event.action;
        self.paused.is_none() && self.events.as_ref().is_none_or(|events| events.iter().any(is_it))
    }

    /// As the API shows it, without its key; legacy webhooks are not in the API.
    pub(super) fn shown(&self) -> Option<Value> {
        let Subscriber::Signed { id, url, .. } = &*self.subscriber else { return None };
        let events = self.events.iter().flatten().map(|event| {
            let mut event = event.clone();
            event["extra_filter"] = Value::Null;
            event
        });
        Some(json!({
            "id": id,
            "url": url,
            "status": if self.paused.is_some() { "paused" } else { "active" },
            "events": events.collect::<Vec<_>>(),
            "pause_reason": self.paused,
            "latest_error": null,
            "health_status": null,
            "recent_consecutive_fail_buckets_cnt": 0,
            "verify_ssl": true,
            "counters": {},
            "history": {"errors": [], "successes": []},
        }))
    }

    fn id(&self) -> Option<&str> {
        match &*self.subscriber {
            Subscriber::Signed { id, .. } => Some(id),
            Subscriber::Legacy { .. } => None,
        }
    }
}
