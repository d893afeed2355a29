//! What a search is asked to show of its objects: it shows nothing else.

use super::{DATE_CREATED, DATE_UPDATED};

pub(super) const LEAD_FIELDS: &[&str] = &[
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

pub(super) const CONTACT_FIELDS: &[&str] = &[
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
