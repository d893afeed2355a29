//! The object types in Close's event feed: their names, their actions, and which of them a webhook subscription covers
//! (Close API, "Event Log", table of object types and actions).
//!
//! A type has Close's name (`activity.call`), the same without its family if that is unambiguous (`call`), and plurals
//! (`calls`). `event.objects` and resources may use any of them.

use serde::{Deserialize, Serialize};

use crate::normalize::{ObjectFilter, platform_type};

/// An entry of a subscription's `events`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subscribed {
    /// Close's type of the object (`activity.note`).
    pub object_type: String,
    /// The action (`created`).
    pub action: String,
}

/// A type of objects in the event feed, or a family of types.
#[derive(Debug, PartialEq, Eq)]
pub struct ObjectType {
    /// Close's name (`activity.call`); that of a family ends with a dot (`task.`).
    pub name: &'static str,
    /// Other names, the best one first (`calls`).
    pub aliases: &'static [&'static str],
    /// Its actions; unknown for a family.
    pub actions: &'static [&'static str],
    /// The list that can be filtered by creation, below `base.url`, if Close has one.
    pub list: Option<&'static str>,
    subscription: Subscription,
}

/// When a webhook subscription has a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subscription {
    /// By default, unless `event.objects` narrows it: types that a CRM client knows.
    Usual,
    /// Only if `event.objects` names it.
    ByName,
}

/// The actions of most objects.
const CHANGES: &[&str] = &["created", "updated", "deleted"];
/// The actions of tasks.
const TASK: &[&str] = &["created", "updated", "deleted", "completed"];
const BULK: &[&str] = &["created", "updated", "completed", "paused"];

const fn of(
    name: &'static str,
    aliases: &'static [&'static str],
    actions: &'static [&'static str],
    subscription: Subscription,
) -> ObjectType {
    ObjectType { name, aliases, actions, list: None, subscription }
}

const fn usual(
    name: &'static str,
    aliases: &'static [&'static str],
    actions: &'static [&'static str],
) -> ObjectType {
    of(name, aliases, actions, Subscription::Usual)
}

const fn by_name(name: &'static str, aliases: &'static [&'static str]) -> ObjectType {
    of(name, aliases, CHANGES, Subscription::ByName)
}

const fn family(name: &'static str, aliases: &'static [&'static str]) -> ObjectType {
    of(name, aliases, &[], Subscription::ByName)
}

impl ObjectType {
    const fn listed(self, list: &'static str) -> Self {
        Self { list: Some(list), ..self }
    }

    const fn doing(self, actions: &'static [&'static str]) -> Self {
        Self { actions, ..self }
    }
}

/// Every type that Close documents.
pub const TYPES: &[ObjectType] = &[
    usual("lead", &["leads", "accounts"], &["created", "updated", "deleted", "merged"]),
    usual("contact", &["contacts"], CHANGES),
    usual("opportunity", &["opportunities"], CHANGES),
    usual("task.lead", &["lead_tasks"], TASK),
    usual("task.incoming_email", &["incoming_email_tasks"], TASK),
    usual("task.email_followup", &["email_followup_tasks"], TASK),
    usual("task.missed_call", &["missed_call_tasks"], TASK),
    usual("task.answered_detached_call", &["answered_detached_call_tasks"], TASK),
    usual("task.voicemail", &["voicemail_tasks"], TASK),
    usual("task.opportunity_due", &["opportunity_due_tasks"], TASK),
    usual("task.incoming_sms", &["incoming_sms_tasks"], TASK),
    usual("task.outgoing_call", &["outgoing_call_tasks"], TASK),
    usual("activity.email", &["emails"], &["created", "updated", "deleted", "sent"])
        .listed("activity/email/"),
    usual("activity.call", &["calls"], &["created", "updated", "deleted", "answered", "completed"])
        .listed("activity/call/"),
    usual("activity.sms", &["sms_messages"], &["created", "updated", "deleted", "sent"])
        .listed("activity/sms/"),
    usual("activity.note", &["notes"], CHANGES).listed("activity/note/"),
    usual(
        "activity.meeting",
        &["meetings"],
        &["created", "updated", "deleted", "scheduled", "started", "completed", "canceled"],
    )
    .listed("activity/meeting/"),
    usual("activity.lead_status_change", &["lead_status_changes"], CHANGES)
        .listed("activity/status_change/lead/"),
    usual("activity.opportunity_status_change", &["opportunity_status_changes"], CHANGES)
        .listed("activity/status_change/opportunity/"),
    usual("activity.custom_activity", &["custom_activities"], CHANGES).listed("activity/custom/"),
    by_name("activity.email_thread", &["email_threads"]).listed("activity/emailthread/"),
    by_name("activity.whatsapp_message", &["whatsapp_messages"]).listed("activity/whatsapp_message/"),
    by_name("activity.form_submission", &["form_submissions"]).listed("activity/form_submission/"),
    by_name("activity.task_completed", &["completed_tasks"])
        .doing(&["created", "deleted"])
        .listed("activity/task_completed/"),
    by_name("unsubscribed_email", &["unsubscribed_emails"]).doing(&["created", "deleted"]),
    by_name("lead_merge", &["lead_merges"]).listed("activity/lead_merge/"),
    by_name("import", &["imports"]).doing(&["created", "updated", "completed", "reverting", "reverted"]),
    by_name("export.lead", &["lead_exports"]).doing(&["created", "updated", "completed"]),
    by_name("export.opportunity", &["opportunity_exports"]).doing(&["created", "updated", "completed"]),
    by_name("bulk_action.delete", &["bulk_deletes"]).doing(BULK),
    by_name("bulk_action.edit", &["bulk_edits"]).doing(BULK),
    by_name("bulk_action.email", &["bulk_emails"]).doing(BULK),
    by_name("bulk_action.sequence_subscription", &["bulk_sequence_subscriptions"]).doing(BULK),
    by_name("custom_fields.lead", &["lead_custom_fields"]),
    by_name("custom_fields.contact", &["contact_custom_fields"]),
    by_name("custom_fields.opportunity", &["opportunity_custom_fields"]),
    by_name("custom_fields.activity", &["activity_custom_fields"]),
    by_name("custom_fields.custom_object", &["custom_object_custom_fields"]),
    by_name("custom_fields.shared", &["shared_custom_fields"]),
    by_name("custom_activity_type", &["custom_activity_types"]),
    by_name("custom_object_type", &["custom_object_types"]),
    by_name("custom_object", &["custom_objects"]),
    by_name("status.lead", &["lead_statuses", "lead_status"]),
    by_name("status.opportunity", &["opportunity_statuses", "opportunity_status"]),
    by_name("membership", &["memberships"]).doing(&["activated", "deactivated"]),
    by_name("group", &["groups"]),
    by_name("saved_search", &["saved_searches", "smart_views"]),
    by_name("phone_number", &["phone_numbers"]),
    by_name("email_template", &["email_templates"]),
    by_name("sms_template", &["sms_templates"]),
    by_name("sequence", &["sequences"]),
    by_name("sequence_subscription", &["sequence_subscriptions"]),
    by_name("comment", &["comments"]),
    by_name("comment_thread", &["comment_threads"]),
];

/// The families that Close's names have.
pub const FAMILIES: &[ObjectType] = &[
    family("activity.", &["activities"]).listed("activity/"),
    family("task.", &["tasks"]),
    family("status.", &["statuses"]),
    family("custom_fields.", &["custom_fields"]),
    family("export.", &["exports"]),
    family("bulk_action.", &["bulk_actions"]),
];

impl ObjectType {
    /// The type or family of this name: Close's, the same without its family, or an alias.
    pub fn named(name: &str) -> Option<&'static Self> {
        let name = normal(name);
        TYPES.iter().chain(FAMILIES).find(|it| it.is_called(&name))
    }

    /// True if `name`, in lower case, is one of its names.
    fn is_called(&self, name: &str) -> bool {
        let short = self.name.strip_prefix("activity.").filter(|short| !short.is_empty());
        self.name.trim_end_matches('.') == name || short == Some(name) || self.aliases.contains(&name)
    }

    /// True if a type of Close's is this one, or of this family.
    pub fn covers(&self, closes_type: &str) -> bool {
        is_of(closes_type, self.name)
    }
}

/// True if a type of Close's is of a kind: the type itself, a family (`activity.`), or anything (empty).
pub fn is_of(closes_type: &str, kind: &str) -> bool {
    kind.is_empty() || closes_type == kind || (kind.ends_with('.') && closes_type.starts_with(kind))
}

/// True if `name` means a type of Close's, that one alone or with others of its family.
///
/// An unknown name means Close's type of that name.
pub fn means(name: &str, closes_type: &str) -> bool {
    let is_platforms = normal(platform_type(closes_type)) == normal(name);
    is_platforms
        || names(name, closes_type)
        || ObjectType::named(name).is_some_and(|it| it.covers(closes_type))
}

/// True if `name` means a type of Close's itself, or a family that is subscribed to by name.
fn names(name: &str, closes_type: &str) -> bool {
    normal(closes_type) == normal(name)
        || ObjectType::named(name)
            .is_some_and(|it| it.covers(closes_type) && (!FAMILIES.contains(it) || it.name != "activity."))
}

/// A name as in the tables: in lower case, with `_` between words.
pub fn normal(name: &str) -> String {
    name.trim().to_lowercase().replace(['-', ' '], "_")
}

/// The entries that cover what an instance wants; empty if Close has no events of the types that it names.
pub fn events(wanted: &ObjectFilter) -> Vec<Subscribed> {
    let subscribed = |it: &&ObjectType| match it.subscription {
        Subscription::Usual => wanted.wants(platform_type(it.name), it.name),
        Subscription::ByName => wanted.is_any(|name| names(name, it.name)),
    };
    let entry = |object_type: &str, action: &str| Subscribed {
        object_type: object_type.to_owned(),
        action: action.to_owned(),
    };
    let entries = |it: &'static ObjectType| it.actions.iter().map(move |action| entry(it.name, action));
    TYPES.iter().filter(subscribed).flat_map(entries).collect()
}

#[cfg(test)]
mod tests;
