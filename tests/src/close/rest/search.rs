//! `POST /data/search/`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::index::{Index, hash};
use super::quirks::Quirks;
use super::{date_of, moment};

/// The open cursors, with the rest of each walk.
#[derive(Debug, Default)]
pub(in crate::close) struct Cursors {
    walks: BTreeMap<String, Walk>,
    issued: u64,
}

#[derive(Debug, Clone)]
struct Walk {
    left: Vec<String>,
    walked: usize,
    issued_at: DateTime<Utc>,
}

/// A page of a search. Without `_fields` it has only ids; ties are in no reliable order.
pub(super) fn search(
    body: &Value,
    index: &Index,
    cursors: &mut Cursors,
    quirks: &Quirks,
    now: DateTime<Utc>,
) -> Answer {
    let queries = body["query"]["queries"].as_array().cloned().unwrap_or_default();
    let Some(object_type) = queries.iter().find_map(|query| query["object_type"].as_str()) else {
        return Answer::bad_request("The query names no object type.");
    };
    let mut walk = if let Some(cursor) = body["cursor"].as_str() {
        match cursors.walks.remove(cursor) {
            Some(walk) if now - walk.issued_at <= quirks.search_cursor_life => walk,
            _ => return Answer::bad_request("Expired cursor"),
        }
    } else {
        let left = matching(&index.objects(object_type, now), &queries);
        Walk { left, walked: 0, issued_at: now }
    };
    let asked = body["_limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100);
    let size = asked.min(quirks.page_cap).min(quirks.max_walk.saturating_sub(walk.walked));
    let left = walk.left.split_off(size.min(walk.left.len()));
    let page = walk.left;
    let fields = body["_fields"][object_type].as_array();
    let data: Vec<Value> = page
        .iter()
        .filter_map(|id| index.object(id, now))
        .map(|object| shown(object, object_type, fields))
        .collect();
    let walked = walk.walked + page.len();
    let next = (!left.is_empty() && walked < quirks.max_walk).then(|| {
        cursors.issued += 1;
        let cursor = format!("cursor-{}", cursors.issued);
        cursors.walks.insert(cursor.clone(), Walk { left, walked, issued_at: now });
        cursor
    });
    Answer::ok(json!({"data": data, "cursor": next, "count": {"limited": null, "total": null}}))
}

/// The ids that match, by their last change.
fn matching(objects: &[&Value], queries: &[Value]) -> Vec<String> {
    let bound = queries.iter().find_map(|query| query["condition"]["on_or_after"]["value"].as_str());
    let bound = bound.and_then(moment);
    let mut found: Vec<_> = objects
        .iter()
        .filter(|object| bound.is_none_or(|bound| date_of(object, "date_updated") >= Some(bound)))
        .collect();
    found.sort_by_key(|object| {
        (date_of(object, "date_updated"), hash(object["id"].as_str().unwrap_or_default()))
    });
    found.iter().filter_map(|object| object["id"].as_str().map(str::to_owned)).collect()
}

fn shown(object: &Value, object_type: &str, fields: Option<&Vec<Value>>) -> Value {
    let mut shown = Map::new();
    shown.insert("__object_type".to_owned(), object_type.into());
    shown.insert("id".to_owned(), object["id"].clone());
    for field in fields.into_iter().flatten().filter_map(Value::as_str) {
        for (name, value) in object.as_object().into_iter().flatten() {
            if name == field || (field == "custom" && name.starts_with("custom.")) {
                shown.insert(name.clone(), value.clone());
            }
        }
    }
    shown.into()
}
