//! The body of a callback: the platform's `message` envelope (SAP Open Connectors, "Events").

use serde::Serialize;
use serde_json::value::RawValue;

use crate::events::message::QueuedDelivery;
use crate::instances::Instance;
use close::event::{Event, EventType, timestamp};

/// The element's key, in callbacks, in URLs and in `POST /instances`.
pub const ELEMENT_KEY: &str = "closeio";
/// The hub that the element belongs to.
pub const HUB_KEY: &str = "crm";

#[derive(Serialize)]
struct Envelope<'a> {
    message: Message<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    element_key: &'static str,
    account_id: u64,
    event_id: &'a str,
    company_id: u64,
    user_id: u64,
    instance_id: u64,
    /// The same; old consumers read either spelling.
    #[serde(rename = "instance_id")]
    instance_id_again: u64,
    instance_name: &'a str,
    instance_tags: &'a [String],
    raw: &'a RawValue,
    events: Vec<Entry<'a>>,
}

/// An entry of `events`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry<'a> {
    object_type: &'a str,
    object_id: &'a str,
    date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_date: Option<String>,
    event_type: EventType,
    element_key: &'static str,
    hub_key: &'static str,
}

/// The callback body for a delivery: JSON with `raw` in it byte for byte.
pub fn body(instance: &Instance, delivery: &QueuedDelivery<'_>, raw: &RawValue) -> String {
    let id = instance.id.get();
    let message = Message {
        element_key: ELEMENT_KEY,
        account_id: instance.account.account_id,
        event_id: delivery.event_id.as_str(),
        company_id: instance.account.company_id,
        user_id: instance.account.user_id,
        instance_id: id,
        instance_id_again: id,
        instance_name: &instance.name,
        instance_tags: &instance.tags,
        raw,
        events: delivery.events.iter().map(entry).collect(),
    };
    // Nothing in it can fail to serialise: every map key is a string.
    serde_json::to_string(&Envelope { message }).unwrap_or_default()
}

/// An event as `events` has it.
pub(crate) fn entry(event: &Event) -> Entry<'_> {
    Entry {
        object_type: &event.object_type,
        object_id: &event.object_id,
        date: timestamp(event.date),
        poll_date: event.poll_date.map(timestamp),
        event_type: event.event_type,
        element_key: ELEMENT_KEY,
        hub_key: HUB_KEY,
    }
}
