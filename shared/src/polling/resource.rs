//! What can be polled, and the endpoint of Close's that can say what changed (facts: Close's API, §5 and §6).

/// A resource of the platform's.
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
    /// Everything that Close's event log tells, deletions and merges included.
    Events,
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

impl Resource {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Accounts,
        Self::Leads,
        Self::Contacts,
        Self::Opportunities,
        Self::Tasks,
        Self::Activities,
        Self::Notes,
        Self::Users,
        Self::Events,
    ];

    /// The resource of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.name().eq_ignore_ascii_case(name))
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
        }
    }

    /// Where its changes are found.
    ///
    /// Activities can be listed by creation only, so that a later change would never be seen; the event log
    /// tells both, and deletions too, in one walk.
    #[must_use]
    pub fn source(self) -> Source {
        match self {
            Self::Accounts | Self::Leads => Source::Search { object_type: "lead", fields: LEAD_FIELDS },
            Self::Contacts => Source::Search { object_type: "contact", fields: CONTACT_FIELDS },
            Self::Opportunities => Source::List(OPPORTUNITIES),
            Self::Tasks => Source::List(TASKS),
            Self::Activities => Source::EventLog { object_type: "activity." },
            Self::Notes => Source::EventLog { object_type: "activity.note" },
            Self::Users => Source::WholeList { path: "user/" },
            Self::Events => Source::EventLog { object_type: "" },
        }
    }
}

impl Resource {
    /// The list, below `base.url`, of what the event log is too short for: it can be filtered and ordered by creation,
    /// so that each object is found in its last state, but for those that are gone.
    #[must_use]
    pub fn history(self) -> Option<&'static str> {
        match self {
            Self::Activities => Some("activity/"),
            Self::Notes => Some("activity/note/"),
            Self::Accounts
            | Self::Leads
            | Self::Contacts
            | Self::Opportunities
            | Self::Tasks
            | Self::Users
            | Self::Events => None,
        }
    }
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
