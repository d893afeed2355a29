//! The payloads of webhooks: today's event, and the legacy form.

use serde::Serialize;
use serde_json::{Value, json};

/// An event of Close's event feed, as in its webhooks.
///
/// The fields are written in this order, which is not alphabetical, to expose a relay that parses and rewrites it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Stays the same when the event is consolidated.
    pub id: String,
    /// When it was first written; in UTC, without a zone.
    pub date_created: String,
    /// When it was last consolidated.
    pub date_updated: String,
    /// The organisation.
    pub organization_id: String,
    /// The user.
    pub user_id: String,
    /// The API request.
    pub request_id: String,
    /// The key of that request.
    pub api_key_id: String,
    /// Not used here.
    pub oauth_client_id: Option<String>,
    /// Not used here.
    pub oauth_scope: Option<String>,
    /// `lead`, `contact`, `activity.note`…
    pub object_type: String,
    /// The object.
    pub object_id: String,
    /// The lead that it belongs to; of a lead, itself.
    pub lead_id: Option<String>,
    /// `created`, `updated`, `deleted` or `merged`.
    pub action: String,
    /// The changed fields of an update, sorted.
    pub changed_fields: Vec<String>,
    /// The request's method and path, and the two leads of a merge.
    pub meta: Value,
    /// The object afterwards; null for a deletion.
    pub data: Option<Value>,
    /// The previous values of changed fields; of a deleted object, all of them.
    pub previous_data: Value,
}

/// One event and its legacy payload, if any.
#[derive(Debug, Clone)]
pub(super) struct Occurrence {
    pub(super) event: Event,
    pub(super) legacy: Option<Legacy>,
}

/// The payload of webhooks before 2018.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Legacy {
    model: String,
    event: &'static str,
    data: Value,
}

impl Event {
    /// The envelope for a subscription.
    pub(super) fn envelope<'a>(&'a self, subscription_id: &'a str) -> impl Serialize + 'a {
        #[derive(Serialize)]
        struct Envelope<'a> {
            subscription_id: &'a str,
            event: &'a Event,
        }
        Envelope { subscription_id, event: self }
    }
}

impl Legacy {
    /// The occurrence of `event`, when the API shows `object` now.
    ///
    /// The source of a merge has no legacy deletion: the merge says so.
    pub(super) fn of(event: &Event, object: Option<Value>) -> Option<Self> {
        let merge = event.meta.get("merge_source_lead_id");
        let (name, data) = match (event.action.as_str(), merge) {
            ("created", _) => ("create", object?),
            ("updated", _) => ("update", object?),
            ("merged", Some(source)) => {
                ("merge", json!({"source_id": source, "destination_id": event.object_id}))
            }
            ("deleted", None) => ("delete", json!({"id": event.object_id})),
            _ => return None,
        };
        let model = event.object_type.split('.').next().unwrap_or_default().to_owned();
        Some(Self { model, event: name, data })
    }
}
