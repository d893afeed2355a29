//! What can be polled, and the endpoint of Close's that can say what changed (Close API, "Event Log" and the
//! lists of each object).

use close::ObjectFilter;
use close::object_types::{FAMILIES, ObjectType, TYPES, normal};
use serde_json::Value;

/// What can be polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Leads, by the platform's name.
    Accounts,
    /// Leads, by Close's name.
    Leads,
    /// Contacts.
    Contacts,
    /// Opportunities.
    Opportunities,
    /// Tasks of all types.
    Tasks,
    /// Activities of all types.
    Activities,
    /// Activities of the type note.
    Notes,
    /// Users.
    Users,
    /// Everything in Close's event feed, deletions and merges included.
    Events,
    /// One type of objects in Close's event feed, or a family of types, deletions included.
    Feed(&'static ObjectType),
}

/// How a resource's changes are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `POST /data/search/`: the only way to ask leads and contacts for a date.
    Search {
        /// Close's name of the object type.
        object_type: &'static str,
        /// What the answer shall hold: without this it is bare ids.
        fields: &'static [&'static str],
    },
    /// A list with a date filter.
    List(List),
    /// A list without any filter, read whole.
    WholeList {
        /// The path below `base.url`.
        path: &'static str,
    },
    /// `GET /event/`: the events whose object type begins with this.
    EventLog {
        /// Empty for all.
        object_type: &'static str,
    },
}

/// A list with a date filter, walked along a date that it can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    /// The path below `base.url`.
    pub path: &'static str,
    /// Parameters of every request.
    pub fixed: &'static [(&'static str, &'static str)],
    /// The date that the walk goes along.
    pub key: &'static str,
    /// The columns that Close filters by itself when they must equal something.
    pub filters: &'static [&'static str],
}

/// When the object changed last, in every kind of object.
pub const DATE_UPDATED: &str = "date_updated";
/// When the object was created, in every kind of object.
pub const DATE_CREATED: &str = "date_created";

const LEAD_FIELDS: &[&str] = &[
    "id",
    "display_name",
    "name",
    "description",
    "status_id",
    "status_label",
    "url",
    "html_url",
    "addresses",
    "contacts",
    "opportunities",
    "tasks",
    "integration_links",
    "organization_id",
    "created_by",
    "created_by_name",
    "updated_by",
    "updated_by_name",
    DATE_CREATED,
    DATE_UPDATED,
    // All custom fields: named one by one they may be more than the list may hold.
    "custom",
];

const CONTACT_FIELDS: &[&str] = &[
    "id",
    "lead_id",
    "display_name",
    "name",
    "title",
    "emails",
    "phones",
    "urls",
    "timezone",
    "timezone_source",
    "integration_links",
    "organization_id",
    "created_by",
    "updated_by",
    DATE_CREATED,
    DATE_UPDATED,
    "custom",
];

const OPPORTUNITIES: List = List {
    path: "opportunity/",
    fixed: &[],
    key: DATE_UPDATED,
    filters: &["lead_id", "user_id", "status_id", "status_label", "status_type"],
};

/// Tasks cannot be ordered by their last change, so the walk goes along their creation while the filter holds
/// them to the window. By default only tasks of the type `lead` are listed.
const TASKS: List = List {
    path: "task/",
    fixed: &[("_type", "all")],
    key: DATE_CREATED,
    filters: &["lead_id", "assigned_to", "is_complete"],
};

/// Names of resources that are not Close's types, or that mean more than a type.
const NAMED: [(&str, Resource); 13] = [
    ("accounts", Resource::Accounts),
    ("leads", Resource::Leads),
    ("contacts", Resource::Contacts),
    ("opportunities", Resource::Opportunities),
    ("tasks", Resource::Tasks),
    ("activities", Resource::Activities),
    ("notes", Resource::Notes),
    ("users", Resource::Users),
    ("events", Resource::Events),
    ("activity", Resource::Activities),
    ("note", Resource::Notes),
    ("activity.note", Resource::Notes),
    ("user", Resource::Users),
];

impl Resource {
    /// The resource of this name: the platform's, Close's, or one of its aliases.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = normal(name);
        let fixed = NAMED.iter().find(|(known, _)| *known == name).map(|(_, resource)| *resource);
        fixed.or_else(|| ObjectType::named(&name).map(Self::Feed))
    }

    /// The names that messages and documents list: the platform's, then those of the types of the event feed.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let feed = TYPES.iter().chain(FAMILIES).map(Self::Feed).map(Self::name);
        let fixed = NAMED.iter().map(|(name, _)| *name).take(9);
        fixed.chain(feed.filter(|name| NAMED.iter().all(|(known, _)| known != name)))
    }

    /// The name that somebody who wrote `name` probably meant.
    #[must_use]
    pub fn nearest(name: &str) -> Option<&'static str> {
        let name = normal(name);
        let aliases = TYPES.iter().flat_map(|it| it.aliases.iter().copied());
        let distance = |known: &&str| strsim::osa_distance(&name, known);
        let nearest = Self::names().chain(aliases).min_by_key(distance)?;
        (distance(&nearest) <= name.len() / 3).then_some(nearest)
    }

    /// Its name in a URL and, as a rule, in callbacks.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Leads => "leads",
            Self::Contacts => "contacts",
            Self::Opportunities => "opportunities",
            Self::Tasks => "tasks",
            Self::Activities => "activities",
            Self::Notes => "notes",
            Self::Users => "users",
            Self::Events => "events",
            Self::Feed(it) => it.name.trim_end_matches('.'),
        }
    }

    /// What it has of Close's types: one, a family (`activity.`), or all (empty).
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Accounts | Self::Leads => "lead",
            Self::Contacts => "contact",
            Self::Opportunities => "opportunity",
            Self::Tasks => "task.",
            Self::Activities => "activity.",
            Self::Notes => "activity.note",
            Self::Users => "user",
            Self::Events => "",
            Self::Feed(it) => it.name,
        }
    }

    /// Where its changes are found.
    ///
    /// Activities can be listed by creation only, so that a later change would never be seen; the event feed
    /// has both, and deletions too, in one walk. So it has every object by Close's name of it.
    #[must_use]
    pub fn source(self) -> Source {
        match self {
            Self::Accounts | Self::Leads => Source::Search { object_type: "lead", fields: LEAD_FIELDS },
            Self::Contacts => Source::Search { object_type: "contact", fields: CONTACT_FIELDS },
            Self::Opportunities => Source::List(OPPORTUNITIES),
            Self::Tasks => Source::List(TASKS),
            Self::Users => Source::WholeList { path: "user/" },
            Self::Activities | Self::Notes | Self::Events | Self::Feed(_) => {
                Source::EventLog { object_type: self.kind() }
            }
        }
    }

    /// The list, below `base.url`, of what the event feed is too short for: it can be filtered and ordered by creation,
    /// so that each object is found in its last state, but for those that are gone.
    #[must_use]
    pub fn history(self) -> Option<&'static str> {
        match self {
            Self::Activities => Some("activity/"),
            Self::Notes => Some("activity/note/"),
            Self::Feed(it) => it.list,
            Self::Accounts
            | Self::Leads
            | Self::Contacts
            | Self::Opportunities
            | Self::Tasks
            | Self::Users
            | Self::Events => None,
        }
    }

    /// True if anything of it may be wanted, where its events are called `object_type`. What is not wanted need not be
    /// asked for.
    #[must_use]
    pub fn is_wanted(self, object_type: &str, objects: &ObjectFilter) -> bool {
        // Close may have types in its feed that nobody knows yet.
        self == Self::Events || objects.wants_any(object_type, self.kind())
    }

    /// Close's type of a record that a list or a search has of it.
    pub(super) fn closes_type(self, record: &Value) -> String {
        let kind = self.kind();
        match record.get("_type").and_then(Value::as_str) {
            Some(own) if kind.ends_with('.') => format!("{kind}{}", snake_case(own)),
            _ => kind.trim_end_matches('.').to_owned(),
        }
    }
}

/// `LeadStatusChange` as `lead_status_change`, `SMS` as `sms`.
fn snake_case(name: &str) -> String {
    let (mut text, mut after_small) = (String::new(), false);
    for letter in name.replace("WhatsApp", "Whatsapp").chars() {
        if letter.is_uppercase() && after_small {
            text.push('_');
        }
        after_small = letter.is_lowercase();
        text.extend(letter.to_lowercase());
    }
    text
}

impl Source {
    /// The most records that one request may ask for; more is an error at the event log, and elsewhere others
    /// have seen these taken.
    #[must_use]
    pub fn page_limit(self) -> u32 {
        match self {
            Self::Search { .. } | Self::WholeList { .. } => 200,
            Self::List(_) => 100,
            Self::EventLog { .. } => 50,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_feed_is_a_resource_by_each_of_its_names() {
        for it in TYPES {
            let resource = Resource::named(it.name).unwrap();
            assert!(matches!(resource.source(), Source::EventLog { object_type } if object_type == it.name));
            for alias in it.aliases {
                let found = Resource::named(alias).unwrap();
                assert!(it.covers(found.kind()), "{alias}");
            }
        }
        let rows = [
            ("calls", "activity.call"),
            ("Email", "activity.email"),
            ("sms", "activity.sms"),
            ("custom_objects", "custom_object"),
            ("status.lead", "status.lead"),
            ("task", "task."),
            ("activity", "activity."),
            ("note", "activity.note"),
        ];
        for (name, kind) in rows {
            assert_eq!(Resource::named(name).map(Resource::kind), Some(kind), "{name}");
        }
        assert_eq!(Resource::named("deals"), None);
        assert_eq!(Resource::nearest("calss"), Some("calls"));
        assert_eq!(Resource::nearest("contcats"), Some("contacts"));
        assert_eq!(Resource::nearest("xyz"), None);
        assert!(Resource::names().all(|name| Resource::named(name).is_some()));
    }

    #[test]
    fn a_resource_is_wanted_in_either_vocabulary() {
        let rows = [
            ("contact,lead", Resource::Contacts, true),
            ("contact,lead", Resource::Accounts, true),
            ("contact,lead", Resource::Tasks, false),
            ("accounts", Resource::Leads, true),
            ("activity.note", Resource::Activities, true),
            ("activity.lead_merge", Resource::Activities, true),
            ("activity.note", Resource::Notes, true),
            ("activity.call", Resource::Notes, false),
            ("task.voicemail", Resource::Tasks, true),
            ("user", Resource::Users, true),
            ("users", Resource::Users, true),
            ("anything", Resource::Events, true),
            ("people", Resource::Contacts, true),
        ];
        for (objects, resource, expected) in rows {
            let name = if objects == "people" { objects } else { resource.name() };
            assert_eq!(
                resource.is_wanted(name, &ObjectFilter::parse(objects)),
                expected,
                "{objects} {resource:?}"
            );
        }
    }

    #[test]
    fn a_record_of_a_list_has_closes_type() {
        let of = |resource: Resource, own: &str| resource.closes_type(&serde_json::json!({"_type": own}));
        assert_eq!(of(Resource::Activities, "LeadStatusChange"), "activity.lead_status_change");
        assert_eq!(of(Resource::Activities, "SMS"), "activity.sms");
        assert_eq!(of(Resource::Activities, "WhatsAppMessage"), "activity.whatsapp_message");
        assert_eq!(of(Resource::Tasks, "missed_call"), "task.missed_call");
        assert_eq!(of(Resource::Accounts, "x"), "lead");
    }
}
