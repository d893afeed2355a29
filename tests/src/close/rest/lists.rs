//! The lists: opportunities, tasks, activities, users, contacts, leads.

use serde_json::{Value, json};

use super::answer::Answer;
use super::date_of;
use super::query::Query;
use super::quirks::Quirks;

/// The parameters of a list beside paging; it ignores others.
pub(super) struct List {
    /// The types of its objects: all that begin with this.
    pub(super) object_type: &'static str,
    dates: &'static [&'static str],
    orders: &'static [&'static str],
    filters: &'static [&'static str],
    counts: bool,
}

/// The list at a path below the version.
pub(super) fn at(path: &str) -> Option<List> {
    let list =
        |object_type, dates, orders, filters, counts| List { object_type, dates, orders, filters, counts };
    Some(match path {
        "lead/" => list("lead", &[], &[], &[], true),
        "contact/" => list("contact", &[], &[], &["lead_id"], false),
        "opportunity/" => list(
            "opportunity",
            &["date_created", "date_updated", "date_won"],
            &["date_created", "date_updated", "date_won", "value"],
            &["lead_id", "user_id", "status_id", "status_label", "status_type"],
            true,
        ),
        "task/" => list(
            "task.",
            &["date_created", "date_updated", "date"],
            &["date", "date_created"],
            &["lead_id", "assigned_to", "is_complete"],
            true,
        ),
        "activity/" => {
            list("activity.", &["date_created", "activity_at"], &["date_created"], &["lead_id"], false)
        }
        "user/" => list("user", &[], &["date_created"], &[], false),
        _ => {
            let (_, object_type) = ACTIVITIES.iter().find(|(it, _)| *it == path)?;
            list(object_type, &["date_created", "activity_at"], &["date_created"], &["lead_id"], false)
        }
    })
}

/// The lists of one kind of activity, and the kind.
const ACTIVITIES: &[(&str, &str)] = &[
    ("activity/call/", "activity.call"),
    ("activity/email/", "activity.email"),
    ("activity/note/", "activity.note"),
    ("activity/sms/", "activity.sms"),
    ("activity/meeting/", "activity.meeting"),
    ("activity/custom/", "activity.custom_activity"),
];

impl List {
    /// True if the list knows a parameter with this value.
    fn knows(&self, name: &str, value: &str) -> bool {
        match name {
            "_limit" | "_skip" | "_fields" => true,
            "_type" => self.object_type == "task.",
            "_order_by" => self.orders.contains(&value.trim_start_matches('-')),
            _ => {
                let bound = name.rsplit_once("__").filter(|(_, it)| ["gt", "gte", "lt", "lte"].contains(it));
                self.filters.contains(&name) || bound.is_some_and(|(date, _)| self.dates.contains(&date))
            }
        }
    }

    /// A page of the list at `at`.
    pub(super) fn page(&self, at: &str, mut objects: Vec<Value>, query: &Query, quirks: &Quirks) -> Answer {
        let ignored = |name: &str| {
            quirks.ignored.iter().any(|(path, parameter)| path == at && name.starts_with(parameter))
        };
        let unknown = query.parameters().find(|(name, value)| !self.knows(name, value));
        if let Some((name, value)) = unknown.filter(|_| !quirks.ignores_unknown) {
            return Answer::bad_request(&format!("{name}={value} is unknown here."));
        }
        let number = |name: &str, default: usize| query.get(name).map_or(Some(default), |it| it.parse().ok());
        let (Some(limit), Some(skip)) = (number("_limit", 100), number("_skip", 0)) else {
            return Answer::bad_request("_limit and _skip are numbers.");
        };
        if skip > quirks.max_skip {
            return Answer::bad_request(&format!(
                "The skip you set is larger than the maximum skip for this resource (max_skip = {}). Please refine \
                 your search query.",
                quirks.max_skip
            ));
        }
        if self.object_type == "task." && query.get("_type") != Some("all") {
            objects.retain(|task| task["_type"] == query.get("_type").unwrap_or("lead"));
        }
        for date in self.dates.iter().filter(|date| !ignored(date)) {
            objects.retain(|object| query.admits(object, date));
        }
        for filter in self.filters {
            if let Some(value) = query.get(filter) {
                let other = serde_json::from_str::<Value>(value).unwrap_or_default();
                objects.retain(|object| object[*filter] == *value || object[*filter] == other);
            }
        }
        self.sort(&mut objects, query);
        let total = objects.len();
        let page: Vec<Value> = objects.into_iter().skip(skip).take(limit.min(quirks.page_cap)).collect();
        let mut body = json!({"has_more": skip + page.len() < total, "data": page});
        if self.counts {
            body["total_results"] = total.into();
        }
        Answer::ok(body)
    }

    /// In the requested order; by default newest first by creation.
    fn sort(&self, objects: &mut [Value], query: &Query) {
        let asked = query.get("_order_by").filter(|it| self.orders.contains(&it.trim_start_matches('-')));
        let order = asked.unwrap_or("-date_created");
        let field = order.trim_start_matches('-');
        objects.sort_by_key(|object| (date_of(object, field), object["id"].to_string()));
        if order.starts_with('-') {
            objects.reverse();
        }
    }
}
