//! Close's API, as far as provisioning needs it: whose key it is, and the subscription that sends webhooks here
//! (Close API documentation, "Webhook subscriptions"; trailing slashes are required).

mod http;

use axum::http::{Method, StatusCode};
use close::object_types::Subscribed;
use serde::Deserialize;
use serde_json::json;
use shared::instances::{Configuration, key};
use shared::platform::api_error::ApiError;
use shared::platform::secret::Secret;

/// One account at Close: where its API is, and the key to it.
#[derive(Debug, Clone)]
pub(crate) struct CloseApi {
    base: String,
    key: Secret,
}

/// A subscription as the answer to its creation has it: the one time that Close shows the key.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Subscription {
    /// Its id (`whsub_…`).
    pub(crate) id: String,
    /// 64 hexadecimal digits.
    pub(crate) signature_key: String,
}

/// Why Close did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CloseError {
    /// It said no.
    #[error("Close answered {status}")]
    Refused {
        /// Its status code.
        status: StatusCode,
        /// What it said.
        message: String,
    },
    /// It did not answer in time, or not what its documentation says.
    #[error("Close could not be asked: {0}")]
    Unavailable(String),
}

impl CloseApi {
    /// The account of an instance with these settings.
    pub(crate) fn of(configuration: &Configuration) -> Self {
        let of = |key: &str| configuration.get(key).unwrap_or_default();
        Self::new(of(key::BASE_URL), of(key::USERNAME))
    }

    /// The account behind `base` (an allowed URL, with or without a slash at the end) and an API key.
    fn new(base: &str, key: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), key: Secret::new(key) }
    }

    /// Asks who the key belongs to, to learn whether it holds.
    pub(crate) async fn check_key(&self) -> Result<(), CloseError> {
        self.call(Method::GET, "/me/", None).await.map(drop)
    }

    /// Subscribes `url` to events, all with one subscription, since an organisation has 40.
    pub(crate) async fn subscribe(
        &self,
        url: &str,
        events: &[Subscribed],
    ) -> Result<Subscription, CloseError> {
        let body = json!({ "url": url, "events": events, "verify_ssl": true });
        let answer = self.call(Method::POST, "/webhook/", Some(body.to_string())).await?;
        let unreadable = |_| CloseError::Unavailable("it answered without id and signature_key".to_owned());
        serde_json::from_slice(&answer).map_err(unreadable)
    }

    /// Has a subscription send these events from now on. One that is gone is left to the check of subscriptions.
    pub(crate) async fn change_events(&self, id: &str, events: &[Subscribed]) -> Result<(), CloseError> {
        let Some(path) = one(id) else { return Ok(()) };
        match self.call(Method::PUT, &path, Some(json!({ "events": events }).to_string())).await {
            Err(CloseError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    /// Ends a subscription. One that is gone already is as good; so is one that the key may no longer touch.
    pub(crate) async fn unsubscribe(&self, id: &str) -> Result<(), CloseError> {
        let Some(path) = one(id) else { return Ok(()) };
        match self.call(Method::DELETE, &path, None).await {
            Err(CloseError::Refused { status, .. })
                if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND]
                    .contains(&status) =>
            {
                tracing::warn!(subscription = id, %status, "a subscription could not be ended at Close");
                Ok(())
            }
            outcome => outcome.map(drop),
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<String>) -> Result<Vec<u8>, CloseError> {
        let answer = http::send(method, &format!("{}{path}", self.base), &self.key, body).await?;
        match answer.status {
            status if status.is_success() => Ok(answer.body),
            status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                Err(CloseError::Refused { status, message: said(&answer.body) })
            }
            status => Err(CloseError::Unavailable(format!("it answered {status}"))),
        }
    }
}

/// The path of a subscription; its id comes from Close, and is looked at before it goes into one.
fn one(id: &str) -> Option<String> {
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_id.then(|| format!("/webhook/{id}/"))
}

/// What Close says in an error: the text of `error` or `errors`, or the beginning of whatever it sent.
fn said(body: &[u8]) -> String {
    const MOST: usize = 500;
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = match (&json["error"], &json["errors"]) {
        (serde_json::Value::String(error), _) => error.clone(),
        (_, serde_json::Value::Array(errors)) if errors.iter().any(serde_json::Value::is_string) => {
            errors.iter().filter_map(|error| error.as_str()).collect::<Vec<_>>().join(" ")
        }
        _ => String::from_utf8_lossy(body).into_owned(),
    };
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MOST)
        .collect::<String>()
        .trim()
        .to_owned()
}

impl From<CloseError> for ApiError {
    /// 400 with Close's own words when it refused, 502 when it could not be asked.
    fn from(error: CloseError) -> Self {
        match error {
            CloseError::Refused { status: StatusCode::UNAUTHORIZED, message } => {
                let text = "Close refused the API key in configuration.username.";
                Self::new(StatusCode::BAD_REQUEST, text).with_provider_message(message)
            }
            CloseError::Refused { status, message } => {
                Self::new(StatusCode::BAD_REQUEST, format!("Close refused with {}.", status.as_u16()))
                    .with_provider_message(message)
            }
            CloseError::Unavailable(reason) => {
                Self::new(StatusCode::BAD_GATEWAY, "Close could not be asked; try again.")
                    .with_provider_message(reason)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_own_words_are_found_in_its_errors() {
        let rows = [
            (r#"{"error": "Not authorized."}"#, "Not authorized."),
            (r#"{"errors":["Source lead does not exist.","x"]}"#, "Source lead does not exist. x"),
            (
                r#"{"errors": [], "field-errors": {"url": "no"}}"#,
                r#"{"errors": [], "field-errors": {"url": "no"}}"#,
            ),
            ("<html>\n</html>", "<html> </html>"),
            ("", ""),
        ];
        for (body, text) in rows {
            assert_eq!(said(body.as_bytes()), text);
        }
        assert_eq!(said("é".repeat(1000).as_bytes()).chars().count(), 500);
    }
}
