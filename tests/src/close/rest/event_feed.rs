//! `GET /event/`.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::answer::Answer;
use super::index::lag;
use super::query::Query;
use super::quirks::Quirks;
use super::{date_of, moment};
use crate::close::Event;

const MAX_LIMIT: usize = 50;

/// How long events show their data to every key.
const SHOWN_TO_ALL: TimeDelta = TimeDelta::hours(1);

/// Filters that may be combined; each also with a date.
const COMBINATIONS: &[&[&str]] = &[
    &[],
    &["object_id", "object_type"],
    &["action", "object_type"],
    &["action", "object_id"],
    &["lead_id"],
    &["lead_id", "object_type"],
    &["action", "lead_id", "object_type"],
    &["lead_id", "user_id"],
    &["lead_id", "object_type", "user_id"],
    &["action", "lead_id", "object_type", "user_id"],
    &["object_id", "user_id"],
    &["action", "object_id", "user_id"],
    &["object_type", "user_id"],
    &["action", "object_type", "user_id"],
    &["user_id"],
    &["request_id"],
];

const FILTERS: &[&str] = &["action", "lead_id", "object_id", "object_type", "request_id", "user_id"];

const OTHERS: &[&str] = &[
    "_cursor",
    "_fields",
    "_limit",
    "date_updated__gt",
    "date_updated__gte",
    "date_updated__lt",
    "date_updated__lte",
];

/// Newest first, in no other order; a cursor continues without the dates of its first request.
pub(super) fn list(
    events: &[Event],
    query: &Query,
    key: &str,
    quirks: &Quirks,
    now: DateTime<Utc>,
) -> Answer {
    let limit: usize = query.get("_limit").map_or(MAX_LIMIT, |limit| limit.parse().unwrap_or(0));
    if limit == 0 || limit > MAX_LIMIT {
        return Answer::bad_request(&format!("The limit you set is larger than max_limit={MAX_LIMIT}."));
    }
    let filters: Vec<(&str, &str)> =
        FILTERS.iter().filter_map(|name| Some((*name, query.get(name)?))).collect();
    let names: Vec<&str> = filters.iter().map(|(name, _)| *name).collect();
    let known = |name: &str| FILTERS.contains(&name) || OTHERS.contains(&name);
    let unknown = query.parameters().find(|(name, _)| !known(name)).filter(|_| !quirks.ignores_unknown);
    if let Some((name, _)) = unknown {
        return Answer::bad_request(&format!("{name} is unknown here."));
    }
    if quirks.refuses_combinations && !COMBINATIONS.contains(&names.as_slice()) {
        return Answer::bad_request(&format!("The filters {} cannot be combined.", names.join(", ")));
    }
    let cursor = match query.get("_cursor").map(|text| read_cursor(text, quirks, now)) {
        Some(None) => return Answer::bad_request("Invalid cursor."),
        cursor => cursor.flatten(),
    };
    let is_shown = |event: &Event, (at, _): &Position| {
        let kept = now - *at <= quirks.event_log_keeps;
        let lag = lag(&format!("{}{}", event.id, event.date_updated), quirks.event_lag);
        kept && *at + lag <= now.max(*at)
            && filters.iter().all(|(name, value)| field(event, name) == Some(value))
    };
    let is_asked_for = |at: &Position| match &cursor {
        Some(after) => at < after,
        None => query.admits_date("date_updated", Some(at.0)),
    };
    let position = |event: &Event| (moment(&event.date_updated).unwrap_or_default(), event.id.clone());
    let mut found: Vec<(Position, &Event)> = events.iter().map(|event| (position(event), event)).collect();
    found.retain(|(at, event)| is_asked_for(at) && is_shown(event, at));
    found.sort_by(|(one, _), (other, _)| other.cmp(one));
    let more = found.len() > limit.min(quirks.page_cap);
    found.truncate(limit.min(quirks.page_cap));
    let next = found
        .last()
        .filter(|_| more)
        .map(|(_, last)| format!("{}|{}|{}", now.timestamp_millis(), last.date_updated, last.id));
    let found = found.into_iter().map(|(_, event)| serde_json::to_value(event).unwrap_or_default());
    let mut found: Vec<Value> = found.collect();
    for event in &mut found {
        show(event, key, quirks, now);
    }
    Answer::ok(json!({"data": found, "cursor_next": next, "cursor_previous": null}))
}

/// What an entry has in a field that can be filtered by.
fn field<'a>(event: &'a Event, name: &str) -> Option<&'a str> {
    Some(match name {
        "action" => &event.action,
        "lead_id" => event.lead_id.as_deref()?,
        "object_id" => &event.object_id,
        "object_type" => &event.object_type,
        "request_id" => &event.request_id,
        _ => &event.user_id,
    })
}

/// `GET /event/{id}/`.
pub(super) fn one(events: &[Event], id: &str, key: &str, quirks: &Quirks, now: DateTime<Utc>) -> Answer {
    let Some(event) = events.iter().find(|event| event.id == id) else { return Answer::not_found() };
    let mut event = serde_json::to_value(event).unwrap_or_default();
    show(&mut event, key, quirks, now);
    Answer::ok(event)
}

/// Removes fields that the key may not see, and formats the dates.
fn show(event: &mut Value, key: &str, quirks: &Quirks, now: DateTime<Utc>) {
    let is_old = date_of(event, "date_updated").is_none_or(|date| now - date > SHOWN_TO_ALL);
    let Some(event) = event.as_object_mut() else { return };
    if is_old && quirks.without_rights.contains(key) {
        event.remove("data");
        event.remove("previous_data");
    }
    if !quirks.naive_dates {
        for date in ["date_created", "date_updated"] {
            let zoned = event.get(date).and_then(Value::as_str).map(|naive| format!("{naive}+00:00"));
            event.insert(date.to_owned(), zoned.into());
        }
    }
}

type Position = (DateTime<Utc>, String);

fn read_cursor(text: &str, quirks: &Quirks, now: DateTime<Utc>) -> Option<Position> {
    let [issued, date, id]: [&str; 3] = text.split('|').collect::<Vec<_>>().try_into().ok()?;
    let issued = DateTime::from_timestamp_millis(issued.parse().ok()?)?;
    let alive = now - issued <= quirks.event_cursor_life;
    alive.then_some((moment(date)?, id.to_owned()))
}
