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
}

const fn kind(name: &'static str, object_type: &'static str, subject: &'static str, found: Found) -> Kind {
    Kind { name, object_type, subject, found }
}

pub(super) const KINDS: [Kind; 9] = [
    kind("accounts", "lead", "data/search/lead", Found::Objects),
    kind("leads", "lead", "data/search/lead", Found::Objects),
    kind("contacts", "contact", "data/search/contact", Found::Objects),
    kind("opportunities", "opportunity", "opportunity/", Found::Objects),
    kind("tasks", "task.", "task/", Found::Objects),
    kind("users", "user", "user/", Found::Objects),
    kind("activities", "activity.", "event/", Found::Entries),
    kind("notes", "activity.note", "event/", Found::Entries),
    kind("events", "", "event/", Found::Events),
];

/// Types of objects that are created.
pub(super) const OBJECT_TYPES: [&str; 9] = [
    "lead",
    "contact",
    "contact",
    "opportunity",
    "task.lead",
    "task.incoming_email",
    "activity.note",
    "activity.call",
    "user",
];

/// The platform's and Close's names of what may be wanted.
pub(super) const PLATFORMS_NAMES: [&str; 6] =
    ["accounts", "contacts", "opportunities", "tasks", "activities", "users"];
pub(super) const CLOSES_NAMES: [&str; 6] =
    ["lead", "contact", "opportunity", "task.lead", "activity.note", "user"];

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

/// The platform's name of Close's type.
pub(super) fn platforms_name(object_type: &str) -> &str {
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

const PATTERNS: [&str; 11] = [
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
];
const ZONES: [&str; 6] = ["GMT", "PST", "America/Denver", "-8:00", "Europe/Berlin", "Asia/Kolkata"];

/// A template that stands for the last poll.
fn template(draw: &mut Draw) -> String {
    let pattern = draw.of(&PATTERNS);
    match draw.number(0, 5) {
        0 => format!("${{date:{pattern}}}"),
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
    if odd {
        for (key, choices) in [
            ("pageSize", json!([1, "3", 25, "100"])),
            ("pollDelay", json!([0, "60", 300])),
            ("createdCheckTolerance", json!([0, "10", 60])),
            ("filterByCurrentDate", json!(["true", false])),
        ] {
            if draw.percent(25) {
                settings.insert(key.to_owned(), draw.of(choices.as_array().map_or(&[][..], Vec::as_slice)));
            }
        }
        if draw.percent(25) && kind.found == Found::Objects {
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
