//! What is subscribed to: every change of the objects that a CRM's client knows (Close API documentation, "Event
//! log", table of object types and actions).

use serde::Serialize;

/// An entry of a subscription's `events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Subscribed {
    object_type: &'static str,
    action: &'static str,
}

/// What every object has.
const CHANGES: [&str; 3] = ["created", "updated", "deleted"];

/// Objects, with the actions that they have beside [`CHANGES`].
const OBJECTS: &[(&str, &[&str])] = &[
    ("lead", &["merged"]),
    ("contact", &[]),
    ("opportunity", &[]),
    ("task.lead", &["completed"]),
    ("task.incoming_email", &["completed"]),
    ("task.email_followup", &["completed"]),
    ("task.missed_call", &["completed"]),
    ("task.answered_detached_call", &["completed"]),
    ("task.voicemail", &["completed"]),
    ("task.opportunity_due", &["completed"]),
    ("task.incoming_sms", &["completed"]),
    ("activity.email", &["sent"]),
    ("activity.call", &["answered", "completed"]),
    ("activity.sms", &["sent"]),
    ("activity.note", &[]),
    ("activity.meeting", &["scheduled", "started", "completed", "canceled"]),
    ("activity.lead_status_change", &[]),
    ("activity.opportunity_status_change", &[]),
    ("activity.custom_activity", &[]),
];

/// Every entry.
pub(super) fn all() -> Vec<Subscribed> {
    let of = |(object_type, more): &(&'static str, &'static [&'static str])| {
        let object_type = *object_type;
        CHANGES.iter().chain(*more).map(move |action| Subscribed { object_type, action })
    };
    OBJECTS.iter().flat_map(of).collect()
}
