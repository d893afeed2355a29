//! One POST to a callback URL, and its result.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::Full;
use serde_json::value::RawValue;
use shared::callbacks::health::State;
use shared::callbacks::notification;
use shared::events::log::AttemptRecord;
use shared::events::message::QueuedDelivery;
use tokio::time::Instant;

use crate::callback::{Answer, CallbackClient, ClientError};
use crate::decide::retry_after;
use crate::plan::Recipient;

/// Who is calling, to the receiver.
const AGENT: &str = concat!("closeio-events/", env!("CARGO_PKG_VERSION"));

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptResult {
    /// The receiver answered 2xx.
    Accepted {
        /// The status code.
        status: u16,
    },
    /// The receiver answered anything else; a redirect is not followed.
    Rejected {
        /// The status code.
        status: u16,
        /// How long its `Retry-After` asks to wait.
        retry_after: Option<Duration>,
        /// The beginning of its body.
        excerpt: String,
    },
    /// There was no answer.
    Unanswered(ClientError),
}

impl AttemptResult {
    /// What went wrong, if something did.
    pub fn error(&self) -> Option<String> {
        match self {
            Self::Accepted { .. } => None,
            Self::Rejected { status, .. } => Some(format!("the receiver answered {status}")),
            Self::Unanswered(error) => Some(error.to_string()),
        }
    }

    /// False if a fault of ours kept it from being made.
    pub(crate) fn was_made(&self) -> bool {
        !matches!(self, Self::Unanswered(ClientError::OwnFault(_)))
    }

    fn status_code(&self) -> Option<u16> {
        match self {
            Self::Accepted { status } | Self::Rejected { status, .. } => Some(*status),
            Self::Unanswered(_) => None,
        }
    }
}

/// An attempt about to be made.
pub(crate) struct Attempt<'a> {
    recipient: &'a Recipient,
    delivery: &'a QueuedDelivery<'a>,
    raw: &'a RawValue,
    began_at: DateTime<Utc>,
}

impl<'a> Attempt<'a> {
    /// An attempt that begins now.
    pub(crate) fn new(
        recipient: &'a Recipient,
        delivery: &'a QueuedDelivery<'a>,
        raw: &'a RawValue,
        began_at: DateTime<Utc>,
    ) -> Self {
        Self { recipient, delivery, raw, began_at }
    }

    /// Makes it, and says how long it took.
    pub(crate) async fn make(&self, client: &CallbackClient) -> (AttemptResult, Duration) {
        let began = Instant::now();
        let result = match self.request() {
            Ok(request) => self.result(client.send(request).await),
            Err(reason) => AttemptResult::Unanswered(ClientError::Refused(reason)),
        };
        (result, began.elapsed())
    }

    /// The attempt as the delivery log keeps it.
    pub(crate) fn record(&self, result: &AttemptResult, duration: Duration) -> AttemptRecord {
        let excerpt = match result {
            AttemptResult::Rejected { excerpt, .. } if !excerpt.is_empty() => Some(excerpt.clone()),
            AttemptResult::Rejected { .. }
            | AttemptResult::Accepted { .. }
            | AttemptResult::Unanswered(_) => None,
        };
        AttemptRecord {
            round: self.delivery.round,
            attempt: self.delivery.attempt,
            at: self.began_at,
            duration_ms: u64::try_from(duration.as_millis()).ok(),
            status_code: result.status_code(),
            error: result.error(),
            excerpt,
            probe: self.recipient.health.state() == Some(State::Open),
        }
    }

    /// The callback as it goes out. Headers of our own come last, so that no setting replaces them.
    fn request(&self) -> Result<Request<Full<Bytes>>, String> {
        let instance = &self.recipient.instance;
        let events = &instance.events;
        let id = self.delivery.event_id.as_str();
        let body = notification::body(&instance.instance, self.delivery, self.raw);
        let mut headers: HeaderMap = events.headers.as_map().clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let signatures = events.signing.headers(id, self.began_at, &body);
        for (name, value) in signatures.into_iter().chain([("elements-webhook-id", id.to_owned())]) {
            headers.insert(name, value.parse().map_err(|_| "its headers cannot be sent")?);
        }
        if let Some(basic) = &events.basic {
            let pair = format!("{}:{}", basic.username, basic.password.expose());
            let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
            headers.insert(AUTHORIZATION, value.map_err(|_| "its headers cannot be sent")?);
        }
        let mut request = Request::post(self.recipient.url.as_url().as_str())
            .body(Full::new(body.into()))
            .map_err(|_| "it is not a URL that HTTP can carry")?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn result(&self, answer: Result<Answer, ClientError>) -> AttemptResult {
        match answer {
            Ok(answer) if answer.status.is_success() => {
                AttemptResult::Accepted { status: answer.status.as_u16() }
            }
            Ok(Answer { status, headers, excerpt }) => {
                let asked = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let retry_after = asked.and_then(|value| retry_after(value, self.began_at));
                AttemptResult::Rejected { status: status.as_u16(), retry_after, excerpt }
            }
            Err(error) => AttemptResult::Unanswered(error),
        }
    }
}
