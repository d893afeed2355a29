//! Sending an event to a subscriber: the body, the signature, the POST.

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use sha2::Sha256;

use super::event::Occurrence;
use super::to_bytes;

/// The status for a missing answer: the connection was refused or broken.
pub const NO_ANSWER: StatusCode = match StatusCode::from_u16(599) {
    Ok(status) => status,
    Err(_) => StatusCode::GATEWAY_TIMEOUT,
};

/// The value of `close-sig-hash`: HMAC-SHA256 over the timestamp and the body, in lower-case hexadecimal digits.
///
/// # Panics
/// Never: HMAC takes keys of any length.
#[must_use]
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
pub fn signature(key: &[u8], timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().fold(String::with_capacity(64), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The bytes of a subscription's `signature_key`.
///
/// # Panics
/// When it is not pairs of hexadecimal digits.
#[must_use]
#[expect(clippy::expect_used, reason = "the key is a literal in a test")]
pub fn signature_key(hex: &str) -> Vec<u8> {
    let digit = |digit: u8| {
        let value = char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        value.expect("a signature key has hexadecimal digits only")
    };
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    assert!(rest.is_empty(), "a signature key has an even number of digits");
    pairs.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}

/// A subscriber.
#[derive(Debug)]
pub(super) enum Subscriber {
    Signed { id: String, url: String, key: Vec<u8> },
    Legacy { url: String },
}

impl Subscriber {
    pub(super) fn accepts(&self, status: StatusCode) -> bool {
        match self {
            Self::Signed { .. } => status.is_success(),
            Self::Legacy { .. } => status == StatusCode::OK,
        }
    }
}

/// One body for one subscriber.
#[derive(Debug, Clone)]
pub(super) struct Posting {
    pub(super) subscriber: Arc<Subscriber>,
    event_id: String,
    body: Bytes,
}

impl Posting {
    /// The body for the subscriber about an occurrence, if any.
    pub(super) fn of(occurrence: &Occurrence, subscriber: &Arc<Subscriber>) -> Option<Self> {
        let body = match &**subscriber {
            Subscriber::Signed { id, .. } => to_bytes(&occurrence.event.envelope(id)),
            Subscriber::Legacy { .. } => to_bytes(occurrence.legacy.as_ref()?),
        };
        Some(Self { subscriber: Arc::clone(subscriber), event_id: occurrence.event.id.clone(), body })
    }

    /// Its event, except in a legacy payload, which is never consolidated.
    pub(super) fn event_id(&self) -> Option<&str> {
        match *self.subscriber {
            Subscriber::Signed { .. } => Some(&self.event_id),
            Subscriber::Legacy { .. } => None,
        }
    }
}

/// The client that posts.
#[derive(Debug, Clone)]
pub(super) struct Poster(Client<HttpConnector, Full<Bytes>>);

impl Poster {
    #[expect(
        clippy::disallowed_methods,
        reason = "this plays Close; the bounds of our callbacks are not its"
    )]
    pub(super) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Posts once, signed with the time `now`, and reads the answer to its end.
    #[expect(clippy::expect_used, reason = "the URL is that of a server on loopback")]
    pub(super) async fn post(&self, posting: &Posting, now: DateTime<Utc>) -> StatusCode {
        let request = match &*posting.subscriber {
            Subscriber::Legacy { url } => Request::post(url),
            Subscriber::Signed { url, key, .. } => {
                let timestamp = now.timestamp().to_string();
                Request::post(url)
                    .header("close-sig-hash", signature(key, &timestamp, &posting.body))
                    .header("close-sig-timestamp", timestamp)
            }
        };
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Full::new(posting.body.clone())).expect("a subscriber has an http URL");
        let Ok(response) = self.0.request(request).await else { return NO_ANSWER };
        let (head, body) = response.into_parts();
        body.collect().await.map_or(NO_ANSWER, |_| head.status)
    }
}
