//! A provisioned instance, as its owner and Close see it.

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use crate::client::{Answer, Client};

/// An instance and the way to it.
#[derive(Debug, Clone)]
pub struct Instance {
    /// The answer of `POST /instances`.
    pub answer: Value,
    client: Client,
}

impl Instance {
    pub(super) fn new(answer: Value, client: Client) -> Self {
        Self { answer, client }
    }

    /// Its id.
    ///
    /// # Panics
    /// When the answer has none.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.answer["id"].as_u64().unwrap_or_else(|| panic!("no id in {}", self.answer))
    }

    /// Where Close sends its webhooks.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        self.answer["webhookUrl"].as_str().unwrap_or_default().to_owned()
    }

    /// Sends a webhook to it, unsigned.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn receives(&self, webhook: impl Into<Bytes>) -> Answer {
        let headers = [("content-type", "application/json")];
        let answer = self.client.send(Method::POST, &self.webhook_url(), &headers, webhook).await;
        answer.unwrap_or_else(|error| panic!("{}: {error}", self.webhook_url()))
    }
}
