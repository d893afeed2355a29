//! What can be polled, and the conditions on it.

use super::draw::Draw;
use serde_json::{Map, Value, json};

/// How a resource's changes are found, and what they are then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Objects in their last state.
    Objects,
    /// Entries of the event feed, each told as its object.
    Entries,
    /// Entries of the event feed, each told as itself.
    Events,
}

/// An entry of `event.poller.configuration`.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourcePlan {
    /// The object type of its events.
    pub name: String,
    /// The resource in its URL.
    pub kind: String,
    /// The parts of its `where`.
    pub clauses: Vec<String>,
    /// The column that one of them asks for, and its value.
    pub keeps: Option<(String, String)>,
    /// Everything else.
    pub settings: Map<String, Value>,
}

/// A resource, as the documents name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// In a URL.
    pub(super) name: &'static str,
    /// Close's types: one, or all that begin so.
    pub(super) object_type: &'static str,
    /// What is asked of Close.
    pub(super) subject: &'static str,
    pub(super) found: Found,
    /// True if Close lists what is older than its event feed.
    pub(super) is_listed: bool,
}

const fn objects(name: &'static str, object_type: &'static str, subject: &'static str) -> Kind {
    Kind { name, object_type, subject, found: Found::Objects, is_listed: false }
}

/// Objects of the event feed.
const fn entries(name: &'static str, object_type: &'static str, is_listed: bool) -> Kind {
    Kind { name, object_type, subject: "event/", found: Found::Entries, is_listed }
}

pub(super) const KINDS: [Kind; 21] = [
    objects("accounts", "lead", "data/search/lead"),
    objects("leads", "lead", "data/search/lead"),
    objects("contacts", "contact", "data/search/contact"),
    objects("opportunities", "opportunity", "opportunity/"),
    objects("tasks", "task.", "task/"),
    objects("users", "user", "user/"),
    Kind { name: "events", object_type: "", subject: "event/", found: Found::Events, is_listed: false },
    entries("activities", "activity.", true),
    entries("notes", "activity.note", true),
    entries("calls", "activity.call", true),
    entries("activity.email", "activity.email", true),
    entries("SMS", "activity.sms", true),
    entries("activity", "activity.", true),
    entries("lead", "lead", false),
    entries("contact", "contact", false),
    entries("opportunity", "opportunity", false),
    entries("task.lead", "task.lead", false),
    entries("lead-tasks", "task.lead", false),
    entries("task", "task.", false),
    entries("custom_objects", "custom_object", false),
    entries("lead_statuses", "status.lead", false),
];

/// Types of objects that are created.
pub(super) const OBJECT_TYPES: [&str; 14] = [
    "lead",
    "lead",
    "contact",
    "contact",
    "opportunity",
    "task.lead",
    "task.incoming_email",
    "activity.note",
    "activity.call",
    "activity.email",
    "activity.sms",
    "user",
    "custom_object",
    "status.lead",
];

/// The platform's and Close's names of what may be wanted.
pub(super) const PLATFORMS_NAMES: [&str; 6] =
    ["accounts", "contacts", "opportunities", "tasks", "activities", "users"];
pub(super) const CLOSES_NAMES: [&str; 9] = [
    "lead",
    "contact",
    "opportunity",
    "task.lead",
    "activity.note",
    "user",
    "activity.call",
    "custom_object",
    "status.lead",
];
/// Other names, and what they mean.
pub(super) const ALIASES: [(&str, &str); 11] = [
    ("leads", "lead"),
    ("notes", "activity.note"),
    ("note", "activity.note"),
    ("calls", "activity.call"),
    ("email", "activity.email"),
    ("emails", "activity.email"),
    ("SMS", "activity.sms"),
    ("lead-tasks", "task.lead"),
    ("Lead_Tasks", "task.lead"),
    ("custom_objects", "custom_object"),
    ("lead_statuses", "status.lead"),
];

impl Kind {
    pub(super) fn named(name: &str) -> Self {
        KINDS.into_iter().find(|kind| kind.name == name).unwrap_or(KINDS[0])
    }

    /// True if Close's type belongs to the resource.
    pub(super) fn is(&self, object_type: &str) -> bool {
        object_type == self.object_type
            || self.object_type.is_empty()
            || (self.object_type.ends_with('.') && object_type.starts_with(self.object_type))
    }
}

/// True if a name of `event.objects` means Close's type, or a family that it belongs to.
pub(super) fn means(name: &str, object_type: &str) -> bool {
    name == object_type
        || name == platforms_name(object_type)
        || ALIASES.contains(&(name, object_type))
        || object_type.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
}

/// The platform's name of Close's type.
fn platforms_name(object_type: &str) -> &str {
    match object_type.split('.').next().unwrap_or_default() {
        "lead" => "accounts",
        "contact" => "contacts",
        "opportunity" => "opportunities",
        "task" => "tasks",
        "activity" => "activities",
        "user" => "users",
        _ => object_type,
    }
}

const PATTERNS: [&str; 14] = [
    "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "yyyy-MM-dd'T'HH:mm:ssXXX",
    "yyyy-MM-dd'T'HH:mm:ss'Z'",
    "yyyy-MM-dd'T'HH:mm:ss",
    "yyyy-MM-dd'T'HH:mm:ss.SSSZ",
    "yyyy-MM-dd HH:mm:ss",
    "MM/dd/yyyy HH:mm:ss",
    "EEE, dd MMM yyyy HH:mm:ss Z",
    "yyyy-MM-dd",
    "yyyy/MM/dd HH:mm:ss",
    "yyyyMMddHHmmss",
    "dd.MM.yyyy HH:mm",
    "MM/dd/yyyy",
    "yyyy-MM-dd hh:mm:ss a",
];
const ZONES: [&str; 6] = ["GMT", "PST", "America/Denver", "-8:00", "Europe/Berlin", "Asia/Kolkata"];

/// A template that stands for the last poll.
fn template(draw: &mut Draw) -> String {
    let pattern = draw.of(&PATTERNS);
    match draw.number(0, 6) {
        0 => format!("${{date:{pattern}}}"),
        6 => draw.of(&["${gmtDate:yyyy-MM-dd}T00:00:00Z", "${gmtDate:yyyy-MM-dd'T'HH}:00:00"]).to_owned(),
        1 => format!("${{gmtDate:{pattern}}}"),
        2 | 3 => format!("${{dateTimeZone:{}:{pattern}}}", draw.of(&ZONES)),
        4 => format!("${{epoch{}}}", draw.of(&["", ":ms", ":s", ":us"])),
        _ => draw.of(&["${milliseconds}", "${date}"]).to_owned(),
    }
}

/// A resource of a kind; `odd` ones have settings beside their URL.
pub(super) fn resource(draw: &mut Draw, kind: Kind, odd: bool, templates: bool) -> ResourcePlan {
    let mut clauses = Vec::new();
    if templates {
        let operator = draw.of(&[">", ">=", " > "]);
        clauses.push(format!("date_updated{operator}'{}'", template(draw)));
        if draw.percent(20) {
            let zone = draw.of(&ZONES);
            clauses.push(format!("date_updated<='${{nowTimeZone:{zone}:yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX}}'"));
        }
    }
    let keeps = (odd && draw.percent(30) && kind.found != Found::Events).then(|| {
        let (column, value) =
            if kind.name == "opportunities" { ("status_type", "won") } else { ("mark", "a") };
        clauses.push(format!("{column}='{value}'"));
        (column.to_owned(), value.to_owned())
    });
    let mut settings = Map::new();
    // Of its event feed Close shows fifty at once.
    let most = if kind.found == Found::Objects { "100" } else { "50" };
    if odd {
        for (key, choices) in [
            ("pageSize", json!([1, "3", 25, most])),
            ("pollDelay", json!([0, "60", 300])),
            ("createdCheckTolerance", json!([0, "10", 60])),
            ("filterByCurrentDate", json!(["true", false])),
        ] {
            if draw.percent(25) {
                settings.insert(key.to_owned(), draw.of(choices.as_array().map_or(&[][..], Vec::as_slice)));
            }
        }
        if draw.percent(25) && kind.found != Found::Events {
            settings.insert("idField".to_owned(), "reference.number".into());
        }
        if draw.percent(25) && kind.found != Found::Events {
            settings.insert("datesConfiguration".to_owned(), dates(draw));
        }
    }
    let name = if odd && kind.found == Found::Objects && draw.percent(20) { "things" } else { kind.name };
    ResourcePlan { name: name.to_owned(), kind: kind.name.to_owned(), clauses, keeps, settings }
}

/// Close's own dates, spelt out in both ways.
fn dates(draw: &mut Draw) -> Value {
    let format = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX";
    if draw.percent(50) {
        json!({"updatedDateField": "date_updated", "updatedDateFormat": format, "updatedDateTimezone": "GMT",
            "createdDateField": "date_created", "createdDateFormat": format})
    } else {
        json!({"updatedAtField": "date_updated", "updatedAtFormat": format,
            "createdAtField": "date_created", "createdAtFormat": format})
    }
}
