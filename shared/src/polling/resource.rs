//! What can be polled, and the endpoint of Close's that can say what changed (Close API, "Event Log" and the
//! lists of each object).

mod fields;

use close::ObjectFilter;
use close::object_types::{FAMILIES, ObjectType, TYPES, normal};
use serde_json::Value;

use crate::platform::slip;
use fields::{CONTACT_FIELDS, LEAD_FIELDS};

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
    EventFeed {
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
    pub fn nearest(name: &str) -> Option<&'static str> {
        let aliases = TYPES.iter().flat_map(|it| it.aliases.iter().copied());
        slip::nearest(&normal(name), Self::names().chain(aliases))
    }

    /// Its name in a URL and, as a rule, in callbacks.
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
    pub fn source(self) -> Source {
        match self {
            Self::Accounts | Self::Leads => Source::Search { object_type: "lead", fields: LEAD_FIELDS },
            Self::Contacts => Source::Search { object_type: "contact", fields: CONTACT_FIELDS },
            Self::Opportunities => Source::List(OPPORTUNITIES),
            Self::Tasks => Source::List(TASKS),
            Self::Users => Source::WholeList { path: "user/" },
            Self::Activities | Self::Notes | Self::Events | Self::Feed(_) => {
                Source::EventFeed { object_type: self.kind() }
            }
        }
    }

    /// The list, below `base.url`, of what the event feed is too short for: it can be filtered and ordered by creation,
    /// so that each object is found in its last state, but for those that are gone.
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
    /// The most records that one request may ask for; more is an error at the event feed, and elsewhere others
    /// have seen these taken.
    pub fn page_limit(self) -> u32 {
        match self {
            Self::Search { .. } | Self::WholeList { .. } => 200,
            Self::List(_) => 100,
            Self::EventFeed { .. } => 50,
        }
    }
}

#[cfg(test)]
mod tests;
