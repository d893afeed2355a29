//! How a callback proves where it comes from.
//!
//! Every keyed callback carries the platform's `Elements-Webhook-Signature`: it covers the body alone. A key
//! that is a Standard Webhooks secret (`whsec_…`) also gets that scheme's three headers, whose signature covers
//! id and time as well (Standard Webhooks specification 1.0.0, "Signature scheme").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::secret::Secret;

/// The platform's length of a text field.
const MAX_CHARS: usize = 128;
/// What a Standard Webhooks secret begins with.
const STANDARD_PREFIX: &str = "whsec_";
/// Its length in bytes, by that specification.
const STANDARD_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The key of an instance's callbacks (`event.notification.signature.key`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey(Secret);

/// A text that cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSigningKey {
    /// It is too long for the platform, or has control characters.
    #[error("is not a printable text of at most {MAX_CHARS} characters")]
    NotAKey,
    /// It begins like a Standard Webhooks secret and is none.
    #[error("begins with whsec_, which base64 of 24 to 64 bytes must follow")]
    NotAStandardSecret,
}

impl SigningKey {
    /// Checks the text of a key.
    ///
    /// # Errors
    /// When the platform would not take it, or it is a broken `whsec_` secret.
    pub fn parse(text: &str) -> Result<Self, InvalidSigningKey> {
        if text.chars().count() > MAX_CHARS || text.chars().any(char::is_control) {
            return Err(InvalidSigningKey::NotAKey);
        }
        let key = Self(Secret::new(text));
        match key.standard_bytes() {
            Some(bytes) if !STANDARD_BYTES.contains(&bytes.len()) => {
                Err(InvalidSigningKey::NotAStandardSecret)
            }
            _ => Ok(key),
        }
    }

    /// The headers that sign `body` as the callback `id`, sent at `now`.
    ///
    /// The Standard Webhooks header has room for the signature by a `previous` key too; the platform's has not.
    #[must_use]
    pub fn headers(
        &self,
        id: &str,
        now: DateTime<Utc>,
        body: &str,
        previous: Option<&Self>,
    ) -> Vec<(&'static str, String)> {
        let signature = base64_mac(self.0.expose().as_bytes(), &[body]);
        let mut headers = vec![("elements-webhook-signature", format!("sha256={signature}"))];
        if let Some(secret) = self.standard_bytes() {
            let timestamp = now.timestamp().to_string();
            let previous = previous.and_then(Self::standard_bytes);
            let signatures = std::iter::once(secret)
                .chain(previous)
                .map(|secret| format!("v1,{}", base64_mac(&secret, &[id, ".", &timestamp, ".", body])));
            let signatures: Vec<_> = signatures.collect();
            headers.push(("webhook-id", id.to_owned()));
            headers.push(("webhook-timestamp", timestamp));
            headers.push(("webhook-signature", signatures.join(" ")));
        }
        headers
    }

    /// The bytes of a Standard Webhooks secret; empty when what follows the prefix is not base64.
    fn standard_bytes(&self) -> Option<Vec<u8>> {
        let encoded = self.0.expose().strip_prefix(STANDARD_PREFIX)?;
        Some(STANDARD.decode(encoded).unwrap_or_default())
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn base64_mac(key: &[u8], parts: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_known_answer_comes_out() {
        let key = SigningKey::parse("MySecretEventSignatureKey").unwrap();
        let body = "<INSERT_EVENT_NOTIFICATION_RESPONSE_BODY>";
        let headers = key.headers("id", DateTime::UNIX_EPOCH, body, None);
        let expected = "sha256=jHdbRx5EZAsOfTwAPJOGkNUzQMVVdu5VJlxcsk+G6jQ=".to_owned();
        assert_eq!(headers, [("elements-webhook-signature", expected)]);
    }

    #[test]
    fn the_standard_webhooks_known_answer_comes_out() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let headers = key.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, r#"{"test": 2432232314}"#, None);
        assert_eq!(
            headers[1..],
            [
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned()),
                ("webhook-timestamp", "1614265330".to_owned()),
                ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned()),
            ]
        );
    }

    #[test]
    fn what_cannot_be_a_key_is_refused() {
        use InvalidSigningKey::{NotAKey, NotAStandardSecret};
        let rows = [
            ("k".repeat(129), NotAKey),
            ("a\u{7}".to_owned(), NotAKey),
            ("whsec_".to_owned(), NotAStandardSecret),
            ("whsec_%".to_owned(), NotAStandardSecret),
            (format!("whsec_{}", STANDARD.encode([1; 23])), NotAStandardSecret),
            (format!("whsec_{}", STANDARD.encode([1; 65])), NotAStandardSecret),
        ];
        for (text, error) in rows {
            assert_eq!(SigningKey::parse(&text), Err(error), "{text}");
        }
        assert!(SigningKey::parse(&"k".repeat(128)).is_ok());
    }
}
