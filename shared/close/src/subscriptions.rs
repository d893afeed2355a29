//! Webhook subscriptions at Close (Close API documentation, "Webhook subscriptions").

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::object_types::Subscribed;
use crate::{Answer, CloseAccount, CloseError};

const PATH: &str = "webhook/";

/// A subscription as Close shows it. The key is shown once, in the answer to its creation.
#[derive(Debug, Clone, Deserialize)]
pub struct Subscription {
    /// `whsub_…`
    pub id: String,
    /// The URL that it sends to.
    pub url: String,
    /// `active` or `paused`.
    pub status: String,
    /// What it sends.
    #[serde(default)]
    pub events: Vec<Subscribed>,
    /// The possible words are undocumented: they are only shown.
    #[serde(default)]
    pub pause_reason: Option<String>,
    /// The last failure, in Close's words.
    #[serde(default)]
    pub latest_error: Option<String>,
}

/// A new subscription.
#[derive(Deserialize)]
pub struct NewSubscription {
    /// `whsub_…`
    pub id: String,
    signature_key: String,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Subscription>,
}

impl Subscription {
    /// True if Close sends to `url` and the subscription is not paused.
    pub fn sends_to(&self, url: &str) -> bool {
        self.status == "active" && self.url == url
    }

    /// True if it is subscribed to exactly these events.
    pub fn is_of(&self, events: &[Subscribed]) -> bool {
        self.events.len() == events.len() && events.iter().all(|event| self.events.contains(event))
    }

    /// What is wrong with it, for its owner.
    pub fn complaint(&self) -> String {
        let reasons = [&self.pause_reason, &self.latest_error].into_iter().flatten();
        let reasons: Vec<&str> = reasons.map(String::as_str).collect();
        let reasons =
            if reasons.is_empty() { "Close gives no reason".to_owned() } else { reasons.join("; ") };
        format!("the subscription at Close was found {}: {reasons}", self.status)
    }
}

impl NewSubscription {
    /// The secret key that signs its webhooks.
    pub fn signature_key(&self) -> &str {
        &self.signature_key
    }
}

impl CloseAccount {
    /// A subscription of this account; `None` when Close does not have it.
    pub async fn subscription(&self, id: &str) -> Result<Option<Subscription>, CloseError> {
        match self.get(&one(id), &[]).await {
            Ok(answer) => read(&answer).map(Some),
            Err(CloseError::Invalid { status: 404 | 410, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The ids of the subscriptions that send to `url`.
    pub async fn subscriptions_to(&self, url: &str) -> Result<Vec<String>, CloseError> {
        let list: List = read(&self.get(PATH, &[]).await?)?;
        Ok(list.data.into_iter().filter(|it| it.url == url).map(|it| it.id).collect())
    }

    /// Makes a subscription active, sending these events to `url`. It keeps its key.
    pub async fn activate(&self, id: &str, url: &str, events: &[Subscribed]) -> Result<(), CloseError> {
        let body = json!({ "status": "active", "url": url, "events": events });
        self.put(&one(id), body.to_string()).await.map(drop)
    }

    /// Asks whose the key is, to find out if Close accepts it.
    pub async fn check_key(&self) -> Result<(), CloseError> {
        self.get("me/", &[]).await.map(drop)
    }

    /// Changes the events of a subscription. A missing one is left to the check of subscriptions.
    pub async fn change_events(&self, id: &str, events: &[Subscribed]) -> Result<(), CloseError> {
        match self.put(&one(id), json!({ "events": events }).to_string()).await {
            Ok(_) | Err(CloseError::Invalid { status: 404, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Creates a subscription.
    pub async fn subscribe(&self, url: &str, events: &[Subscribed]) -> Result<NewSubscription, CloseError> {
        let body = json!({ "url": url, "events": events, "verify_ssl": true });
        read(&self.post(PATH, body.to_string()).await?)
    }

    /// Deletes a subscription, if it still exists.
    pub async fn unsubscribe(&self, id: &str) -> Result<(), CloseError> {
        match self.delete(&one(id)).await {
            Ok(_) | Err(CloseError::Invalid { status: 404 | 410, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The path of a subscription; its id, which came from Close, is escaped.
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
