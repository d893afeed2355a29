//! An instance as the platform shows it.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use serde::{Serialize, Serializer};
use serde_json::Value;
use shared::callbacks::notification::ELEMENT_KEY;
use shared::events::timestamp;
use shared::instances::InstanceId;
use shared::instances::{Instance, key};
use shared::platform::secret::{MASK, Secret};
use shared::subscriptions::SubscriptionStatus;

use crate::callback_health::Callback;
use crate::catalogue::element::{ELEMENT, Element};
use crate::condition::{Condition, Last, Mishap};
use crate::polling::PollingView;

/// The body of an answer that shows an instance: the fields of the old platform's answer, then ours.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the platform's answer has them")]
pub(crate) struct Representation {
    id: u64,
    name: String,
    token: ShownToken,
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
    /// Ours: the URL to enter at Close.
    webhook_url: String,
    /// Ours: the state of the subscription that this system made at Close; `manual` if the user makes it.
    subscription_state: SubscriptionState,
    /// Ours: the health of the callback, if it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    callback: Option<Callback>,
    /// Ours: the state of polling, for an instance that is polled.
    #[serde(skip_serializing_if = "Option::is_none")]
    polling_state: Option<PollingView>,
    last_success: Last<String>,
    last_error: Last<Mishap>,
}

/// The word for a subscription at Close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum SubscriptionState {
    Managed(SubscriptionStatus),
    Manual(Manual),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Manual {
    Manual,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: u64,
    email_address: String,
    first_name: String,
    last_name: String,
}

/// The token of an instance: shown in answers, masked in logs.
#[derive(Debug)]
struct ShownToken(Option<Secret>);

impl Serialize for ShownToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_ref().map_or(MASK, Secret::expose))
    }
}

impl User {
    fn of(instance: &Instance) -> Self {
        let owner = instance.owner.clone();
        Self {
            id: instance.account.user_id,
            email_address: owner.email_address,
            first_name: owner.first_name,
            last_name: owner.last_name,
        }
    }
}

impl Representation {
    pub(crate) fn of(instance: &Instance, condition: &Condition, base_url: &str) -> Self {
        let masked = instance.configuration.masked();
        let own = |(key, value): (&str, Option<&str>)| (key.to_owned(), value.map(str::to_owned));
        Self {
            id: instance.id.get(),
            name: instance.name.clone(),
            token: ShownToken(instance.token.text.clone()),
            element: ELEMENT,
            provision_interactions: [],
            valid: true,
            disabled: instance.disabled,
            max_cache_size: 0,
            cache_time_to_live: 0,
            configuration: masked.into_iter().map(own).collect(),
            events_enabled: instance.configuration.is(key::ENABLED, "true"),
            caching_enabled: false,
            tags: instance.tags.clone(),
            user: User::of(instance),
            created_date: timestamp(instance.created_at),
            webhook_url: webhook_url(instance.id, base_url),
            subscription_state: if instance.configuration.is_automatic() {
                let found = condition.check.as_ref().map(|check| check.findings.status);
                SubscriptionState::Managed(found.unwrap_or_default())
            } else {
                SubscriptionState::Manual(Manual::Manual)
            },
            callback: Callback::of(&instance.configuration, &condition.callback),
            polling_state: condition.polling.as_ref().map(PollingView::of),
            last_success: condition.last_success(),
            last_error: condition.last_error(),
        }
    }
}

/// Where Close sends the webhooks of an instance.
pub(crate) fn webhook_url(id: InstanceId, base_url: &str) -> String {
    format!("{base_url}/elements/api-v2/events/{ELEMENT_KEY}/{}", id.encode())
}

/// The URL of this system: see [`PublicHost`](crate::public_host::PublicHost).
pub(crate) fn base_url(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = text("x-forwarded-proto").unwrap_or("https");
    format!("{scheme}://{}", text(header::HOST.as_str()).unwrap_or("localhost"))
}
