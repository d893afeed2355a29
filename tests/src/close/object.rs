//! New objects, and their paths in the API.

use serde_json::{Map, Value, json};

/// The fields of one object.
pub(super) type Fields = Map<String, Value>;

/// One object of the organisation.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) object_type: String,
    pub(super) fields: Fields,
}

/// The ids of user and organisation, the same for every object.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) organization: String,
    pub(super) user: String,
    pub(super) status: String,
}

impl Object {
    /// A new object: the fields of every object, those of its type, and the given ones.
    pub(super) fn new(object_type: &str, id: &str, now: &str, owner: &Owner, asked: &Value) -> Self {
        let user = &owner.user;
        let mut fields = into_fields(json!({
            "id": id,
            "organization_id": owner.organization,
            "created_by": user,
            "created_by_name": "Dana Meyer",
            "updated_by": user,
            "updated_by_name": "Dana Meyer",
            "date_created": now,
            "date_updated": now,
        }));
        fields.extend(into_fields(of_type(object_type, id, owner)));
        fields.extend(into_fields(asked.clone()));
        if let ("lead" | "contact", Some(name)) = (object_type, fields.get("name").cloned()) {
            fields.insert("display_name".to_owned(), name);
        }
        if object_type == "contact" {
            fields.remove("created_by_name");
            fields.remove("updated_by_name");
        }
        Self { object_type: object_type.to_owned(), fields }
    }

    /// The lead that it belongs to; of a lead, itself.
    pub(super) fn lead_id(&self) -> Option<&str> {
        let key = if self.object_type == "lead" { "id" } else { "lead_id" };
        self.fields.get(key).and_then(Value::as_str)
    }
}

fn of_type(object_type: &str, id: &str, owner: &Owner) -> Value {
    match object_type {
        "lead" => json!({
            "addresses": [], "custom": {}, "description": "", "integration_links": [], "name": "", "url": null,
            "html_url": format!("https://app.close.com/lead/{id}/"),
            "status_id": owner.status, "status_label": "Potential",
        }),
        "contact" => json!({
            "emails": [], "integration_links": [], "lead_id": null, "name": "", "phones": [],
            "timezone": null, "timezone_source": null, "title": "", "urls": [],
        }),
        "opportunity" => json!({
            "confidence": 50, "contact_id": null, "contact_name": null, "date_lost": null, "date_won": null,
            "lead_id": null, "lead_name": null, "note": "", "status_id": owner.status,
            "status_label": "Active", "status_type": "active", "user_id": owner.user,
            "user_name": "Dana Meyer", "value": 25_000, "value_currency": "USD", "value_formatted": "$250",
            "value_period": "one_time",
        }),
        _ => match object_type.split_once('.') {
            Some(("task", kind)) => json!({
                "_type": kind, "assigned_to": owner.user, "assigned_to_name": "Dana Meyer",
                "contact_id": null, "date": "2026-06-19", "due_date": "2026-06-19", "is_complete": false,
                "is_dateless": false, "lead_id": null, "text": "", "view": null,
            }),
            Some(("activity", kind)) => json!({
                "_type": capitalized(kind), "contact_id": null, "lead_id": null, "user_id": owner.user,
                "user_name": "Dana Meyer", "users": [],
            }),
            _ => json!({}),
        },
    }
}

fn capitalized(kind: &str) -> String {
    kind[..1].to_uppercase() + &kind[1..]
}

#[expect(clippy::panic, reason = "a test that gives something else than an object is wrong")]
fn into_fields(value: Value) -> Fields {
    let Value::Object(fields) = value else { panic!("{value} is no JSON object") };
    fields
}

/// The first part of its ids: `lead`, `cont`, `oppo`, `task`, `acti`.
pub(super) fn prefix(object_type: &str) -> &str {
    object_type.get(..4).unwrap_or(object_type)
}

/// The path of its collection in the API, which has one for all tasks but one for each kind of activity.
pub(super) fn collection(object_type: &str) -> String {
    match object_type.split_once('.') {
        Some(("task", _)) => "/api/v1/task/".to_owned(),
        Some(("activity", "custom_activity")) => "/api/v1/activity/custom/".to_owned(),
        Some(("activity", "email_thread")) => "/api/v1/activity/emailthread/".to_owned(),
        _ => format!("/api/v1/{}/", object_type.replace('.', "/")),
    }
}
