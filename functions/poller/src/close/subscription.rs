//! Webhook subscriptions at Close (Close API documentation, "Webhook subscriptions").

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use shared::close::subscription::Subscribed;
use shared::secret::Secret;

use super::client::{Account, Answer};
use super::{CloseError, RateLimit};

const PATH: &str = "webhook/";

/// A subscription as Close shows it. The key is shown once, in the answer to its creation.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) url: String,
    /// `active` or `paused`.
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) events: Vec<Subscribed>,
    /// The words that these may be are undocumented: they are shown and not understood.
    #[serde(default)]
    pub(crate) pause_reason: Option<String>,
    #[serde(default)]
    pub(crate) latest_error: Option<String>,
}

/// A new subscription.
#[derive(Deserialize)]
pub(crate) struct NewSubscription {
    pub(crate) id: String,
    signature_key: String,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Subscription>,
}

impl Subscription {
    /// Whether Close sends what happens to `url`.
    pub(crate) fn sends_to(&self, url: &str) -> bool {
        self.status == "active" && self.url == url
    }

    /// Whether it is subscribed to these events and no others.
    pub(crate) fn is_of(&self, events: &[Subscribed]) -> bool {
        self.events.len() == events.len() && events.iter().all(|event| self.events.contains(event))
    }

    /// What is wrong with it, for its owner.
    pub(crate) fn complaint(&self) -> String {
        let reasons = [&self.pause_reason, &self.latest_error].into_iter().flatten();
        let reasons: Vec<&str> = reasons.map(String::as_str).collect();
        let reasons =
            if reasons.is_empty() { "Close gives no reason".to_owned() } else { reasons.join("; ") };
        format!("the subscription at Close was found {}: {reasons}", self.status)
    }
}

impl NewSubscription {
    pub(crate) fn signature_key(&self) -> Secret {
        Secret::new(self.signature_key.clone())
    }
}

impl Account {
    /// A subscription of this account; `None` when Close does not have it.
    pub(crate) async fn subscription(&self, id: &str) -> Result<Option<Subscription>, CloseError> {
        match self.get(&one(id), &[]).await {
            Ok(answer) => read(&answer).map(Some),
            Err(CloseError::Invalid { status: 404 | 410, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The ids of the subscriptions that send to `url`.
    pub(crate) async fn subscriptions_to(&self, url: &str) -> Result<Vec<String>, CloseError> {
        let list: List = read(&self.get(PATH, &[]).await?)?;
        Ok(list.data.into_iter().filter(|it| it.url == url).map(|it| it.id).collect())
    }

    /// Has a subscription send these events to `url`. An active one stays so; a paused one keeps its key.
    pub(crate) async fn activate(
        &self,
        id: &str,
        url: &str,
        events: &[Subscribed],
    ) -> Result<(), CloseError> {
        let body = json!({ "status": "active", "url": url, "events": events });
        self.put(&one(id), body.to_string()).await.map(drop)
    }

    /// Makes a subscription.
    pub(crate) async fn subscribe(
        &self,
        url: &str,
        events: &[Subscribed],
    ) -> Result<NewSubscription, CloseError> {
        let body = json!({ "url": url, "events": events, "verify_ssl": true });
        read(&self.post(PATH, body.to_string()).await?)
    }

    /// Ends a subscription; one that is gone is as good.
    pub(crate) async fn unsubscribe(&self, id: &str) -> Result<(), CloseError> {
        match self.delete(&one(id)).await {
            Ok(_) | Err(CloseError::Invalid { status: 404 | 410, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// How long nothing more may be asked, when an answer used up the limit.
pub(crate) fn exhausted(limit: Option<RateLimit>) -> Option<CloseError> {
    limit.filter(|limit| limit.remaining == 0).map(|limit| CloseError::RateLimited { wait: limit.reset })
}

/// The id goes into a path, and came from Close.
fn one(id: &str) -> String {
    let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    format!("{PATH}{id}/")
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, CloseError> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        CloseError::Unavailable(format!("the answer is not about subscriptions ({place})"))
    })
}
