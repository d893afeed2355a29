//! What a webhook subscription at Close is subscribed to (Close API documentation, "Event log", table of object
//! types and actions).

use serde::{Deserialize, Serialize};

use crate::normalize::{ObjectFilter, platform_type};

/// An entry of a subscription's `events`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subscribed {
    /// Close's type of the object (`activity.note`).
    pub object_type: String,
    /// What happens to it (`created`).
    pub action: String,
}

/// What most objects have.
const CHANGES: &[&str] = &["created", "updated", "deleted"];

/// What a client of a CRM knows, with the actions beside [`CHANGES`]: subscribed to unless `event.objects` says less.
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
    ("task.outgoing_call", &["completed"]),
    ("activity.email", &["sent"]),
    ("activity.call", &["answered", "completed"]),
    ("activity.sms", &["sent"]),
    ("activity.note", &[]),
    ("activity.meeting", &["scheduled", "started", "completed", "canceled"]),
    ("activity.lead_status_change", &[]),
    ("activity.opportunity_status_change", &[]),
    ("activity.custom_activity", &[]),
];

/// Subscribed to where `event.objects` names them by Close's type, and with all the actions that they have.
const BY_NAME: &[(&str, &[&str])] = &[
    ("activity.email_thread", CHANGES),
    ("activity.whatsapp_message", CHANGES),
    ("activity.form_submission", CHANGES),
    ("activity.task_completed", &["created", "deleted"]),
    ("unsubscribed_email", &["created", "deleted"]),
    ("lead_merge", CHANGES),
    ("import", &["created", "updated", "completed", "reverting", "reverted"]),
    ("export.lead", &["created", "updated", "completed"]),
    ("export.opportunity", &["created", "updated", "completed"]),
    ("bulk_action.delete", &["created", "updated", "completed", "paused"]),
    ("bulk_action.edit", &["created", "updated", "completed", "paused"]),
    ("bulk_action.email", &["created", "updated", "completed", "paused"]),
    ("bulk_action.sequence_subscription", &["created", "updated", "completed", "paused"]),
    ("custom_fields.lead", CHANGES),
    ("custom_fields.contact", CHANGES),
    ("custom_fields.opportunity", CHANGES),
    ("custom_fields.activity", CHANGES),
    ("custom_fields.custom_object", CHANGES),
    ("custom_fields.shared", CHANGES),
    ("custom_activity_type", CHANGES),
    ("custom_object_type", CHANGES),
    ("custom_object", CHANGES),
    ("status.lead", CHANGES),
    ("status.opportunity", CHANGES),
    ("membership", &["activated", "deactivated"]),
    ("group", CHANGES),
    ("saved_search", CHANGES),
    ("phone_number", CHANGES),
    ("email_template", CHANGES),
    ("sms_template", CHANGES),
    ("sequence", CHANGES),
    ("sequence_subscription", CHANGES),
    ("comment", CHANGES),
    ("comment_thread", CHANGES),
];

/// The entries that bring what an instance wants; none when Close has no event of any type that it names.
#[must_use]
pub fn events(wanted: &ObjectFilter) -> Vec<Subscribed> {
    let of = |object_type: &str, actions: &mut dyn Iterator<Item = &&str>| -> Vec<Subscribed> {
        let entry =
            |action: &&str| Subscribed { object_type: object_type.to_owned(), action: (*action).to_owned() };
        actions.map(entry).collect()
    };
    let usual = OBJECTS.iter().filter(|(name, _)| wanted.wants(platform_type(name), name));
    let usual = usual.flat_map(|(name, more)| of(name, &mut CHANGES.iter().chain(*more)));
    let named = BY_NAME.iter().filter(|(name, _)| wanted.names(name));
    usual.chain(named.flat_map(|(name, actions)| of(name, &mut actions.iter()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(list: &str) -> Vec<String> {
        let mut types: Vec<_> =
            events(&ObjectFilter::parse(list)).into_iter().map(|entry| entry.object_type).collect();
        types.dedup();
        types
    }

    #[test]
    fn only_what_is_wanted_is_subscribed_to() {
        assert_eq!(types("").len(), OBJECTS.len());
        assert_eq!(types("Accounts, contacts"), ["lead", "contact"]);
        assert_eq!(types("activity.note,sequence"), ["activity.note", "sequence"]);
        assert_eq!(types("tasks").len(), 9);
        assert!(types("activities").iter().all(|name| name.starts_with("activity.")));
        assert_eq!(types("users,nonsense"), Vec::<String>::new());
        let merged = Subscribed { object_type: "lead".to_owned(), action: "merged".to_owned() };
        assert!(events(&ObjectFilter::parse("lead")).contains(&merged));
        assert_eq!(events(&ObjectFilter::parse("membership")).len(), 2);
    }
}
