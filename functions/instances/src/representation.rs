//! An instance as the platform shows it.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use serde::Serialize;
use serde_json::Value;
use shared::callbacks::notification::{ELEMENT_KEY, HUB_KEY};
use shared::events::timestamp;
use shared::instances::InstanceId;
use shared::instances::{Instance, key};
use shared::platform::secret::{MASK, Secret};
use shared::subscriptions::Status;

use crate::callback_health::CallbackHealth;
use crate::condition::{Condition, Last, Mishap};
use crate::polling::Polling;
use crate::subscription;

/// The body of an answer that shows an instance: the fields of the old platform's answer, then ours.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the platform's answer has them")]
pub(crate) struct Representation {
    id: u64,
    name: String,
    token: String,
    element: Element,
    provision_interactions: [Value; 0],
    valid: bool,
    disabled: bool,
    max_cache_size: u32,
    cache_time_to_live: u32,
    configuration: BTreeMap<String, Option<String>>,
    events_enabled: bool,
    caching_enabled: bool,
    tags: Vec<String>,
    user: User,
    created_date: String,
    /// Ours: what to hand to Close.
    webhook_url: String,
    /// Ours: how the subscription is doing that this system made at Close; `manual` when it is the user's to make.
    subscription_state: SubscriptionState,
    /// Ours: what is wrong with the callback, where something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    callback: Option<CallbackHealth>,
    /// Ours: how polling goes, for an instance that is polled.
    #[serde(skip_serializing_if = "Option::is_none")]
    polling_state: Option<Polling>,
    /// Ours: when it went well last, by what there is to go well.
    last_success: Last<String>,
    /// Ours: and what went wrong last.
    last_error: Last<Mishap>,
}

/// The word for a subscription at Close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum SubscriptionState {
    Managed(Status),
    Manual(Manual),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Manual {
    Manual,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the platform's answer has them")]
struct Element {
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

#[derive(Debug, Serialize)]
struct Authentication {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct User {
    id: u64,
}

/// The element that every instance here is of; its id and name are the platform's.
const ELEMENT: Element = Element {
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

impl Representation {
    /// A new instance, with its token: this is the one time when that is known.
    pub(crate) fn of_new(instance: &Instance, token: &Secret, base_url: &str) -> Self {
        let token = token.expose().to_owned();
        Self { token, ..Self::of(instance, &Condition::default(), base_url) }
    }

    /// An instance, with how it is doing.
    pub(crate) fn of(instance: &Instance, condition: &Condition, base_url: &str) -> Self {
        let masked = instance.configuration.masked();
        let own = |(key, value): (&str, Option<&str>)| (key.to_owned(), value.map(str::to_owned));
        let enabled = instance.configuration.get(key::ENABLED);
        Self {
            id: instance.id.get(),
            name: instance.name.clone(),
            token: MASK.to_owned(),
            element: ELEMENT,
            provision_interactions: [],
            valid: true,
            disabled: instance.disabled,
            max_cache_size: 0,
            cache_time_to_live: 0,
            configuration: masked.into_iter().map(own).collect(),
            events_enabled: enabled.is_some_and(|value| value.eq_ignore_ascii_case("true")),
            caching_enabled: false,
            tags: instance.tags.clone(),
            user: User { id: instance.account.user_id },
            created_date: timestamp(instance.created_at),
            webhook_url: webhook_url(instance.id, base_url),
            subscription_state: if subscription::is_automatic(&instance.configuration) {
                let found = condition.check.as_ref().map(|check| check.findings.status);
                SubscriptionState::Managed(found.unwrap_or_default())
            } else {
                SubscriptionState::Manual(Manual::Manual)
            },
            callback: CallbackHealth::of(&condition.callback),
            polling_state: condition.polling.as_ref().map(Polling::of),
            last_success: condition.last_success(),
            last_error: condition.last_error(),
        }
    }
}

/// Where Close sends the webhooks of an instance.
pub(crate) fn webhook_url(id: InstanceId, base_url: &str) -> String {
    format!("{base_url}/elements/api-v2/events/{ELEMENT_KEY}/{}", id.encode())
}

/// Where this system is: see [`PublicHost`](crate::public_host::PublicHost).
pub(crate) fn base_url(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = text("x-forwarded-proto").unwrap_or("https");
    format!("{scheme}://{}", text(header::HOST.as_str()).unwrap_or("localhost"))
}
