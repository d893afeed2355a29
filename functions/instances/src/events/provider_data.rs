//! What Close sent, for events that are shown.

use std::collections::HashMap;

use serde_json::json;
use shared::events::bodies::DynamoPayloadStore;
use shared::events::body::{Body, Deflated};
use shared::events::id::EventId;
use shared::events::log::LogEntry;
use shared::platform::aws::InternalError;

/// The largest event shown: Lambda answers with 6 MB, and a raw event is JSON in JSON.
const LARGEST: usize = 2 * 1024 * 1024;
/// The largest event shown in a list.
const LARGEST_OF_MANY: usize = 256 * 1024;

/// The bytes that an event's body takes in a list.
pub(crate) fn shown_bytes(entry: &LogEntry) -> usize {
    let bytes = entry.body_length();
    if bytes > LARGEST_OF_MANY { 0 } else { bytes }
}

pub(crate) async fn of_one(payloads: &DynamoPayloadStore, entry: &LogEntry) -> Result<String, InternalError> {
    if entry.body_length() > LARGEST {
        return Ok(too_large(entry.body_length()));
    }
    Ok(match entry.body() {
        Some(Body::Stored(stored)) => text(payloads.get(&entry.event_id, &stored).await?.as_ref()),
        Some(Body::Deflated(deflated)) => text(Some(&deflated)),
        Some(Body::Raw(raw)) => raw.get().to_owned(),
        None => text(None),
    })
}

/// What Close sent for several events.
pub(crate) async fn of_many(
    payloads: &DynamoPayloadStore,
    entries: &[LogEntry],
) -> Result<HashMap<EventId, String>, InternalError> {
    let stored = entries
        .iter()
        .filter(|entry| entry.body_length() <= LARGEST_OF_MANY)
        .filter_map(|entry| entry.stored.as_ref().map(|stored| (entry.event_id.clone(), stored.clone())));
    let found = payloads.get_all(&stored.collect::<Vec<_>>()).await?;
    let shown = entries.iter().map(|entry| {
        let data = match entry.body() {
            _ if entry.body_length() > LARGEST_OF_MANY => too_large(entry.body_length()),
            Some(Body::Deflated(deflated)) => text(Some(&deflated)),
            Some(Body::Stored(_) | Body::Raw(_)) | None => text(found.get(&entry.event_id)),
        };
        (entry.event_id.clone(), data)
    });
    Ok(shown.collect())
}

fn text(deflated: Option<&Deflated>) -> String {
    let text = deflated.and_then(|deflated| deflated.inflate().ok());
    text.map_or_else(|| omitted("it is no longer stored"), |text| text.get().to_owned())
}

fn too_large(bytes: usize) -> String {
    omitted(&format!("{bytes} bytes: too large for this answer"))
}

/// The placeholder for a raw event that is not shown; it is JSON text too, since clients parse it.
fn omitted(why: &str) -> String {
    json!({ "omitted": why }).to_string()
}
