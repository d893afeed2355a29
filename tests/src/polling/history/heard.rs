//! What a receiver was sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::receiver::Hook;

/// One event of a notification.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// The resource by its name in the configuration, or the object type of an entry of the event feed.
    pub(super) name: String,
    pub(super) event_type: String,
    /// The record's own id.
    pub(super) id: String,
    /// The id that the notification has.
    pub(super) told_id: String,
    /// The number that the record has as well.
    pub(super) number: Option<u64>,
    pub(super) event_id: String,
    /// The record's `date_updated`.
    pub(super) version: String,
    /// The id and date of the entry of the event feed, where it is told as itself.
    pub(super) entry: Option<(String, String)>,
}

/// Everything that a receiver was sent.
#[derive(Debug, Default)]
pub(super) struct Ears {
    pub(super) heard: Vec<Heard>,
    read: usize,
}

impl Ears {
    /// Reads on.
    pub(super) fn listen(&mut self, hook: &Hook) {
        let received = hook.received();
        for request in &received[self.read..] {
            let message = request.message()["message"].clone();
            let event = &message["events"][0];
            let name = text(&event["objectType"]);
            let record = &message["raw"][&name][0];
            let entry = &message["raw"]["event"];
            let entry = entry.is_object().then(|| (text(&entry["id"]), naive(&text(&entry["date_updated"]))));
            self.heard.push(Heard {
                event_type: text(&event["eventType"]),
                id: record["id"].as_str().map_or_else(|| text(&event["objectId"]), str::to_owned),
                told_id: text(&event["objectId"]),
                number: record["reference"]["number"].as_u64(),
                event_id: text(&message["eventId"]),
                version: text(&record["date_updated"]),
                entry,
                name,
            });
        }
        self.read = received.len();
    }

    /// How often each version of an object was told under a name.
    pub(super) fn versions(&self) -> BTreeMap<(&str, &str, &str), usize> {
        let mut count = BTreeMap::new();
        for it in self.heard.iter().filter(|it| it.entry.is_none()) {
            *count.entry((it.name.as_str(), it.id.as_str(), it.version.as_str())).or_default() += 1;
        }
        count
    }

    /// How often each entry of the event feed was told as itself.
    pub(super) fn entries(&self) -> BTreeMap<&(String, String), usize> {
        let mut count = BTreeMap::new();
        for entry in self.heard.iter().filter_map(|it| it.entry.as_ref()) {
            *count.entry(entry).or_default() += 1;
        }
        count
    }

    /// How often each kind of change of an object was told under a name.
    pub(super) fn changes(&self) -> BTreeMap<(&str, &str, &str), usize> {
        let mut count = BTreeMap::new();
        for it in self.heard.iter().filter(|it| it.entry.is_none()) {
            *count.entry((it.name.as_str(), it.id.as_str(), it.event_type.as_str())).or_default() += 1;
        }
        count
    }

    /// The ids of notifications that came more than once.
    pub(super) fn repeated(&self) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        self.heard.iter().map(|it| it.event_id.as_str()).filter(|id| !seen.insert(*id)).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A date of the event feed without its zone.
pub(super) fn naive(date: &str) -> String {
    date.trim_end_matches("+00:00").to_owned()
}
