//! The only element, as the platform's catalogue shows it.

use axum::extract::{RawPathParams, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use shared::callbacks::notification::{ELEMENT_KEY, HUB_KEY};
use shared::platform::api_error::ApiError;
use shared::polling::resource::{Resource, Source};

use super::SETTINGS;
use crate::answer::Failure;

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the platform's answer has them")]
pub(crate) struct Element {
    id: u32,
    name: &'static str,
    key: &'static str,
    description: &'static str,
    image: &'static str,
    active: bool,
    deleted: bool,
    type_oauth: bool,
    trial_account: bool,
    transformations_enabled: bool,
    authentication: Authentication,
    hub: &'static str,
    parameters: [Value; 0],
}

#[derive(Debug, Clone, Serialize)]
struct Authentication {
    #[serde(rename = "type")]
    kind: &'static str,
}

/// The element of every instance; its id and name are the platform's.
pub(crate) const ELEMENT: Element = Element {
    id: 146,
    name: "Close.io Beta",
    key: ELEMENT_KEY,
    description: "Events of a Close (formerly Close.io) account.",
    image: "https://www.close.com/favicon.ico",
    active: true,
    deleted: false,
    type_oauth: false,
    trial_account: false,
    transformations_enabled: true,
    authentication: Authentication { kind: "basic" },
    hub: HUB_KEY,
    parameters: [],
};

/// The body of `GET /elements/{element}`.
#[derive(Debug, Serialize)]
pub(crate) struct ElementWithSettings {
    #[serde(flatten)]
    element: Element,
    configuration: Vec<ElementSetting>,
}

/// A setting that an instance of the element may have.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ElementSetting {
    id: u32,
    key: &'static str,
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    default_value: Option<&'static str>,
    required: bool,
    active: bool,
    element_id: u32,
}

const CHANGES: &[&str] = &["CREATED", "UPDATED"];
const CHANGES_AND_DELETIONS: &[&str] = &["CREATED", "UPDATED", "DELETED"];

/// The objects that webhooks are about, by the platform's names.
const BY_WEBHOOK: [&str; 5] = ["accounts", "activities", "contacts", "opportunities", "tasks"];

pub(crate) fn with_settings() -> ElementWithSettings {
    ElementWithSettings { element: ELEMENT, configuration: settings() }
}

/// The body of `GET /elements/{element}/metadata`.
pub(crate) fn metadata() -> Value {
    let kinds = |name: &str, event_types| (name.to_owned(), json!({ "eventTypes": event_types }));
    let polled = |name: &str| {
        let source = Resource::named(name).map(Resource::source);
        let deletions =
            !matches!(source, Some(Source::Search { .. } | Source::List(_) | Source::WholeList { .. }));
        kinds(name, if deletions { CHANGES_AND_DELETIONS } else { CHANGES })
    };
    let Element { id, key, name, description, hub, active, .. } = ELEMENT;
    json!({
        "id": id,
        "key": key,
        "name": name,
        "description": description,
        "hub": hub,
        "active": active,
        "events": {
            "supported": true,
            "methods": ["polling", "webhook"],
            "polling": Resource::names().map(polled).collect::<Map<_, _>>(),
            "webhook": BY_WEBHOOK.map(|name| kinds(name, CHANGES_AND_DELETIONS)).into_iter().collect::<Map<_, _>>(),
        },
        "configuration": settings(),
    })
}

fn settings() -> Vec<ElementSetting> {
    let shown = |setting: &super::Setting| ElementSetting {
        id: super::number(setting.key),
        key: setting.key,
        name: setting.name,
        kind: setting.kind,
        default_value: setting.default,
        required: setting.is_required(),
        active: true,
        element_id: ELEMENT.id,
    };
    SETTINGS.iter().map(shown).collect()
}

/// True if a client means the element by this key or number.
pub(crate) fn is_meant_by(name: &str) -> bool {
    name == ELEMENT.key || name.parse() == Ok(ELEMENT.id)
}

/// Answers 404 where the path names an element that is not this one.
pub(crate) async fn check(path: RawPathParams, request: Request, next: Next) -> Response {
    let named = path.iter().find_map(|(name, value)| (name == "element").then_some(value));
    if named.is_none_or(is_meant_by) {
        return next.run(request).await;
    }
    let message = format!("There is no such element; the one here is {ELEMENT_KEY} ({}).", ELEMENT.id);
    Failure::from(ApiError::not_found(message)).into_response()
}
